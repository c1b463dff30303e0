/** Remembers so many texts before it starts over. */
const TEXTS_MAX = 2_000;
/** Longer texts seldom come twice. */
const TEXT_MAX_LENGTH = 256;

/** Texts that were met before, in bounded memory (1 MiB at most) whatever the texts: those that are missing may have been. */
export class TextSet {
  readonly #texts = new Set<string>();

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    if (text.length > TEXT_MAX_LENGTH) return;
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
    this.#texts.add(text);
  }
}
