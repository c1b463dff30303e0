import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { findCondition, parseConditions, parseGeneration, readConditions } from "./conditions.ts";

function objectWith(status: unknown): KubeObject {
  const metadata = { name: "x", uid: "1", resourceVersion: "1" };
  return { apiVersion: "example.com/v1", kind: "Thing", metadata, status };
}

test("readConditions() reads all fields that we use and leaves the others", () => {
  const full = {
    type: "Ready",
    status: "False",
    reason: "Broken",
    message: "disk is full",
    lastTransitionTime: "2026-01-31T08:00:00Z",
    lastHeartbeatTime: "2026-01-31T09:00:00Z",
    observedGeneration: 3,
  };

  const conditions = readConditions(objectWith({ conditions: [full] }));

  const { lastHeartbeatTime: _unused, ...expected } = full;
  expect(conditions).toEqual([expected]);
});

test("readConditions() takes missing texts for empty ones", () => {
  const conditions = readConditions(objectWith({ conditions: [{ type: "Ready" }] }));

  expect(conditions).toEqual([{ type: "Ready", status: "", reason: "", message: "" }]);
});

test.each([
  [undefined],
  [null],
  ["Ready"],
  [5],
  [[]],
  [{}],
  [{ conditions: null }],
  [{ conditions: "Ready" }],
  [{ conditions: { Ready: "True" } }],
])("readConditions() finds none in status %j", (status) => {
  expect(readConditions(objectWith(status))).toEqual([]);
});

test("parseConditions() passes over what has no type and keeps the order of the rest", () => {
  const list = [
    null,
    "Ready",
    5,
    [],
    {},
    { type: "" },
    { type: 5 },
    { type: "B", status: "True" },
    { type: "A", status: "True" },
  ];

  const types = parseConditions(list).map(({ type }) => type);

  expect(types).toEqual(["B", "A"]);
});

test.each([
  [true, "True"],
  [false, "False"],
  ["true", "true"],
  [1, ""],
  [null, ""],
])("parseConditions() reads status %j as %j", (status, expected) => {
  expect(parseConditions([{ type: "Ready", status }])).toMatchObject([{ status: expected }]);
});

test("parseConditions() leaves out times and generations that are none", () => {
  const [condition] = parseConditions([
    { type: "Ready", lastTransitionTime: 5, observedGeneration: "three" },
  ]);

  expect(condition).toEqual({ type: "Ready", status: "", reason: "", message: "" });
});

test("findCondition() gives the first of that type, and only of that type", () => {
  const conditions = parseConditions([
    { type: "ready", status: "Unknown" },
    { type: "Ready", status: "True" },
    { type: "Ready", status: "False" },
  ]);

  expect(findCondition(conditions, "Ready")?.status).toBe("True");
  expect(findCondition(conditions, "Available")).toBeUndefined();
});

test.each([
  [0, 0],
  [7, 7],
  ["7", 7],
  ["007", 7],
  ["", undefined],
  ["7a", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["99999999999999999999", undefined],
  [1.5, undefined],
  [true, undefined],
  [null, undefined],
  [undefined, undefined],
  [[7], undefined],
])("parseGeneration(%j) is %j", (value, generation) => {
  expect(parseGeneration(value)).toBe(generation);
});

test("readConditions() never throws, whatever the status holds", () => {
  const status = fc.oneof(fc.jsonValue(), fc.record({ conditions: fc.array(fc.jsonValue()) }));

  fc.assert(
    fc.property(status, (value) => {
      for (const condition of readConditions(objectWith(value)))
        expect(typeof condition.type).toBe("string");
    }),
  );
});
