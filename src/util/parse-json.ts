/** What became of a text that should be JSON. */
export type ParsedJson =
  | { readonly type: "json"; readonly value: unknown }
  /** `problem` follows a subject: `is not JSON (at position 7)`. */
  | { readonly type: "not-json"; readonly problem: string };

/** `JSON.parse` as a value, for foreign text: V8's own messages quote what they stumble over, and that may be a secret. */
export function parseJson(text: string): ParsedJson {
  try {
    return { type: "json", value: JSON.parse(text) };
  } catch (error) {
    return { type: "not-json", problem: describeSyntaxError(error) };
  }
}

/** What a SyntaxError of `JSON.parse` says without the words that it quotes. */
export function describeSyntaxError(error: unknown): string {
  const message = error instanceof SyntaxError ? error.message : "";
  if (message === "Unexpected end of JSON input") return "is not JSON (it ends too early)";
  const position = / in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  return position === undefined ? "is not JSON" : `is not JSON (at position ${position})`;
}
