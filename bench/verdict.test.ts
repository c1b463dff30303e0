import { expect, test } from "vitest";
import type { Expected } from "./scenario.ts";
import type { Reading, Tally } from "./tally.ts";
import { judge } from "./verdict.ts";

const EXPECTED: Expected = {
  records: new Map([
    ["lifeline.synced", 1],
    ["lifeline.object.updated", 2],
  ]),
  live: () => [
    [
      "a",
      new Map([
        ["phase{phase=Running}", 1],
        ["generation", 3],
      ]),
    ],
  ],
  deleted: new Map([["b", ["generation"]]]),
  left: new Set(["a phase{phase=Pending}"]),
  spans: new Map([["observe", 2]]),
};

type Readings = Record<string, Record<string, Reading>>;

const SERIES: Readings = {
  a: { "phase{phase=Running}": 1, "phase{phase=Pending}": "ended", generation: 3 },
  b: { generation: "ended" },
};

function right(more: Partial<Tally> = {}): Tally {
  return {
    records: EXPECTED.records,
    repeatedUids: 0,
    spans: new Map([["observe", 2]]),
    repeatedSpans: 0,
    complaints: [],
    points: 5,
    series: series(SERIES),
    endedPaced: EXPECTED.left,
    delaysMs: [],
    eventLoop: undefined,
    heap: [],
    bytes: 100,
    ...more,
  };
}

function series(readings: Readings): Tally["series"] {
  return new Map(
    Object.entries(readings).map(([object, names]) => [object, new Map(Object.entries(names))]),
  );
}

test("judge() has nothing to say when exactly what the stream means arrived", () => {
  const verdict = judge(right(), EXPECTED);

  expect(verdict.problems).toEqual([]);
  expect(verdict.comparisons).toContainEqual({ what: "live series of objects", wanted: 2, got: 2 });
});

const WRONG: readonly (readonly [what: string, more: Partial<Tally>, problem: string])[] = [
  [
    "one record is missing",
    { records: new Map(EXPECTED.records).set("lifeline.object.updated", 1) },
    "wanted 2 records lifeline.object.updated, got 1",
  ],
  [
    "there is a record that nobody expects",
    { records: new Map(EXPECTED.records).set("lifeline.object.created", 1) },
    "wanted 0 records lifeline.object.created, got 1",
  ],
  ["a record came twice", { repeatedUids: 1 }, "wanted 0 records that came twice, got 1"],
  ["a span is missing", { spans: new Map([["observe", 1]]) }, "wanted 2 spans observe, got 1"],
  [
    "there is a span that nobody expects",
    { spans: new Map([...(EXPECTED.spans ?? []), ["phase Idle", 1]]) },
    "wanted 0 spans phase Idle, got 1",
  ],
  ["a span came twice", { repeatedSpans: 1 }, "wanted 0 spans that came twice, got 1"],
  [
    "a state's series lives on after the state",
    { series: series({ ...SERIES, a: { ...SERIES["a"], "phase{phase=Pending}": 1 } }) },
    "a series is there, but should not: a phase{phase=Pending}",
  ],
  [
    "one live series stands in for another",
    { series: series({ ...SERIES, a: { "phase{phase=Pending}": 1, generation: 3 } }) },
    "a series is not there, but should: a phase{phase=Running}",
  ],
  [
    "a live series was ended",
    { series: series({ ...SERIES, a: { ...SERIES["a"], generation: "ended" } }) },
    "wanted 2 live series of objects, got 1",
  ],
  [
    "a value is old",
    { series: series({ ...SERIES, a: { ...SERIES["a"], generation: 2 } }) },
    "a series has a wrong value: a generation: wanted 3, got 2",
  ],
  [
    "a deleted object's series was not ended",
    { series: series({ ...SERIES, b: { generation: 1 } }) },
    "wanted 1 ended series of deleted objects, got 0",
  ],
  [
    "a state that was left was not ended",
    { endedPaced: new Set() },
    "a series was left and not ended: a phase{phase=Pending}",
  ],
  [
    "a state that holds was ended in another's place",
    { endedPaced: new Set(["a generation"]) },
    "a series was ended and not left: a generation",
  ],
  ["the program complained", { complaints: ['"trouble"'] }, 'The program complains: "trouble"'],
];

test.for(WRONG)("judge() finds it wrong when %s", ([, more, problem]) => {
  const { problems } = judge(right(more), EXPECTED);

  expect(problems.join("\n")).toContain(problem);
});

test("judge() says nothing of spans where nobody knows which are right", () => {
  const verdict = judge(right({ spans: new Map([["observe", 7]]), repeatedSpans: 1 }), {
    ...EXPECTED,
    spans: undefined,
  });

  expect(verdict.problems).toEqual([]);
  expect(verdict.comparisons.filter(({ what }) => what.startsWith("spans"))).toEqual([]);
});
