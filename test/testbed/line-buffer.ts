import type { Readable } from "node:stream";

/**
 * Collects a stream's lines as they come, the newest `linesMax` of them. Splits at `\n` alone: JSON text may hold
 * U+2028, at which node:readline would split too. The last line counts even without its newline once the stream ends.
 */
export function collectLines(stream: Readable, linesMax: number): readonly string[] {
  const lines: string[] = [];
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    if (lines.length > linesMax) lines.splice(0, lines.length - linesMax);
  });
  stream.on("end", () => {
    if (rest !== "") lines.push(rest);
  });
  return lines;
}
