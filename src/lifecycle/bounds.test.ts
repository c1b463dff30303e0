import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import {
  appearance,
  changeBetween,
  database,
  DATABASE_KIND,
  NOW_MS,
} from "../testing/kube-change.ts";
import { utf8Length } from "../util/utf8.ts";
import { ATTRIBUTES, COMMON_RECORD_ATTRIBUTES } from "./attribute-table.ts";
import { createInterpret } from "./interpret.ts";
import { decodeMemory, encodeMemory } from "./memory.ts";
import { objectPoints } from "./points.ts";
import type { Attributes, AttributeValue, LogSignal, Outcome } from "./signal.ts";
import { LOG_RECORDS } from "./signal-table.ts";

const interpret = createInterpret({});

/** docs/contract.md §4: at most 40 attributes, 48 KiB in all, message 1 KiB; no attribute name that the table lacks. */
function expectBounds(outcome: Outcome): void {
  for (const signal of outcome.signals) {
    if (signal.type === "log") expectRecordBounds(signal);
  }
  // A row of the store holds it.
  expect(utf8Length(encodeMemory(outcome.memory))).toBeLessThanOrEqual(48 * 1_024);
  expect(decodeMemory(encodeMemory(outcome.memory))).toEqual(outcome.memory);
}

function expectRecordBounds({ eventName, attributes, body, timeMs }: LogSignal): void {
  const names = Object.keys(attributes);
  const known = new Set([...COMMON_RECORD_ATTRIBUTES, ...LOG_RECORDS[eventName].attributes]);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
  expect(names.filter((name) => !Object.hasOwn(ATTRIBUTES, name))).toEqual([]);
  expect(names.length).toBeLessThanOrEqual(40);
  expect(utf8Length(body)).toBeLessThanOrEqual(1_024);
  expect(body.isWellFormed()).toBe(true);
  expect(Number.isFinite(timeMs)).toBe(true);
  let bytes = utf8Length(body);
  for (const [name, value] of Object.entries(attributes)) bytes += utf8Length(name) + sizeOf(value);
  expect(bytes).toBeLessThanOrEqual(48 * 1_024);
  const message = attributes["lifeline.condition.message"];
  expect(typeof message === "string" ? utf8Length(message) : 0).toBeLessThanOrEqual(1_024);
  const { "lifeline.change.diff": diff, "lifeline.labels": labels } = attributes;
  expect(utf8Length(String(diff ?? ""))).toBeLessThanOrEqual(16 * 1_024);
  for (const json of [diff, labels]) if (typeof json === "string") JSON.parse(json);
}

function sizeOf(value: AttributeValue): number {
  if (typeof value === "string") {
    expect(value.isWellFormed()).toBe(true);
    return utf8Length(value);
  }
  return typeof value === "object" ? value.reduce((sum, text) => sum + utf8Length(text), 0) : 8;
}

const MEGABYTE = "x".repeat(1_000_000);
const BIG = 'é\ud800😀\0\n"\\'.repeat(100_000);

function manyOf(
  count: number,
  make: (index: number) => readonly [string, unknown],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => make(index)));
}

/** What a controller may have written, or an attacker. */
const NASTY: Readonly<Record<string, KubeObject>> = {
  "a status that is a string": database({ status: "ok" }),
  "a status that is null": database({ status: null }),
  "a status that is a list": database({ status: [1, { conditions: [] }] }),
  "conditions that are a string": database({ status: { conditions: "none" } }),
  "conditions that are a map": database({ status: { conditions: { Ready: true } } }),
  "conditions of anything": database({
    status: {
      conditions: [
        null,
        1,
        "x",
        [],
        {},
        { type: 3 },
        { type: "A" },
        { type: "A", status: null, lastTransitionTime: 7 },
      ],
    },
  }),
  "null everywhere": database({
    spec: null,
    status: { phase: null, state: null, conditions: null, observedGeneration: null },
    metadata: JSON.parse(
      '{"labels":null,"annotations":null,"finalizers":null,"ownerReferences":null,"generation":null,"creationTimestamp":null}',
    ),
  }),
  "metadata of other types": database({
    metadata: JSON.parse(
      '{"labels":["a"],"finalizers":"x","ownerReferences":[null,{"controller":true,"kind":7}],"generation":"2","creationTimestamp":5,"deletionTimestamp":"2023-10-26T10:00:00Z","deletionGracePeriodSeconds":"soon"}',
    ),
  }),
  "a value of a megabyte": database({
    spec: { text: MEGABYTE, list: [MEGABYTE] },
    status: { phase: MEGABYTE, text: MEGABYTE },
  }),
  "long nasty text": database({
    status: {
      conditions: [{ type: BIG, status: BIG, reason: BIG, message: BIG, lastTransitionTime: BIG }],
      phase: BIG,
      [BIG]: BIG,
    },
    spec: { [BIG]: BIG },
    metadata: {
      labels: { [BIG]: BIG, ok: "fine" },
      annotations: { [BIG]: BIG },
      finalizers: [BIG, BIG],
      ownerReferences: [{ apiVersion: BIG, kind: BIG, name: BIG, uid: BIG, controller: true }],
    },
  }),
  "many of everything": database({
    spec: manyOf(5_000, (index) => [`field${index}`, `value ${index}`]),
    status: {
      ...manyOf(5_000, (index) => [`count${index}`, index]),
      conditions: Array.from({ length: 500 }, (_, index) => ({
        type: `C${index}${"c".repeat(300)}`,
        status: "True",
      })),
    },
    metadata: {
      labels: Object.fromEntries(
        Array.from({ length: 2_000 }, (_, index) => [`label${index}`, "\u0001".repeat(60)]),
      ),
      finalizers: Array.from({ length: 500 }, (_, index) => `f${index}`),
    },
  }),
  "names at their limit": database({
    metadata: { name: "n".repeat(253), namespace: "s".repeat(63) },
  }),
  "names beyond any limit": database({
    metadata: { name: BIG, namespace: BIG, uid: BIG, resourceVersion: BIG },
  }),
  "fields called like Object's": database({
    spec: JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":2}'),
    status: JSON.parse(
      '{"__proto__":1,"conditions":[{"type":"__proto__","status":"True"}],"phase":"constructor"}',
    ),
  }),
  "times beyond time": database({
    metadata: {
      creationTimestamp: "9999-12-31T23:59:59Z",
      deletionTimestamp: "9999-12-31T23:59:59Z",
      deletionGracePeriodSeconds: 1e308,
    },
    status: {
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: "9999-12-31T23:59:59Z" }],
    },
  }),
};

const NAMES = Object.keys(NASTY);

test.each(NAMES)("every Change of an object with %s gives records within bounds", (name) => {
  const nasty = NASTY[name] ?? database();

  const created = interpret(appearance(nasty, "created"), undefined);
  const observed = interpret(appearance(nasty, "first-look"), undefined);
  const became = interpret(
    changeBetween(database(), nasty, {
      managers: Array.from({ length: 100 }, () => BIG.slice(0, 5_000)),
    }),
    undefined,
  );
  const left = interpret(changeBetween(nasty, database()), created.memory);
  const elapsed = interpret(
    { type: "elapsed", kind: DATABASE_KIND, observedAtMs: NOW_MS, after: nasty },
    undefined,
  );
  const gone = interpret(
    {
      type: "disappeared",
      kind: DATABASE_KIND,
      observedAtMs: NOW_MS,
      before: nasty,
      cause: "relist",
      finalStateUnknown: true,
    },
    observed.memory,
  );

  for (const outcome of [created, observed, became, left, elapsed, gone]) expectBounds(outcome);
  expect(Object.getPrototypeOf({})).not.toHaveProperty("polluted");
});

test.each(NAMES)("objectPoints() of an object with %s are distinct, finite series", (name) => {
  const { identity, series, values } = objectPoints(NASTY[name] ?? database(), DATABASE_KIND, {
    health: "unknown",
  });

  const keys = series.map(({ metric, attributes }) => JSON.stringify([metric, attributes]));
  expect([new Set(keys).size, values.length]).toEqual([series.length, series.length]);
  expect(values.every((value) => Number.isFinite(value))).toBe(true);
  expect(series.every(({ metric }) => /^[a-z0-9_.]{1,160}$/.test(metric))).toBe(true);
  expect(utf8Length(JSON.stringify(identity))).toBeLessThan(4_096 * 2);
});

test("a diff that fits is whole, one that does not is cut value by value and says so", () => {
  const before = database({ spec: { text: "a".repeat(5_000) } });
  const small = interpret(
    changeBetween(before, database({ spec: { text: "b".repeat(5_000) } })),
    undefined,
  );
  const large = interpret(
    changeBetween(before, database({ spec: { text: "b".repeat(50_000), other: 1 } })),
    undefined,
  );

  const [smallDiff, largeDiff] = [small, large].map((outcome) => {
    return attributesOf(outcome);
  });

  expect(smallDiff).not.toHaveProperty(["lifeline.change.truncated"]);
  expect(JSON.parse(String(smallDiff?.["lifeline.change.diff"]))).toEqual([
    { path: "spec.text", before: "a".repeat(5_000), after: "b".repeat(5_000) },
  ]);
  expect(largeDiff).toHaveProperty(["lifeline.change.truncated"], true);
  expect(JSON.parse(String(largeDiff?.["lifeline.change.diff"]))).toEqual([
    {
      path: "spec.text",
      before: expect.stringMatching(/^a+…\[cut, 5000 bytes in all\]$/),
      after: expect.stringMatching(/^b+…\[cut, 50000 bytes in all\]$/),
    },
    { path: "spec.other", after: 1 },
  ]);
});

test("a diff of an object that is too large shows the beginning of its text", () => {
  const outcome = interpret(
    changeBetween(database(), database({ data: { text: MEGABYTE } })),
    undefined,
  );

  const [entry] = JSON.parse(String(attributesOf(outcome)["lifeline.change.diff"]));
  expect(entry).toEqual({
    path: "data",
    after: expect.stringMatching(/^\{"text":"x+…\[cut, 1000011 bytes in all\]$/),
  });
});

test("more than 20 paths are told as truncated", () => {
  const before = database({ spec: manyOf(21, (index) => [`f${index}`, 0]) });
  const after = database({ spec: manyOf(21, (index) => [`f${index}`, 1]) });

  const attributes = attributesOf(interpret(changeBetween(before, after), undefined));

  expect(attributes["lifeline.change.paths"]).toHaveLength(20);
  expect(attributes["lifeline.change.truncated"]).toBe(true);
  expect(JSON.parse(String(attributes["lifeline.change.diff"]))).toHaveLength(21);
});

const TIME = fc.constantFrom(
  "2023-10-26T09:59:00Z",
  "2023-10-26T10:30:00+02:00",
  "0001-01-01T00:00:00Z",
  "soon",
);
const ANY_CONDITION = fc.record(
  {
    type: fc.oneof(fc.constantFrom("Ready", "Stalled", "__proto__"), fc.string()),
    status: fc.oneof(fc.constantFrom("True", "False", "Unknown"), fc.jsonValue()),
    reason: fc.jsonValue(),
    lastTransitionTime: TIME,
  },
  { requiredKeys: [] },
);
const ANY_STATUS = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      phase: fc.jsonValue(),
      state: fc.string(),
      conditions: fc.oneof(fc.array(ANY_CONDITION), fc.jsonValue()),
      lastScan: TIME,
      observedGeneration: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);
const ANY_METADATA = fc.record(
  {
    labels: fc.jsonValue(),
    finalizers: fc.jsonValue(),
    ownerReferences: fc.jsonValue(),
    generation: fc.jsonValue(),
    creationTimestamp: fc.oneof(TIME, fc.jsonValue()),
    deletionTimestamp: TIME,
  },
  { requiredKeys: [] },
);
const ANY_OBJECT = fc
  .record(
    { metadata: ANY_METADATA, spec: fc.jsonValue(), status: ANY_STATUS },
    { requiredKeys: [] },
  )
  .map(
    // Anything at all, as JSON from an API server whose types nobody holds it to.
    (fields) => database(JSON.parse(JSON.stringify(fields))),
  );

/** Half of them look like memories until one looks closer. */
const ANY_MEMORY = fc.oneof(
  fc.jsonValue(),
  fc.array(fc.jsonValue(), { maxLength: 14 }).map((parts) => parts.toSpliced(0, 0, 1, 0)),
);

test("interpret never throws and keeps its bounds, whatever the objects and the memory are", () => {
  const holds = fc.property(ANY_OBJECT, ANY_OBJECT, ANY_MEMORY, (before, after, junk) => {
    const changed = interpret(changeBetween(before, after), decodeMemory(JSON.stringify(junk)));
    const still = { kind: DATABASE_KIND, observedAtMs: NOW_MS };

    expectBounds(changed);
    expectBounds(interpret(appearance(after, "created"), undefined));
    expectBounds(interpret({ ...still, type: "elapsed", after }, changed.memory));
    expectBounds(
      interpret(
        { ...still, type: "disappeared", before, cause: "deleted", finalStateUnknown: false },
        changed.memory,
      ),
    );
    objectPoints(after, DATABASE_KIND, { health: changed.health });
  });

  expect(() => fc.assert(holds, { numRuns: 200 })).not.toThrow();
});

/** Of the first record. */
function attributesOf({ signals }: Outcome): Attributes {
  return signals.find((signal) => signal.type === "log")?.attributes ?? {};
}
