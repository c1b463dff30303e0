import { decodeMemory, encodeMemory } from "../lifecycle/memory.ts";
import { withGoneChild } from "../lifecycle/traces/gone-child.ts";
import type { GoneChild } from "../lifecycle/traces/work.ts";
import type { ObjectRow } from "../store/rows.ts";
import { FAMILY_DEPTH } from "./read-family.ts";

/**
 * The rows of those that control the object which is gone, one above the other, in which that has to be remembered until
 * their work ends.
 */
export function rememberGone(
  child: GoneChild,
  findOwner: (uid: string) => ObjectRow | undefined,
): readonly ObjectRow[] {
  const rows: ObjectRow[] = [];
  const seen = new Set([child.uid]);
  let uid = child.owner;
  while (uid !== "" && !seen.has(uid) && seen.size <= FAMILY_DEPTH) {
    seen.add(uid);
    const row = findOwner(uid);
    if (row === undefined) break;
    const memory = withGoneChild(decodeMemory(row.memory), child);
    if (memory !== undefined) rows.push({ ...row, memory: encodeMemory(memory) });
    uid = row.owner;
  }
  return rows;
}
