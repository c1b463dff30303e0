import { expect, test } from "vitest";
import { decodeMemory, EMPTY_MEMORY, encodeMemory, type Memory, ownEntry } from "./memory.ts";

const FULL: Memory = {
  version: 1,
  generation: { value: 3, sinceMs: 1_000 },
  health: { value: "failed", sinceMs: 2_000 },
  phase: { value: "Failed" },
  conditions: { Ready: { status: "False", sinceMs: 3_000 }, Odd: { status: "True" } },
  ticks: { "status.scanned": 2 },
};

test("encodeMemory() writes what the state file holds, short", () => {
  expect(encodeMemory(FULL)).toBe(
    '{"version":1,"generation":[3,1000],"health":["failed",2000],"phase":["Failed"],' +
      '"conditions":[["Ready","False",3000],["Odd","True"]],"ticks":{"status.scanned":2}}',
  );
});

test("encodeMemory() leaves out what is empty", () => {
  expect(encodeMemory(EMPTY_MEMORY)).toBe('{"version":1}');
});

test.each([FULL, EMPTY_MEMORY])(
  "decodeMemory() reads what encodeMemory() wrote of %j",
  (memory) => {
    expect(decodeMemory(encodeMemory(memory))).toEqual(memory);
  },
);

test("decodeMemory() reads what a newer program wrote, as far as it understands", () => {
  const newer = {
    ...JSON.parse(encodeMemory(FULL)),
    version: 2,
    flood: { count: 20 },
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

test("decodeMemory() bounds what it takes over", () => {
  const conditions = Array.from({ length: 1_000 }, (_, index) => [`C${index}`, "True"]);

  const memory = decodeMemory(JSON.stringify({ conditions }));

  expect(Object.keys(memory.conditions)).toHaveLength(64);
});

test("encodeMemory() and decodeMemory() take __proto__ for a condition and a tick like any other", () => {
  const text = '{"version":1,"conditions":[["__proto__","True"]],"ticks":{"__proto__":2}}';

  const memory = decodeMemory(text);

  expect(ownEntry(memory.conditions, "__proto__")).toEqual({ status: "True" });
  expect(ownEntry(memory.conditions, "constructor")).toBeUndefined();
  expect(ownEntry(memory.ticks, "__proto__")).toBe(2);
  expect(encodeMemory(memory)).toBe(text);
});
