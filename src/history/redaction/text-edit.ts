/** Replaces parts of a text from its beginning to its end. */
export class TextEdit {
  readonly #text: string;
  readonly #parts: string[] = [];
  /** Up to where the text is done with. */
  doneTo = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** `from` must not lie before `doneTo`. */
  replace(from: number, to: number, replacement: string): void {
    this.#parts.push(this.#text.slice(this.doneTo, from), replacement);
    this.doneTo = to;
  }

  finish(): string {
    return this.doneTo === 0 ? this.#text : this.#parts.join("") + this.#text.slice(this.doneTo);
  }
}
