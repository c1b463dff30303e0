import { columnsOf, type ObjectState } from "../history/object-state.ts";
import { decodeMemory, type Memory } from "../lifecycle/memory.ts";
import type { ObjectRow } from "../store/rows.ts";

/** An object as it was last told: what history and lifecycle remembered of it then. */
export type Reported = { readonly state: ObjectState; readonly memory: Memory };

/** As JSON: the row's columns that history and lifecycle own. */
export function encodeReported(row: ObjectRow): string {
  return JSON.stringify({ ...columnsOf(row), memory: row.memory });
}

export function decodeReported(text: string, kind: string): Reported {
  // The text is our own, written by `encodeReported`.
  const { memory, ...columns }: Omit<ObjectState, "kind"> & { readonly memory: string } =
    JSON.parse(text);
  return { state: { ...columns, kind }, memory: decodeMemory(memory) };
}
