import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A place in a module, as V8 writes it: `file:///app/dist/main.js:12:34`. */
const PLACE = /(file:\/\/[^\s()]+?):(\d+):(\d+)/g;

/**
 * A stack trace of the bundle with the places in its sources: `at main (src/main.ts:40:3)`. `programUrl` is the bundle's
 * own; without a map beside it (`main.js.map`) the trace is returned as it is.
 *
 * Done by hand, for the one trace that a crash prints: `--enable-source-maps` keeps the map in memory from the start,
 * 35 MB of it.
 */
export function originalStack(stack: string, programUrl: string): string {
  const sourceMap = readSourceMap(programUrl);
  if (sourceMap === undefined) return stack;
  const root = fileURLToPath(new URL("..", programUrl));
  return stack.replaceAll(PLACE, (place, ...[url, line, column]: readonly string[]) => {
    if (url !== programUrl) return place;
    const entry = sourceMap.findEntry(Number(line) - 1, Number(column) - 1);
    if (!("originalSource" in entry)) return place;
    const source = fileURLToPath(new URL(entry.originalSource, `${programUrl}.map`));
    return `${relative(root, source)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function readSourceMap(programUrl: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${programUrl}.map`), "utf8")));
  } catch {
    return undefined;
  }
}
