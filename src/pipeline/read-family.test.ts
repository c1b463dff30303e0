import { expect, test } from "vitest";
import type { FamilyMember } from "../lifecycle/traces/family.ts";
import type { ChildRow } from "../store/rows.ts";
import { DATABASE_KIND } from "../testing/kube-change.ts";
import { readFamily } from "./read-family.ts";

/** Who controls whom, by UID; how often somebody was asked for is counted. */
function source(children: (uid: string) => readonly string[]) {
  const asked: string[] = [];
  return {
    asked,
    kindOf: () => DATABASE_KIND,
    childrenOf: (owner: string): readonly ChildRow[] => {
      asked.push(owner);
      return children(owner).map((uid) => ({
        id: 1,
        kindId: 1,
        watchId: 1,
        owner,
        uid,
        namespace: "default",
        name: uid,
        memory: "{}",
      }));
    },
  };
}

type Tree = readonly (readonly [uid: string, children: Tree])[];

function treeOf(family: readonly FamilyMember[]): Tree {
  return family.map(({ uid, children }) => [uid, treeOf(children)]);
}

function countOf(family: readonly FamilyMember[]): number {
  return family.reduce((sum, { children }) => sum + 1 + countOf(children), 0);
}

test("a family is read three levels deep", () => {
  const family = readFamily(
    "a",
    source((uid) => [`${uid}a`]),
  );

  expect(treeOf(family)).toEqual([["aa", [["aaa", [["aaaa", []]]]]]]);
});

test("owner references that go round in a circle end where they began", () => {
  const next: Readonly<Record<string, readonly string[]>> = {
    a: ["b", "a"],
    b: ["c"],
    c: ["a", "b"],
  };

  const family = readFamily(
    "a",
    source((uid) => next[uid] ?? []),
  );

  expect(treeOf(family)).toEqual([["b", [["c", []]]]]);
});

test("of a family of a million no more is read than a trace can tell, the nearest first", () => {
  const million = source((uid) => Array.from({ length: 100 }, (_, index) => `${uid}/${index}`));

  const family = readFamily("a", million);

  expect(family).toHaveLength(100);
  expect(countOf(family)).toBeLessThan(600);
  expect(million.asked.length).toBeLessThan(10);
});

test("an object whose kind nobody watches now is no member, and neither are its children", () => {
  const family = readFamily("a", { ...source(() => ["b"]), kindOf: () => undefined });

  expect(family).toEqual([]);
});
