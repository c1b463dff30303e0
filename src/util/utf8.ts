const encoder = new TextEncoder();

/** One UTF-16 code unit takes at most so many bytes of UTF-8 (a pair of them takes four). */
const MAX_BYTES_PER_UNIT = 3;

/** How many bytes the text takes in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/**
 * The text if it fits into `maxBytes` of UTF-8, else as much of it as fits with the `mark` behind it.
 *
 * Never cuts inside a code point. Lone surrogates, which UTF-8 cannot say, become U+FFFD.
 */
export function cutUtf8(text: string, maxBytes: number, mark = "…"): string {
  const wellFormed = text.toWellFormed();
  if (fitsUtf8(wellFormed, maxBytes)) return wellFormed;
  const room = Math.max(0, maxBytes - utf8Length(mark));
  const { read } = encoder.encodeInto(wellFormed, new Uint8Array(room));
  return wellFormed.slice(0, read) + (maxBytes >= utf8Length(mark) ? mark : "");
}

/** Whether the text takes at most `maxBytes` in UTF-8; cheap for texts far from the limit, on either side. */
export function fitsUtf8(text: string, maxBytes: number): boolean {
  if (text.length * MAX_BYTES_PER_UNIT <= maxBytes) return true;
  return text.length <= maxBytes && utf8Length(text) <= maxBytes;
}
