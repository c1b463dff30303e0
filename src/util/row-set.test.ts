import { property, uniqueArray, assert, integer } from "fast-check";
import { expect, test } from "vitest";
import { RowSet } from "./row-set.ts";

test("has() answers true for exactly the ids that were added, across word and page borders", () => {
  assert(
    property(
      uniqueArray(integer({ min: 0, max: 20_000 })),
      uniqueArray(integer({ min: 0, max: 20_000 })),
      (added, asked) => {
        const set = new RowSet();
        for (const id of added) set.add(id);

        for (const id of asked) expect(set.has(id)).toBe(added.includes(id));
      },
    ),
  );
});

test("has() works for ids beyond 32 bits of a page's range", () => {
  const set = new RowSet();

  set.add(5_000_000_031);

  expect([set.has(5_000_000_031), set.has(5_000_000_030), set.has(31)]).toEqual([
    true,
    false,
    false,
  ]);
});
