import { SourceMap } from "node:module";
import { fieldAt } from "../src/util/json.ts";

export type FunctionTime = {
  readonly name: string;
  readonly selfMs: number;
  readonly share: number;
};

/** Where a function of the bundle comes from, `FILE:LINE`, by its line and column there (from 0); undefined if unknown. */
type Locate = (line: number, column: number) => string | undefined;

/** Looks places up in the bundle's source map; without one none is known. */
export function sourceLocator(sourceMap: string | undefined): Locate {
  if (sourceMap === undefined) return () => undefined;
  const map = new SourceMap(JSON.parse(sourceMap));
  return (line, column) => {
    const found = map.findEntry(line, column);
    return "originalSource" in found
      ? `${shortPath(found.originalSource)}:${found.originalLine + 1}`
      : undefined;
  };
}

/** The functions of a V8 CPU profile (`--cpu-prof`) that took the most time by themselves, idle time aside. */
export function topFunctions(
  profile: unknown,
  count: number,
  locate: Locate,
): readonly FunctionTime[] {
  const names = new Map<number, string>();
  for (const node of listAt(profile, "nodes"))
    names.set(Number(fieldAt(node, "id")), nameOf(fieldAt(node, "callFrame"), locate));
  const deltas = listAt(profile, "timeDeltas").map(Number);
  const selfMs = new Map<string, number>();
  for (const [index, id] of listAt(profile, "samples").entries()) {
    const name = names.get(Number(id)) ?? "(unknown)";
    selfMs.set(name, (selfMs.get(name) ?? 0) + (deltas[index] ?? 0) / 1000);
  }
  selfMs.delete("(idle)");
  const totalMs = [...selfMs.values()].reduce((sum, ms) => sum + ms, 0);
  return [...selfMs]
    .map(([name, ms]) => ({ name, selfMs: ms, share: ms / totalMs }))
    .toSorted((a, b) => b.selfMs - a.selfMs)
    .slice(0, count);
}

function nameOf(frame: unknown, locate: Locate): string {
  const name = textAt(frame, "functionName") || "(anonymous)";
  const url = textAt(frame, "url");
  if (url === "") return name;
  const line = Number(fieldAt(frame, "lineNumber"));
  const origin = url.endsWith("/dist/main.js")
    ? locate(line, Number(fieldAt(frame, "columnNumber")))
    : undefined;
  return `${name} ${origin ?? `${shortPath(url)}:${line + 1}`}`;
}

function shortPath(path: string): string {
  return path.replace(/^.*\/(?=(?:src|dist|node_modules)\/)/, "");
}

function textAt(value: unknown, field: string): string {
  const text = fieldAt(value, field);
  return typeof text === "string" ? text : "";
}

function listAt(value: unknown, field: string): readonly unknown[] {
  const list = fieldAt(value, field);
  return Array.isArray(list) ? list : [];
}
