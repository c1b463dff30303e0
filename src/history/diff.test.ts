import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatFieldPath } from "../util/field-path.ts";
import { isMap } from "../util/json.ts";
import { diff } from "./diff.ts";

/** As `[path, before, after]`, for reading. */
function differences(
  before: unknown,
  after: unknown,
): readonly (readonly [string, unknown, unknown])[] {
  return diff(before, after).map((difference) => [
    formatFieldPath(difference.path),
    difference.before,
    difference.after,
  ]);
}

const ready = { type: "Ready", status: "True", reason: "Up" };
const stale = { type: "Stale", status: "False" };

test.each<
  readonly [
    what: string,
    before: unknown,
    after: unknown,
    expected: readonly (readonly [string, unknown, unknown])[],
  ]
>([
  ["equal maps in another order", { a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 }, []],
  ["a leaf", { a: { b: 1 } }, { a: { b: 2 } }, [["a.b", 1, 2]]],
  ["an added subtree", { a: {} }, { a: { b: { c: 1 } } }, [["a.b", undefined, { c: 1 }]]],
  ["a removed subtree", { a: { b: [1] } }, { a: {} }, [["a.b", [1], undefined]]],
  ["null and absent", { a: null }, {}, [["a", null, undefined]]],
  ["null and false", { a: null }, { a: false }, [["a", null, false]]],
  ["a number and its text", { a: 1 }, { a: "1" }, [["a", 1, "1"]]],
  ["a map that becomes a list", { a: {} }, { a: [] }, [["a", {}, []]]],
  ["a status that becomes a map", "x", { a: 1 }, [["", "x", { a: 1 }]]],
  ["names with dots and slashes", { "a.b/c": 1 }, { "a.b/c": 2 }, [['["a.b/c"]', 1, 2]]],
  [
    "names of Object.prototype",
    JSON.parse('{"constructor":1}'),
    JSON.parse('{"toString":{},"__proto__":{"a":1}}'),
    [
      ["constructor", 1, undefined],
      ["toString", undefined, {}],
      ["__proto__", undefined, { a: 1 }],
    ],
  ],
  ["conditions in another order", [ready, stale], [stale, ready], []],
  [
    "a condition by its type",
    { c: [stale, ready] },
    { c: [{ ...ready, status: "False" }, stale] },
    [["c[type=Ready].status", "True", "False"]],
  ],
  ["an added condition", { c: [] }, { c: [ready] }, [["c[type=Ready]", undefined, ready]]],
  [
    "conditions of which two are of one type",
    [ready, ready],
    [ready, stale],
    [
      ["[1].type", "Ready", "Stale"],
      ["[1].status", "True", "False"],
      ["[1].reason", "Up", undefined],
    ],
  ],
  [
    "a list by name",
    [
      { name: "a", v: 1 },
      { name: "b", v: 1 },
    ],
    [{ name: "b", v: 2 }, { name: "c" }],
    [
      ["[name=a]", { name: "a", v: 1 }, undefined],
      ["[name=b].v", 1, 2],
      ["[name=c]", undefined, { name: "c" }],
    ],
  ],
  [
    "a list by key where names repeat",
    [
      { name: "x", key: "a", v: 1 },
      { name: "x", key: "b" },
    ],
    [
      { name: "x", key: "b" },
      { name: "x", key: "a", v: 2 },
    ],
    [["[key=a].v", 1, 2]],
  ],
  [
    "a list by id",
    [{ id: "1", v: 1 }],
    [{ id: "0" }, { id: "1", v: 2 }],
    [
      ["[id=1].v", 1, 2],
      ["[id=0]", undefined, { id: "0" }],
    ],
  ],
  ["a list whose ids are numbers", [{ id: 1 }], [{ id: 2 }], [["[0].id", 1, 2]]],
  [
    "a list of which one element has no name",
    [{ name: "a" }],
    [{ name: "a" }, {}],
    [["[1]", undefined, {}]],
  ],
  [
    "a list of scalars",
    ["a", "b"],
    ["a", "c", "d"],
    [
      ["[1]", "b", "c"],
      ["[2]", undefined, "d"],
    ],
  ],
  [
    "lists that got shorter",
    [1, 2, 3],
    [1],
    [
      ["[1]", 2, undefined],
      ["[2]", 3, undefined],
    ],
  ],
  ["lists of lists", [[1]], [[2]], [["[0][0]", 1, 2]]],
])("diff finds %s", (...[, before, after, expected]) => {
  const found = differences(before, after);

  expect(found).toEqual(expected);
});

function nest(leaf: unknown): unknown {
  return JSON.parse(`${'{"a":'.repeat(10_000)}${JSON.stringify(leaf)}${"}".repeat(10_000)}`);
}

test("diff compares what lies deeper than 100 levels as a whole, and does not overflow on 10,000", () => {
  const [same, other] = [diff(nest({ x: 1, y: 2 }), nest({ y: 2, x: 1 })), diff(nest(1), nest(2))];

  expect(same).toEqual([]);
  expect(other).toHaveLength(1);
  expect(other[0]?.path).toHaveLength(100);
});

const fieldName = fc.constantFrom("a", "b", "name", "key", "id", "type", "status", "constructor");
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>("a", "b", "True", 0, 1, true, null),
    fc.dictionary(fieldName, tie("value"), { maxKeys: 4 }),
    fc.array(tie("value"), { maxLength: 4 }),
  ),
}));

test("diff of equal values is empty, and of different ones is not", () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      expect(diff(before, structuredClone(before))).toEqual([]);
      const isSame = JSON.stringify(unordered(after)) === JSON.stringify(unordered(before));
      expect(diff(before, after).length > 0 || isSame).toBe(true);
    }),
  );
});

test("diff turned around is the same differences turned around", () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const there = differences(before, after).map((difference) =>
        JSON.stringify(difference.map((side) => side ?? "-")),
      );
      const back = differences(after, before).map(([path, was, is]) =>
        JSON.stringify([path, is ?? "-", was ?? "-"]),
      );
      expect(back.toSorted()).toEqual(there.toSorted());
    }),
  );
});

test("diff applied to what was before gives what is after, but for the order of lists", () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      let patched = structuredClone(before);
      for (const { path, after: value } of diff(before, after))
        patched = patch(patched, path, value);
      expect(unordered(patched)).toEqual(unordered(after));
    }),
    { numRuns: 1_000 },
  );
});

const GONE = Symbol("gone");

/** Sets the value at a path; removed elements are marked first so that indexes stay, and `unordered` drops them. */
function patch(value: unknown, path: readonly string[], next: unknown): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return next;
  if (Array.isArray(value)) {
    const list: unknown[] = [...value];
    const place = findElement(list, segment);
    list[place] = rest.length === 0 && next === undefined ? GONE : patch(list[place], rest, next);
    return list;
  }
  if (!isMap(value)) throw new Error(`Cannot patch ${JSON.stringify(value)} at ${segment}`);
  const { [segment]: before, ...others } = value;
  return rest.length === 0 && next === undefined
    ? others
    : { ...others, [segment]: patch(before, rest, next) };
}

function findElement(list: readonly unknown[], segment: string): number {
  const [key = "", label] = segment.slice(1, -1).split("=");
  if (label === undefined) return Number(key);
  const found = list.findIndex((element) => isMap(element) && element[key] === label);
  return found < 0 ? list.length : found;
}

function unordered(value: unknown): unknown {
  if (Array.isArray(value))
    return value
      .filter((element) => element !== GONE)
      .map((element) => JSON.stringify(unordered(element)))
      .toSorted();
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((name) => [name, unordered(value[name])]),
  );
}

test.each([3, 30])("diff matches a list of %i by name in its order or another", (length) => {
  const before = Array.from({ length }, (_, index) => ({ name: `n${index}`, size: index }));
  const after = before.map((element) =>
    element.name === "n1" ? { ...element, size: -1 } : element,
  );

  const inOrder = diff(before, after);
  const reversed = diff(before, after.toReversed());

  expect(inOrder).toEqual([{ path: ["[name=n1]", "size"], before: 1, after: -1 }]);
  expect(reversed).toEqual(inOrder);
});

test.each([3, 30])("diff matches a list of %i by index where a name stands twice", (length) => {
  const before = Array.from({ length }, (_, index) => ({
    name: `n${index % (length - 1)}`,
    size: 0,
  }));
  const after = before.map((element, index) => (index === 1 ? { ...element, size: 1 } : element));

  const found = diff(before, after);

  expect(found).toEqual([{ path: ["[1]", "size"], before: 0, after: 1 }]);
});

test("diff does not take a list that lost its last element for one in the same order", () => {
  const before = [{ name: "a" }, { name: "b" }];

  const found = diff(before, before.slice(0, 1));
  const grown = diff(before.slice(0, 1), before);

  expect(found).toEqual([{ path: ["[name=b]"], before: { name: "b" }, after: undefined }]);
  expect(grown).toEqual([{ path: ["[name=b]"], before: undefined, after: { name: "b" } }]);
});
