import { expect, test, vi } from "vitest";
import type { ManagedFieldsEntry } from "../cluster/kube-object.ts";
import { RawJson } from "../util/raw-json.ts";
import type { Difference } from "./change.ts";
import { decodeManagers, encodeManagers, findAuthors, summarizeManagers } from "./managers.ts";

const T1 = "2026-01-31T08:00:00Z";
const T2 = "2026-01-31T08:00:10Z";
const SPEC = {
  "f:spec": {
    "f:replicas": {},
    "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:image": {} } },
  },
};
const STATUS = {
  "f:status": {
    "f:phase": {},
    "f:conditions": { 'k:{"type":"Ready"}': { ".": {}, "f:status": {} } },
  },
};

const kubectl: ManagedFieldsEntry = {
  manager: "kubectl",
  operation: "Apply",
  time: T1,
  fieldsV1: SPEC,
};
const operator: ManagedFieldsEntry = {
  manager: "operator",
  operation: "Update",
  subresource: "status",
  time: T1,
  fieldsV1: STATUS,
};
const phase: Difference = { path: ["status", "phase"], before: "a", after: "b" };

function authors(
  before: readonly ManagedFieldsEntry[],
  after: readonly ManagedFieldsEntry[],
  differences: readonly Difference[],
): ReturnType<typeof findAuthors> {
  return findAuthors({
    before: summarizeManagers(before),
    after: summarizeManagers(after),
    entries: after,
    differences,
  });
}

test.each<
  readonly [
    string,
    readonly ManagedFieldsEntry[],
    readonly ManagedFieldsEntry[],
    ReturnType<typeof findAuthors>,
  ]
>([
  [
    "the one whose time moved",
    [kubectl, operator],
    [kubectl, { ...operator, time: T2 }],
    { managers: ["operator/Update/status"], writtenAtMs: Date.parse(T2) },
  ],
  [
    "the one that is new",
    [kubectl],
    [kubectl, { ...operator, time: T2 }],
    { managers: ["operator/Update/status"], writtenAtMs: Date.parse(T2) },
  ],
  [
    "all whose times moved, and the newest time",
    [kubectl, operator],
    [
      { ...kubectl, time: T2 },
      { ...operator, time: "2026-01-31T08:00:05Z" },
    ],
    { managers: ["kubectl/Apply", "operator/Update/status"], writtenAtMs: Date.parse(T2) },
  ],
  [
    "the taker of a field, not the one that lost it",
    [kubectl],
    [
      { ...kubectl, fieldsV1: {} },
      { manager: "edit", operation: "Update", time: T2, fieldsV1: SPEC },
    ],
    { managers: ["edit/Update"], writtenAtMs: Date.parse(T2) },
  ],
  [
    "the one that set a value again within the second, and when",
    [kubectl, operator],
    [kubectl, { ...operator, fieldsV1: { "f:status": { "f:phase": {} } } }],
    { managers: ["operator/Update/status"], writtenAtMs: Date.parse(T1) },
  ],
  [
    "the one that set a value again within the second, though nothing moved",
    [kubectl, operator],
    [kubectl, operator],
    { managers: ["operator/Update/status"], writtenAtMs: Date.parse(T1) },
  ],
  [
    "the one that set a value, when another entry only went away",
    [kubectl, operator],
    [operator],
    { managers: ["operator/Update/status"], writtenAtMs: Date.parse(T1) },
  ],
  [
    "the one that owns the place itself, not the one that owns but its parent",
    [{ ...operator, manager: "first", fieldsV1: { "f:status": {} } }, operator],
    [{ ...operator, manager: "first", fieldsV1: { "f:status": {} } }, operator],
    { managers: ["operator/Update/status"], writtenAtMs: Date.parse(T1) },
  ],
  ["nobody, when nobody is known", [], [], { managers: [] }],
  [
    "a manager of two API versions once",
    [],
    [
      { ...operator, time: T2 },
      { ...operator, fieldsV1: SPEC },
    ],
    { managers: ["operator/Update/status"], writtenAtMs: Date.parse(T2) },
  ],
  [
    "a manager without a time",
    [],
    [{ manager: "m", operation: "Update" }],
    { managers: ["m/Update"] },
  ],
  ["an entry that says nothing", [], [{}], { managers: ["unknown/Update"] }],
])("findAuthors names %s", (...[, before, after, expected]) => {
  const found = authors(before, after, [phase]);

  expect(found).toEqual(expected);
});

test("findAuthors names the losers of a field that was removed, and no time, for nobody was stamped", () => {
  const removal: Difference = { path: ["status", "phase"], before: "a", after: undefined };

  const found = authors([kubectl, operator], [kubectl, { ...operator, fieldsV1: {} }], [removal]);

  expect(found).toEqual({ managers: ["operator/Update/status"] });
});

test("summarizeManagers sums up fields that were left as text as it does parsed ones", () => {
  const entries = [kubectl, operator, { ...operator, fieldsV1: SPEC }, { manager: "none" }];
  const left = entries.map((entry) =>
    "fieldsV1" in entry
      ? { ...entry, fieldsV1: new RawJson(JSON.stringify(entry.fieldsV1)) }
      : entry,
  );

  const summary = summarizeManagers(left);

  expect(summary).toEqual(summarizeManagers(entries));
  expect(new Set(summary.map(([, , hash]) => hash)).size).toBe(3);
});

test("summarizeManagers sums up parsed fields as API servers write them, in whatever characters their names are", () => {
  const fieldsV1 = { "f:data": { "f:a<b>&c\u2028\u2029": {}, 'f:ü\n\t\u0001"\\/': {} } };
  const written =
    '{"f:data":{"f:a\\u003cb\\u003e\\u0026c\\u2028\\u2029":{},"f:ü\\n\\t\\u0001\\"\\\\/":{}}}';

  const parsed = summarizeManagers([{ ...kubectl, fieldsV1 }]);

  expect(JSON.parse(written)).toEqual(fieldsV1);
  expect(parsed).toEqual(summarizeManagers([{ ...kubectl, fieldsV1: new RawJson(written) }]));
});

test("summarizeManagers sees a field move however deep it stands, and does not stumble over one that is too deep", () => {
  const deep = (levels: number, name: string): object =>
    levels === 0 ? { [`f:${name}`]: {} } : { "f:a": deep(levels - 1, name) };
  const abyss = Array.from({ length: 20_000 }).reduce<object>((below) => ({ "f:a": below }), {});

  const [[, , one] = []] = summarizeManagers([{ ...kubectl, fieldsV1: deep(9, "b") }]);
  const [[, , other] = []] = summarizeManagers([{ ...kubectl, fieldsV1: deep(9, "c") }]);
  const bottomless = summarizeManagers([{ ...kubectl, fieldsV1: abyss }]);

  expect(one).not.toBe(other);
  expect(bottomless).toHaveLength(1);
});

test("findAuthors finds owners in fields that were left as text, and none in what is no JSON", () => {
  const left = { ...operator, fieldsV1: new RawJson(JSON.stringify(STATUS)) };
  const torn = { ...operator, manager: "torn", fieldsV1: new RawJson("{,}") };

  const found = authors([left, torn], [left, torn], [phase]);

  expect(found.managers).toEqual(["operator/Update/status"]);
});

test.each<readonly [path: readonly string[], value: unknown, fields: unknown, owned: boolean]>([
  [["spec", "replicas"], 2, SPEC, true],
  [["spec", "replica"], 2, SPEC, false],
  [["status", "phase"], 2, SPEC, false],
  [["spec", "containers", "[name=web]", "image"], "b", SPEC, true],
  [["spec", "containers", "[name=db]", "image"], "b", SPEC, false],
  [["spec", "containers", "[0]", "image"], "b", SPEC, true],
  [["spec", "containers", "[name=web]"], {}, SPEC, true],
  [["status", "conditions", "[type=Ready]", "status"], "True", STATUS, true],
  [["status", "conditions", "[type=Ready]", "reason"], "True", STATUS, false],
  [["status", "conditions", "[type=Other]", "status"], "True", STATUS, false],
  [
    ["spec", "ports", "[name=http]", "port"],
    1,
    { "f:spec": { "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { "f:port": {} } } } },
    true,
  ],
  [["spec", "atomic", "deep", "[1]"], 1, { "f:spec": { "f:atomic": {} } }, true],
  [
    ["metadata", "finalizers", "[0]"],
    "a/b",
    { "f:metadata": { "f:finalizers": { 'v:"a/b"': {} } } },
    true,
  ],
  [
    ["metadata", "finalizers", "[0]"],
    "c/d",
    { "f:metadata": { "f:finalizers": { 'v:"a/b"': {} } } },
    false,
  ],
  [["spec"], { a: 1 }, SPEC, true],
  [["constructor"], 1, SPEC, false],
  [["spec", "x", "[name=a]"], 1, { "f:spec": { "f:x": { "k:not json": {} } } }, false],
  [["spec", "x"], 1, {}, false],
  [["spec", "x"], 1, "text", false],
])("findAuthors finds the owner of %j becoming %j by %j: %s", (...[path, value, fields, owned]) => {
  const entry: ManagedFieldsEntry = {
    manager: "m",
    operation: "Update",
    time: T1,
    fieldsV1: fields,
  };

  const found = authors([entry], [entry], [{ path, before: undefined, after: value }]);

  expect(found.managers).toEqual(owned ? ["m/Update"] : []);
});

test("findAuthors parses the keys of a long list once, however many of its elements changed", () => {
  const numbers = Array.from({ length: 500 }, (_, index) => index);
  const nodes = numbers.map((index) => [`k:{"name":"n${index}"}`, { ".": {}, "f:v": {} }] as const);
  const entry: ManagedFieldsEntry = {
    ...operator,
    fieldsV1: { "f:status": { "f:nodes": Object.fromEntries(nodes) } },
  };
  const differences = numbers.map((index) => ({
    path: ["status", "nodes", `[name=n${index}]`, "v"],
    before: 1,
    after: 2,
  }));
  using parse = vi.spyOn(JSON, "parse");

  const found = authors([entry], [entry], differences);

  expect(found.managers).toEqual(["operator/Update/status"]);
  expect(parse.mock.calls.length).toBeLessThan(510);
});

test("findAuthors looks for the owners of the first differences only", { timeout: 5_000 }, () => {
  const numbers = Array.from({ length: 20_000 }, (_, index) => index);
  const entry: ManagedFieldsEntry = {
    ...operator,
    fieldsV1: {
      "f:status": { "f:n": Object.fromEntries(numbers.map((n) => [`k:{"name":"n${n}"}`, {}])) },
    },
  };
  const differences = numbers.map((n) => ({
    path: ["status", "n", `[name=n${n}]`, "v"],
    before: 1,
    after: 2,
  }));

  const found = authors([entry], [entry], differences);

  expect(found.managers).toEqual(["operator/Update/status"]);
});

test.each([2, 40])(
  "findAuthors finds who wrote among %i managers, whatever their order",
  (length) => {
    const before = Array.from({ length }, (_, index) => ({ ...operator, manager: `m${index}` }));
    const after = before.map((entry) => (entry.manager === "m1" ? { ...entry, time: T2 } : entry));

    const found = authors(before, after.toReversed(), [phase]);

    expect(found).toEqual({ managers: ["m1/Update/status"], writtenAtMs: Date.parse(T2) });
  },
);

test("decodeManagers gives back what encodeManagers wrote, entries without a time included", () => {
  const entries = [{ ...kubectl, time: "soon" }, operator, { ...kubectl, manager: "k", time: T2 }];
  const summary = summarizeManagers(entries);

  const decoded = decodeManagers(encodeManagers(summary));

  expect(decoded).toEqual(summary);
  expect(decoded.map(([, timeMs]) => timeMs)).toEqual([null, Date.parse(T1), Date.parse(T2)]);
});

test.each([
  ["nothing", "", []],
  ["a list of lists", '[["m/Update","2026-01-31T08:00:00Z",1]]', []],
  ["an origin that no Date can hold", '[8.7e15,"m/Update",0,1]', []],
  ["a time that no Date can hold", '[8e15,"m/Update",8e15,1]', [["m/Update", null, 1]]],
  [
    "an entry that is none and half a one",
    '[9,1,0,1,"m/Update",1,2,"n/Update"]',
    [["m/Update", 10, 2]],
  ],
])("decodeManagers keeps what it understands of %s", (_, text, expected) => {
  expect(decodeManagers(text)).toEqual(expected);
});
