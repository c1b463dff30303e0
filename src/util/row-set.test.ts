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

test("delete() takes out that id alone, and isEmpty says when it was the last", () => {
  assert(
    property(
      uniqueArray(integer({ min: 0, max: 20_000 }), { minLength: 1 }),
      integer({ min: 0, max: 20_000 }),
      (added, absent) => {
        const set = new RowSet();
        for (const id of added) set.add(id);
        const [first = 0, ...others] = added;

        set.delete(first);
        if (!added.includes(absent)) set.delete(absent);

        expect(added.filter((id) => set.has(id))).toEqual(others);
        expect(set.isEmpty).toBe(others.length === 0);
      },
    ),
  );
});

test("clear() takes out all", () => {
  const set = new RowSet();
  set.add(1);
  set.add(100_000);

  set.clear();

  expect([set.has(1), set.has(100_000), set.isEmpty]).toEqual([false, false, true]);
});
