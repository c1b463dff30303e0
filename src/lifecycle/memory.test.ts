import { expect, test } from "vitest";
import {
  conditionOf,
  decodeMemory,
  EMPTY_MEMORY,
  encodeMemory,
  type Memory,
  ownEntry,
} from "./memory.ts";

const FULL: Memory = {
  version: 1,
  generation: { value: 3, sinceMs: 1_000 },
  health: { value: "failed", sinceMs: 2_000 },
  phase: { value: "Failed" },
  conditions: [
    { type: "Ready", status: "False", sinceMs: 3_000 },
    { type: "Odd", status: "True" },
    { type: "Own", status: "Perhaps", sinceMs: 500 },
  ],
  ticks: { "status.scanned": 2 },
  unwell: { sinceMs: 2_000, isTold: true },
  done: {
    role: "converge",
    generation: 3,
    start: { observedMs: 1_300, recordedMs: 1_000 },
    end: { observedMs: 9_000, recordedMs: 2_000, isLate: true },
  },
  flood: {
    type: "withholding",
    sinceMs: 4_000,
    writers: [["kubectl/Apply", 3]],
    held: {
      "lifeline.object.updated": {
        count: 3,
        net: {
          entries: [
            { path: ["spec", "size"], values: { before: 1, after: 2 } },
            { path: ["metadata", "labels", "a/b"], values: { after: "x" } },
            { path: ["spec", "text"] },
          ],
          isCut: true,
        },
      },
      "lifeline.object.status_updated": {
        count: 1,
        net: { entries: [{ path: ["status", "n"], values: { before: null } }], isCut: false },
      },
    },
  },
};

const COUNTING: Memory = {
  ...EMPTY_MEMORY,
  unwell: { sinceMs: 5_000, isTold: false },
  flood: { type: "counting", toldAtMs: [1_000, 1_000, 2_500], writers: [["a/Update", 2]] },
};

const WORKING: Memory = {
  ...EMPTY_MEMORY,
  generation: { value: 2, sinceMs: 1_000 },
  work: [
    {
      role: "converge",
      generation: 2,
      of: 2,
      ordinal: "0",
      start: { observedMs: 1_300, recordedMs: 1_000 },
      managers: ["kubectl/Apply"],
      marks: [
        { about: "condition", name: "Ready", value: "True", reason: "" },
        { about: "observe", name: "", value: "", reason: "" },
        { about: "phase", name: "", value: "Failed", reason: "", at: { observedMs: 1_400 } },
        {
          about: "observe",
          name: "",
          value: "",
          reason: "",
          at: { observedMs: 1_500, recordedMs: 1_000, isLate: true },
        },
      ],
      leftOut: 0,
    },
  ],
};

test("encodeMemory() writes what the state file holds, short", () => {
  expect(encodeMemory(FULL)).toBe(
    '[1,1000,3,0,3,1000,"Failed",null,1000,1,["Ready",0,2000,"Odd",1,null,"Own","Perhaps",-500],' +
      '{"since":3000,"writers":[["kubectl/Apply",3]],' +
      '"updated":[3,[[["spec","size"],{"before":1,"after":2}],[["metadata","labels","a/b"],{"after":"x"}],[["spec","text"]]],1],' +
      '"status":[1,[[["status","n"],{"before":null}]]]},null,{"status.scanned":2},' +
      "[0,3,300,[0,-300],[7700,700,1]]]",
  );
});

test("encodeMemory() writes the times of the records that were told as what lies between them", () => {
  expect(encodeMemory(COUNTING)).toBe(
    '[1,0,null,null,null,null,null,null,5000,null,null,[1000,0,1500,["a/Update",2]]]',
  );
});

test("encodeMemory() writes of work that goes on what is not empty", () => {
  expect(encodeMemory(WORKING)).toBe(
    "[1,1000,2,0,null,null,null,null,null,null,null,null," +
      '[[0,2,2,"0",300,[0,-300],["kubectl/Apply"],0,' +
      '[[0,"Ready","True"],[3],[1,"","Failed","",100],[3,"","","",[200,-300,1]]]]]]',
  );
});

test("encodeMemory() leaves out what is empty", () => {
  expect(encodeMemory(EMPTY_MEMORY)).toBe("[1,0]");
});

const MARK = { name: "Ready", reason: "Waiting", at: { observedMs: 1_500 } };
const PAST = { role: "delete", generation: 2, start: { observedMs: 3_000 } } as const;
const GOING: Memory = {
  ...EMPTY_MEMORY,
  generation: { value: 2, sinceMs: 900 },
  work: [
    {
      role: "converge",
      generation: 2,
      of: 2,
      ordinal: "0",
      start: { observedMs: 1_000, recordedMs: 500 },
      managers: ["a/Apply"],
      marks: [{ about: "condition", value: "False", ...MARK }],
      leftOut: 1,
      gone: [
        {
          owner: "set",
          kind: "Pod",
          group: "",
          name: "pod-0",
          uid: "uid-0",
          at: { observedMs: 4_000, recordedMs: 3_900, isLate: true },
          past: [{ ...PAST, end: { observedMs: 4_000 } }],
        },
        {
          owner: "set",
          kind: "Pod",
          group: "",
          name: "pod-1",
          uid: "uid-1",
          at: { observedMs: 5_000 },
          past: [],
        },
      ],
    },
  ],
};

test("encodeMemory() writes of work that goes on which children went, short", () => {
  expect(encodeMemory(GOING)).toBe(
    '[1,900,2,0,null,null,null,null,null,null,null,null,[[0,2,2,"0",100,[0,-500],["a/Apply"],1,[[0,"Ready","False","Waiting",500]],' +
      '[["set","Pod","","pod-0","uid-0",3100,[0,-100,1],[1,2,2100,0,1000]],["set","Pod","","pod-1","uid-1",4100,0]]]]]',
  );
});

const TOLD: Memory = { ...EMPTY_MEMORY, unwell: { isTold: true } };

test.each([FULL, COUNTING, WORKING, GOING, TOLD, EMPTY_MEMORY])(
  "decodeMemory() reads what encodeMemory() wrote of %j",
  (memory) => {
    expect(decodeMemory(encodeMemory(memory))).toEqual(memory);
  },
);

test("decodeMemory() reads what a newer program wrote, as far as it understands", () => {
  const newer = [...parts(FULL), { count: 20 }, "later"];

  expect(decodeMemory(JSON.stringify(newer))).toEqual(FULL);
});

test.each([
  null,
  1,
  "text",
  [],
  {},
  [1],
  [1, "yesterday"],
  [1, 9e15, 3, 0],
  [1, 0],
  { version: 1, health: ["failed", 1] },
  ["1", 0, 3, 0],
  [1, 0, "3", {}, "failed", [], 3, 4, "x", true, {}, 7, "work", null],
])("decodeMemory() makes an empty memory of %j", (json) => {
  expect(decodeMemory(JSON.stringify(json))).toEqual(EMPTY_MEMORY);
});

test("decodeMemory() understands nothing of another version", () => {
  expect(decodeMemory(JSON.stringify([2, ...parts(FULL).slice(1)]))).toEqual(EMPTY_MEMORY);
});

test.each([
  ["a health that is none of ours", { 4: 99, 5: 1 }],
  ["a health between two", { 4: 1.5, 5: 1 }],
  ["a generation that is no integer", { 2: 1.5, 3: 1 }],
  ["a generation that nobody knows the age of", { 2: 1 }],
  ["a condition without a status", { 10: ["Ready", null, 1, "Ready", {}, 1, 3, 1, 1, "Ready"] }],
  ["a condition with a status that is no place in the list", { 10: ["Ready", 7, 1] }],
  ["what is neither unwell nor told", { 8: null, 9: 0 }],
  ["a flood of which nothing is known", { 11: ["x", ["a", 1]] }],
  ["a flood without a time", { 11: { writers: [["a", 1]] } }],
  ["a flood that is no list", { 11: 1 }],
  ["work that is none", { 12: [[9, 2, 2, "0", 0, 0, [], 0, []], [0], "x"] }],
  ["a tick that is no count", { 13: { a: -1, b: "3", c: 0, d: 1.5 } }],
])("decodeMemory() drops %s", (_what, json) => {
  expect(decodeMemory(rowOf(json))).toEqual(EMPTY_MEMORY);
});

test.each([1e300, 8.64e15, "yesterday", null])(
  "decodeMemory() drops the time %j but keeps what it is of",
  (since) => {
    const row = rowOf({
      1: 5,
      4: 3,
      5: since,
      6: "x",
      7: since,
      10: ["Ready", 1, since, "Odd", 0, 3],
    });

    expect(decodeMemory(row)).toEqual({
      ...EMPTY_MEMORY,
      health: { value: "failed" },
      phase: { value: "x" },
      conditions: [
        { type: "Ready", status: "True" },
        { type: "Odd", status: "False", sinceMs: 8 },
      ],
    });
  },
);

test("decodeMemory() keeps of a flood what it understands", () => {
  const flood = {
    since: 1,
    writers: [["a", 1], ["b"], "c", [2, 2]],
    updated: [2, [[["spec"], { before: 1 }], [[]], [["x", 3]], "y"]],
    status: [-1, []],
  };

  expect(decodeMemory(rowOf({ 11: flood })).flood).toEqual({
    type: "withholding",
    sinceMs: 1,
    writers: [["a", 1]],
    held: {
      "lifeline.object.updated": {
        count: 2,
        net: { entries: [{ path: ["spec"], values: { before: 1 } }], isCut: false },
      },
    },
  });
});

test("decodeMemory() keeps of work what it understands", () => {
  const work = [[0, 2, 2, "0", 5, 0, ["a", 1], "x", [[3], [9], [1, 2], "y", [0, "Ready"]]]];

  expect(decodeMemory(rowOf({ 12: work })).work).toEqual([
    {
      role: "converge",
      generation: 2,
      of: 2,
      ordinal: "0",
      start: { observedMs: 5 },
      managers: ["a"],
      marks: [
        { about: "observe", name: "", value: "", reason: "" },
        { about: "condition", name: "Ready", value: "", reason: "" },
      ],
      leftOut: 0,
    },
  ]);
});

test.each([[8.64e15], [[0, 8.64e15]]])(
  "decodeMemory() gives work up that began at no time that a Date can hold, %j after its start",
  (moment) => {
    const work = [[0, 2, 2, "0", 1_000, moment, [], 0, []]];

    expect(decodeMemory(rowOf({ 12: work })).work).toBeUndefined();
  },
);

test("decodeMemory() bounds what it takes over", () => {
  const conditions = Array.from({ length: 1_000 }, (_, index) => [`C${index}`, 1, 0]).flat();
  const told = Array.from({ length: 1_000 }, (_, index) => index);

  const memory = decodeMemory(rowOf({ 10: conditions, 11: told }));

  expect(memory.conditions).toHaveLength(64);
  expect(memory.flood).toHaveProperty("toldAtMs.length", 20);
});

test("encodeMemory() and decodeMemory() take __proto__ for a condition and a tick like any other", () => {
  const text = rowOf({ 10: ["__proto__", 1, null], 13: JSON.parse('{"__proto__":2}') });

  const memory = decodeMemory(text);

  expect(conditionOf(memory, "__proto__")).toEqual({ type: "__proto__", status: "True" });
  expect(conditionOf(memory, "constructor")).toBeUndefined();
  expect(ownEntry(memory.ticks, "__proto__")).toBe(2);
  expect(encodeMemory(memory)).toBe(text);
});

function parts(memory: Memory): readonly unknown[] {
  const row: unknown = JSON.parse(encodeMemory(memory));
  return Array.isArray(row) ? row : [];
}

/** A row of this version with these at their places, and nothing else. */
function rowOf(places: Readonly<Record<number, unknown>>): string {
  const row: unknown[] = [1, 0];
  for (const [place, value] of Object.entries(places)) row[Number(place)] = value;
  // The holes become null.
  return JSON.stringify(row);
}
