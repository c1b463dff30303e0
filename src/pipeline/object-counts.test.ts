import { expect, test } from "vitest";
import type { Health } from "../lifecycle/health-words.ts";
import type { Touched } from "./commit.ts";
import { ObjectCounts } from "./object-counts.ts";

function touch(
  watchId: number,
  before: [number, Health] | undefined,
  after: Health | undefined,
): Touched {
  return {
    id: 1,
    kindId: 1,
    watchId,
    namespace: "default",
    name: "a",
    before: before && { watchId: before[0], health: before[1] },
    healthAfter: after,
    pointsBefore: undefined,
  };
}

function groups(counts: ObjectCounts): readonly string[] {
  return [...counts.entries()].map(
    ({ watchId, namespace, health, count }) => `${watchId} ${namespace} ${health} ${count}`,
  );
}

test("counts begin with what the store counted; what it calls by a word that we don't know is unknown", () => {
  const counts = new ObjectCounts();
  counts.apply([touch(9, undefined, "current")]);

  counts.reset([
    { watchId: 1, namespace: "default", health: "current", count: 2 },
    { watchId: 1, namespace: "prod", health: "splendid", count: 3 },
  ]);

  expect(groups(counts)).toEqual(["1 default current 2", "1 prod unknown 3"]);
  expect(counts.byHealth(1)).toMatchObject({ current: 2, unknown: 3, failed: 0 });
  expect(counts.byHealth(9)).toMatchObject({ current: 0 });
});

test.each<{ name: string; touched: readonly Touched[]; expected: readonly string[] }>([
  {
    name: "appears",
    touched: [touch(1, undefined, "failed")],
    expected: ["1 default current 2", "1 default failed 1"],
  },
  {
    name: "changes its health",
    touched: [touch(1, [1, "current"], "failed")],
    expected: ["1 default current 1", "1 default failed 1"],
  },
  {
    name: "keeps its health",
    touched: [touch(1, [1, "current"], "current")],
    expected: ["1 default current 2"],
  },
  {
    name: "goes",
    touched: [touch(1, [1, "current"], undefined)],
    expected: ["1 default current 1"],
  },
  {
    name: "comes and goes",
    touched: [touch(1, undefined, "failed"), touch(1, [1, "failed"], undefined)],
    expected: ["1 default current 2"],
  },
  {
    name: "goes over to another watch",
    touched: [touch(2, [1, "current"], "current")],
    expected: ["1 default current 1", "2 default current 1"],
  },
  {
    name: "changes as it goes over",
    touched: [touch(2, [1, "current"], "failed")],
    expected: ["1 default current 1", "2 default failed 1"],
  },
])("an object that $name is counted once, where it is now", ({ touched, expected }) => {
  const counts = new ObjectCounts();
  counts.reset([{ watchId: 1, namespace: "default", health: "current", count: 2 }]);

  counts.apply(touched);

  expect(groups(counts)).toEqual(expected);
});

test("a group that empties is no group", () => {
  const counts = new ObjectCounts();
  counts.apply([touch(1, undefined, "failed")]);

  counts.apply([touch(1, [1, "failed"], undefined)]);

  expect(groups(counts)).toEqual([]);
});
