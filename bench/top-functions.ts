import { fieldAt } from "../src/util/json.ts";

export type FunctionTime = {
  readonly name: string;
  readonly selfMs: number;
  readonly share: number;
};

/** The functions of a V8 CPU profile (`--cpu-prof`) that took the most time by themselves, idle time aside. */
export function topFunctions(profile: unknown, count: number): readonly FunctionTime[] {
  const names = new Map<number, string>();
  for (const node of listAt(profile, "nodes")) names.set(Number(fieldAt(node, "id")), nameOf(node));
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

function nameOf(node: unknown): string {
  const frame = fieldAt(node, "callFrame");
  const name = textAt(frame, "functionName") || "(anonymous)";
  const url = textAt(frame, "url");
  if (url === "") return name;
  const file = url.replace(/^.*\/(?=(?:src|dist|node_modules)\/)/, "");
  return `${name} ${file}:${Number(fieldAt(frame, "lineNumber")) + 1}`;
}

function textAt(value: unknown, field: string): string {
  const text = fieldAt(value, field);
  return typeof text === "string" ? text : "";
}

function listAt(value: unknown, field: string): readonly unknown[] {
  const list = fieldAt(value, field);
  return Array.isArray(list) ? list : [];
}
