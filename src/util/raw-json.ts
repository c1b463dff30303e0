import { FNV_OFFSET, fnv1a32 } from "./fnv1a32.ts";
import { parseJson } from "./parse-json.ts";

/** A JSON value that was left as text, as it is seldom looked at, and what equal texts are known by. */
export class RawJson {
  readonly text: string;
  /** FNV-1a, 32 bits. */
  readonly hash: number;
  #parsed: ReturnType<typeof parseJson> | undefined;

  constructor(text: string) {
    this.text = text;
    this.hash = fnv1a32(FNV_OFFSET, text);
  }

  /** Parsed at the first look; undefined if the text is no JSON. */
  get value(): unknown {
    this.#parsed ??= parseJson(this.text);
    return this.#parsed.type === "json" ? this.#parsed.value : undefined;
  }
}
