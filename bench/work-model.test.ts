import { expect, test } from "vitest";
import { type WorkFacts, WorkModel } from "./work-model.ts";

const STATUS: WorkFacts = {
  kind: "Database",
  isNewSpec: false,
  ready: { before: true, after: true },
  phase: { before: "Running", after: "Running" },
  isCurrent: true,
};
const SPEC: WorkFacts = { ...STATUS, isNewSpec: true, isCurrent: false };
const LOST: WorkFacts = { ...STATUS, ready: { before: true, after: false }, isCurrent: false };
const NOT_READY: WorkFacts = {
  ...STATUS,
  ready: { before: false, after: false },
  isCurrent: false,
};
const REGAINED: WorkFacts = { ...STATUS, ready: { before: false, after: true } };
const RESIZING = { before: "Running", after: "Resizing" };
const RUNNING = { before: "Resizing", after: "Running" };

test.for<readonly [string, readonly WorkFacts[], Record<string, number>]>([
  ["a status that changes nothing", [STATUS], {}],
  ["a spec that is not taken up yet", [SPEC], {}],
  ["a spec that is taken up", [SPEC, STATUS], { "Database converge: current": 1, observe: 1 }],
  [
    "a spec after a spec",
    [SPEC, SPEC, STATUS],
    { "Database converge: superseded": 1, "Database converge: current": 1, observe: 2 },
  ],
  [
    "Ready lost twice within a disruption's two lives",
    [LOST, REGAINED, LOST, REGAINED],
    { "Database disruption: current": 2, "condition Ready": 2 },
  ],
  [
    "a spec while it is not ready",
    [LOST, { ...SPEC, ready: NOT_READY.ready }, NOT_READY, REGAINED],
    {
      "Database disruption: superseded": 1,
      "Database converge: current": 1,
      observe: 1,
      "condition Ready": 2,
    },
  ],
  [
    "Ready lost by the write that takes the spec up",
    [SPEC, LOST, REGAINED],
    { "Database converge: current": 1, observe: 1, "condition Ready": 1 },
  ],
  [
    "a phase that the end begins",
    [SPEC, { ...STATUS, phase: RESIZING }],
    { "Database converge: current": 1, observe: 1, "phase Running": 1 },
  ],
  [
    "phases that come and go before the end",
    [LOST, { ...NOT_READY, phase: RESIZING }, { ...NOT_READY, phase: RUNNING }, REGAINED],
    {
      "Database disruption: current": 1,
      "condition Ready": 1,
      "phase Running": 2,
      "phase Resizing": 1,
    },
  ],
])("WorkModel counts the spans of %s", ([, updates, expected]) => {
  const model = new WorkModel<string>();

  for (const facts of updates) model.update("one", facts);

  expect(Object.fromEntries(model.spans)).toEqual(expected);
});

test("WorkModel keeps objects apart", () => {
  const model = new WorkModel<string>();

  model.update("one", SPEC);
  model.update("other", STATUS);

  expect(model.spans.size).toBe(0);
});
