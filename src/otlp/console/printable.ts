/** C0 and C1 controls, DEL, line and paragraph separators, and the marks that turn the direction of text around. */
const CONTROLS =
  // oxlint-disable-next-line no-control-regex -- they are what this is about
  /[\u0000-\u001F\u007F-\u009F\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/**
 * The text with nothing left in it that steers a terminal: whoever may name an object must not move our cursor, set
 * our title, or hide what stands in the line. Line breaks and tabs become spaces, the rest visible as `\x1b`.
 */
export function printable(text: string): string {
  return text.replace(/\r\n|[\t\n\r\u2028\u2029]/g, " ").replace(CONTROLS, (control) => {
    const code = control.charCodeAt(0);
    return code <= 0xff
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
