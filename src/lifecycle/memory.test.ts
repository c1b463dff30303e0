import { expect, test } from "vitest";
import { decodeMemory, EMPTY_MEMORY, encodeMemory, type Memory, ownEntry } from "./memory.ts";

const FULL: Memory = {
  version: 1,
  generation: { value: 3, sinceMs: 1_000 },
  health: { value: "failed", sinceMs: 2_000 },
  phase: { value: "Failed" },
  conditions: { Ready: { status: "False", sinceMs: 3_000 }, Odd: { status: "True" } },
  ticks: { "status.scanned": 2 },
  unwell: { sinceMs: 2_000, isTold: true },
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

test("encodeMemory() writes what the state file holds, short", () => {
  expect(encodeMemory(FULL)).toBe(
    '{"version":1,"generation":[3,1000],"health":["failed",2000],"phase":["Failed"],' +
      '"conditions":[["Ready","False",3000],["Odd","True"]],"ticks":{"status.scanned":2},"unwell":[2000,1],' +
      '"flood":{"since":4000,"writers":[["kubectl/Apply",3]],' +
      '"updated":[3,[[["spec","size"],{"before":1,"after":2}],[["metadata","labels","a/b"],{"after":"x"}],[["spec","text"]]],1],' +
      '"status":[1,[[["status","n"],{"before":null}]]]}}',
  );
});

test("encodeMemory() writes the times of the records that were told as what lies between them", () => {
  expect(encodeMemory(COUNTING)).toBe(
    '{"version":1,"unwell":[5000],"flood":{"told":[1000,0,1500],"writers":[["a/Update",2]]}}',
  );
});

test("encodeMemory() leaves out what is empty", () => {
  expect(encodeMemory(EMPTY_MEMORY)).toBe('{"version":1}');
});

const TOLD: Memory = { ...EMPTY_MEMORY, unwell: { isTold: true } };

test.each([FULL, COUNTING, TOLD, EMPTY_MEMORY])(
  "decodeMemory() reads what encodeMemory() wrote of %j",
  (memory) => {
    expect(decodeMemory(encodeMemory(memory))).toEqual(memory);
  },
);

test("decodeMemory() reads what a newer program wrote, as far as it understands", () => {
  const newer = {
    ...JSON.parse(encodeMemory(FULL)),
    version: 2,
    later: { count: 20 },
    health: ["failed", 2_000, "x"],
  };

  expect(decodeMemory(JSON.stringify(newer))).toEqual(FULL);
});

test.each([
  null,
  1,
  "text",
  [],
  {},
  { version: 1 },
  { conditions: {}, ticks: null, health: "failed", phase: 3, generation: 2 },
])("decodeMemory() makes an empty memory of %j", (json) => {
  expect(decodeMemory(JSON.stringify(json))).toEqual(EMPTY_MEMORY);
});

test.each([
  ["a health that is none of ours", { health: ["sick", 1] }],
  ["a generation that is no integer", { generation: [1.5, 1] }],
  ["a generation that nobody knows the age of", { generation: [1] }],
  ["a condition without a status", { conditions: [["Ready"], ["Ready", 1], "Ready"] }],
  ["what is neither unwell nor told", { unwell: [null, 0] }],
  ["a flood of which nothing is known", { flood: { told: ["x"], writers: [["a", 1]] } }],
  ["a flood that is no map", { flood: [1] }],
  ["a tick that is no count", { ticks: { a: -1, b: "3", c: 0, d: 1.5 } }],
])("decodeMemory() drops %s", (_what, json) => {
  expect(decodeMemory(JSON.stringify(json))).toEqual(EMPTY_MEMORY);
});

test.each([1e300, "yesterday", null])(
  "decodeMemory() drops the time %j but keeps what it is of",
  (sinceMs) => {
    const json = {
      health: ["failed", sinceMs],
      phase: ["x", sinceMs],
      conditions: [["Ready", "True", sinceMs]],
    };

    expect(decodeMemory(JSON.stringify(json))).toEqual({
      ...EMPTY_MEMORY,
      health: { value: "failed" },
      phase: { value: "x" },
      conditions: { Ready: { status: "True" } },
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

  expect(decodeMemory(JSON.stringify({ flood })).flood).toEqual({
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

test("decodeMemory() bounds what it takes over", () => {
  const conditions = Array.from({ length: 1_000 }, (_, index) => [`C${index}`, "True"]);

  const told = Array.from({ length: 1_000 }, (_, index) => index);
  const memory = decodeMemory(JSON.stringify({ conditions, flood: { told } }));

  expect(Object.keys(memory.conditions)).toHaveLength(64);
  expect(memory.flood).toHaveProperty("toldAtMs.length", 20);
});

test("encodeMemory() and decodeMemory() take __proto__ for a condition and a tick like any other", () => {
  const text = '{"version":1,"conditions":[["__proto__","True"]],"ticks":{"__proto__":2}}';

  const memory = decodeMemory(text);

  expect(ownEntry(memory.conditions, "__proto__")).toEqual({ status: "True" });
  expect(ownEntry(memory.conditions, "constructor")).toBeUndefined();
  expect(ownEntry(memory.ticks, "__proto__")).toBe(2);
  expect(encodeMemory(memory)).toBe(text);
});
