import { expect, test } from "vitest";
import { EMPTY_MEMORY, type Memory, ownEntry, readMemory } from "./memory.ts";

const FULL: Memory = {
  version: 1,
  generation: { value: 3, sinceMs: 1_000 },
  health: { value: "failed", sinceMs: 2_000 },
  phase: { value: "Failed" },
  conditions: { Ready: { status: "False", sinceMs: 3_000 }, Odd: { status: "True" } },
  ticks: { "status.scanned": 2 },
};

test("readMemory() reads what was written", () => {
  expect(readMemory(JSON.parse(JSON.stringify(FULL)))).toEqual(FULL);
});

test("readMemory() reads what a newer program wrote, as far as it understands", () => {
  expect(
    readMemory({
      ...FULL,
      version: 2,
      flood: { count: 20 },
      health: { value: "failed", sinceMs: 2_000, by: "x" },
    }),
  ).toEqual(FULL);
});

test.each([
  undefined,
  null,
  1,
  "text",
  [],
  {},
  { version: 1 },
  { conditions: [], ticks: null, health: "failed", phase: 3, generation: 2 },
])("readMemory() makes an empty memory of %j", (json) => {
  expect(readMemory(json)).toEqual(EMPTY_MEMORY);
});

test.each([
  ["a health that is none of ours", { health: { value: "sick", sinceMs: 1 } }],
  ["a generation that is no integer", { generation: { value: 1.5, sinceMs: 1 } }],
  ["a generation that nobody knows the age of", { generation: { value: 1 } }],
  ["a condition without a status", { conditions: { Ready: { sinceMs: 1 } } }],
  ["a tick that is no count", { ticks: { a: -1, b: "3", c: 0, d: 1.5 } }],
])("readMemory() drops %s", (_what, json) => {
  expect(readMemory(json)).toEqual(EMPTY_MEMORY);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300, "yesterday", null])(
  "readMemory() drops the time %j but keeps what it is of",
  (sinceMs) => {
    const memory = readMemory({
      health: { value: "failed", sinceMs },
      phase: { value: "x", sinceMs },
      conditions: { Ready: { status: "True", sinceMs } },
    });

    expect(memory).toEqual({
      ...EMPTY_MEMORY,
      health: { value: "failed" },
      phase: { value: "x" },
      conditions: { Ready: { status: "True" } },
    });
  },
);

test("readMemory() bounds what it takes over", () => {
  const conditions = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, index) => [`C${index}`, { status: "True" }]),
  );

  expect(Object.keys(readMemory({ conditions }).conditions)).toHaveLength(64);
});

test("readMemory() takes __proto__ for a condition like any other", () => {
  const { conditions } = readMemory(JSON.parse('{"conditions":{"__proto__":{"status":"True"}}}'));

  expect(ownEntry(conditions, "__proto__")).toEqual({ status: "True" });
  expect(ownEntry(conditions, "constructor")).toBeUndefined();
});
