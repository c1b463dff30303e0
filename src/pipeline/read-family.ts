import type { KindFacts } from "../cluster/kube-object.ts";
import { decodeMemory } from "../lifecycle/memory.ts";
import type { FamilyMember } from "../lifecycle/traces/family.ts";
import { SPANS_MAX } from "../lifecycle/traces/spans-of.ts";
import type { ChildRow } from "../store/rows.ts";

/** A custom resource, what it owns, what that owns (a StatefulSet), and its Pods. */
export const FAMILY_DEPTH = 3;
/** Of one owner: who controls thousands is told by the first of them. */
const CHILDREN_MAX = 100;

/** Where rows, and what is known of their kinds, are found. */
export type FamilySource = {
  /** What the object with this UID controls; about so many at most. */
  readonly childrenOf: (uid: string, limit: number) => readonly ChildRow[];
  readonly kindOf: (watchId: number) => KindFacts | undefined;
};

type Growing = FamilyMember & { readonly children: Growing[] };

/**
 * What the object with this UID controls, and what that does, three levels deep: level by level, until there are as many
 * as a trace has spans, so that no owner of thousands blocks the loop. Nobody is there twice, whoever claims to be owned
 * by whom: anybody may write owner references that go round in a circle.
 */
export function readFamily(uid: string, source: FamilySource): readonly FamilyMember[] {
  const family: Growing[] = [];
  const seen = new Set([uid]);
  let level: readonly Pick<Growing, "uid" | "children">[] = [{ uid, children: family }];
  for (let depth = 0; depth < FAMILY_DEPTH; depth += 1) {
    for (const parent of level) {
      if (seen.size >= SPANS_MAX) return family;
      for (const member of membersOf(parent.uid, source)) {
        if (seen.has(member.uid)) continue;
        seen.add(member.uid);
        parent.children.push(member);
      }
    }
    level = level.flatMap(({ children }) => children);
  }
  return family;
}

function membersOf(uid: string, { childrenOf, kindOf }: FamilySource): readonly Growing[] {
  return childrenOf(uid, CHILDREN_MAX).flatMap((row) => {
    const facts = kindOf(row.watchId);
    if (facts === undefined) return [];
    const { kind, group } = facts;
    const memory = decodeMemory(row.memory);
    return [{ kind, group, name: row.name, uid: row.uid, memory, children: [] }];
  });
}
