/** How a text looks inside of others: itself, percent-encoded, in hexadecimal, and in base64, once and twice, wherever in it the text begins. */
export function encodingsOf(text: string): readonly string[] {
  const once = base64Encodings(text);
  const percent = [...Buffer.from(text)].map((byte) => `%${hex(byte)}`).join("");
  return [
    text,
    text.toUpperCase(),
    percent,
    percent.toLowerCase(),
    Buffer.from(text).toString("hex"),
    ...once,
    ...once.flatMap(base64Encodings),
  ];
}

/** The characters of base64 and base64url that depend on the text alone, for each of the three ways in which it can lie in the groups of three bytes. */
function base64Encodings(text: string): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.from(" ".repeat(offset) + text);
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor((bytes.length * 8) / 6);
    const encoded = bytes.toString("base64").slice(from, to);
    const url = bytes.toString("base64url").slice(from, to);
    return encoded === url ? [encoded] : [encoded, url];
  });
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0").toUpperCase();
}
