import { expect, test } from "vitest";
import type { Difference } from "../history/change.ts";
import {
  addDifferences,
  NO_DIFFERENCES,
  remainingDifferences,
  writeNetDifferences,
} from "./net-differences.ts";

function size(before: unknown, after: unknown): Difference {
  return { path: ["spec", "size"], before, after };
}

function sum(...writes: readonly (readonly Difference[])[]): ReturnType<typeof addDifferences> {
  return writes.reduce(addDifferences, NO_DIFFERENCES);
}

test("several writes of one field are from before the first to after the last", () => {
  expect(remainingDifferences(sum([size(1, 2)], [size(2, 7)], [size(7, 3)]))).toEqual([size(1, 3)]);
});

test.each([
  ["a number", 1, 2],
  ["what was not there", undefined, "x"],
  ["null", null, "x"],
  ["a map, whatever the order of its fields", { a: 1, b: [2] }, "x"],
])(
  "%s that is again as it was is no difference, but stays known as moved",
  (_what, first, other) => {
    const again = typeof first === "object" && first !== null ? { b: [2], a: 1 } : first;

    const net = sum([size(first, other)], [size(other, again)]);

    expect(remainingDifferences(net)).toEqual([]);
    expect(net.entries.map(({ path }) => path)).toEqual([["spec", "size"]]);
  },
);

test("what came and what went are told apart from null", () => {
  expect(remainingDifferences(sum([size(undefined, null)]))).toEqual([size(undefined, null)]);
  expect(remainingDifferences(sum([size(1, undefined)]))).toEqual([size(1, undefined)]);
});

test("a value beyond 100 bytes leaves the path alone, and says so, for good", () => {
  const net = sum([size(1, 2)], [size(2, "x".repeat(101))], [size("x".repeat(101), 3)]);

  expect(net).toEqual({ entries: [{ path: ["spec", "size"] }], isCut: true });
  expect(remainingDifferences(net)).toEqual([]);
  expect(remainingDifferences(sum([size(1, "x".repeat(100))]))).toHaveLength(1);
});

test("more than 20 paths, and one beyond 200 bytes, are left out and said", () => {
  const paths = Array.from({ length: 21 }, (_, index) => ({
    ...size(1, 2),
    path: ["spec", `f${index}`],
  }));

  expect(sum(paths.slice(1))).toMatchObject({ entries: { length: 20 }, isCut: false });
  expect(sum(paths)).toMatchObject({ entries: { length: 20 }, isCut: true });
  expect(sum([{ ...size(1, 2), path: ["spec", "x".repeat(200)] }])).toEqual({
    entries: [],
    isCut: true,
  });
});

test("what is remembered of the worst object stays under 10 KiB", () => {
  const worst = Array.from({ length: 100 }, (_, index) => ({
    path: ["spec", String(index).padEnd(190, "y")],
    before: "a".repeat(100),
    after: "b".repeat(100),
  }));

  expect(JSON.stringify(writeNetDifferences(sum(worst))).length).toBeLessThan(10 * 1_024);
});
