import { expect, test } from "vitest";
import { compareDigests, type Digest, DigestBuilder, digested } from "./digest.ts";

const LINES = [
  { name: "a", resourceVersion: 1 },
  { name: "b", resourceVersion: 12 },
];

function digestOf(lines: typeof LINES): Digest {
  const builder = new DigestBuilder();
  for (const { name, resourceVersion } of lines) builder.add(name, String(resourceVersion));
  return builder.digest();
}

test("digested() hands lines on and takes each as add() does", () => {
  const builder = new DigestBuilder();

  const handedOn = [...digested(LINES, builder)];

  expect(handedOn).toEqual(LINES);
  expect(builder.digest()).toEqual(digestOf(LINES));
  expect(builder.count).toBe(2);
});

test("compareDigests() has nothing to say about the same events in the same order", () => {
  expect(compareDigests("events", digestOf(LINES), digestOf([...LINES]))).toBeUndefined();
});

test.for([
  ["one is missing", LINES.slice(1), "wanted 2 events, got 1"],
  ["one came twice", [...LINES, ...LINES.slice(1)], "wanted 2 events, got 3"],
  ["the order is another", LINES.toReversed(), "another order"],
  ["a name is another", [{ name: "c", resourceVersion: 1 }, ...LINES.slice(1)], "other names"],
  ["a version is older", [...LINES.slice(0, 1), { name: "b", resourceVersion: 2 }], "other names"],
  [
    "a version has moved to the next one's name",
    [
      { name: "a", resourceVersion: 11 },
      { name: "b", resourceVersion: 2 },
    ],
    "other names",
  ],
] as const)("compareDigests() finds it wrong when %s", ([, lines, problem]) => {
  const compared = compareDigests("events", digestOf(LINES), digestOf([...lines]));

  expect(compared).toContain(problem);
});
