import { FNV_OFFSET, fnv1a32 } from "./fnv1a32.ts";

/** A JSON value that was left as text, as it is seldom looked at, and what equal texts are known by. */
export class RawJson {
  readonly text: string;
  /** FNV-1a, 32 bits. */
  readonly hash: number;

  constructor(text: string) {
    this.text = text;
    this.hash = fnv1a32(FNV_OFFSET, text);
  }
}
