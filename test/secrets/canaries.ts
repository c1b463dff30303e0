import { randomBytes } from "node:crypto";
import { encodingsOf } from "./encodings.ts";

/** A secret of 32 hexadecimal digits that was put in one place of one object, in one of its states. */
export type Canary = {
  readonly secret: string;
  /** The object, and where in it. */
  readonly object: string;
  readonly place: string;
  /** Whether a change of it is to be seen at this place of the diff. */
  readonly inDiff: boolean;
};

const HALF = 16;

/**
 * Makes secrets that are found again wherever any half of them lies. Each half begins with a tag that all of one run
 * share, so that one search per encoding finds them all.
 */
export class Canaries {
  readonly #tag = randomBytes(5).toString("hex");
  readonly #made: Canary[] = [];

  get all(): readonly Canary[] {
    return this.#made;
  }

  make(canary: Omit<Canary, "secret">): string {
    const half = (): string => this.#tag + randomBytes(3).toString("hex");
    const secret = half() + half();
    this.#made.push({ ...canary, secret });
    return secret;
  }

  /** What of them lies in the bytes, each as `object: place`; or the text around what can't be told apart. */
  findIn(haystack: Uint8Array): readonly string[] {
    const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
    const tags = encodingsOf(this.#tag).filter((encoding) => bytes.includes(encoding));
    if (tags.length === 0) return [];
    const found = this.#made.filter(({ secret }) =>
      halvesOf(secret).some((half) => encodingsOf(half).some((text) => bytes.includes(text))),
    );
    if (found.length > 0)
      return [...new Set(found.map(({ object, place }) => `${object}: ${place}`))];
    return tags.map((tag) => around(bytes, bytes.indexOf(tag)));
  }
}

function halvesOf(secret: string): readonly string[] {
  return [secret.slice(0, HALF), secret.slice(HALF)];
}

function around(bytes: Buffer, at: number): string {
  return bytes.toString("latin1", Math.max(0, at - 60), at + 60);
}
