import { expect, test } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import type { Change } from "../history/change.ts";
import {
  appearance,
  changeBetween,
  database,
  DATABASE_KIND,
  NOW_MS,
} from "../testing/kube-change.ts";
import { sha256 } from "../util/sha256.ts";
import { createInterpret } from "./interpret.ts";
import { decodeMemory, encodeMemory, type Memory } from "./memory.ts";
import type { LogSignal, Outcome } from "./signal.ts";

const STUCK_AFTER_MS = 600_000;
const interpret = createInterpret({ stuckAfterMs: STUCK_AFTER_MS });

const BORN = "2023-10-26T09:59:30Z";
const BORN_MS = Date.parse(BORN);

function born(phase: string, generation = 1): KubeObject {
  return database({ metadata: { creationTimestamp: BORN, generation }, status: { phase } });
}

function created(object: KubeObject): Outcome {
  return interpret(appearance(object, "created"), undefined);
}

function elapsed(after: KubeObject, observedAtMs: number): Change {
  return { type: "elapsed", kind: DATABASE_KIND, observedAtMs, after };
}

/** One more step, the memory as the store would give it back. */
function next(change: Change, memory: Memory): Outcome {
  return interpret(change, decodeMemory(encodeMemory(memory)));
}

function stuckOf(outcome: Outcome): LogSignal | undefined {
  const found = outcome.signals.filter(
    (signal): signal is LogSignal =>
      signal.type === "log" && signal.eventName === "lifeline.object.stuck",
  );
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0];
}

test("stuck tells what the object waits for", () => {
  const object = database({
    metadata: { creationTimestamp: BORN, generation: 4 },
    status: {
      observedGeneration: 3,
      conditions: [
        { type: "Ready", status: "False", reason: "Provisioning", message: "waits for storage" },
        { type: "BackupReady", status: "True", reason: "", message: "" },
        { type: "Degraded", status: "False", reason: "", message: "" },
        { type: "DiskPressure", status: "True", reason: "", message: "" },
        { type: "Reconciling", status: "False", reason: "", message: "" },
        { type: "Odd", status: "Unknown", reason: "NeverSeen", message: "" },
      ],
    },
  });
  const { memory, wakeAtMs = 0 } = created(object);

  const outcome = next(elapsed(object, wakeAtMs), memory);

  expect(stuckOf(outcome)).toMatchObject({
    severity: "WARN",
    timeMs: wakeAtMs,
    body: "CustomDatabase default/my-app-db is stuck, not current for 10 min and now progressing (LatestGenerationNotObserved): Generation 4 is not observed yet, the latest observed one is 3; has Ready=False (Provisioning), DiskPressure=True, Odd=Unknown (NeverSeen), at resourceVersion 1234",
    attributes: {
      "lifeline.health": "progressing",
      "lifeline.health.reason": "LatestGenerationNotObserved",
      "lifeline.health.message": "Generation 4 is not observed yet, the latest observed one is 3",
      "lifeline.duration": 600,
      "lifeline.stuck.conditions": [
        "Ready=False (Provisioning): waits for storage",
        "DiskPressure=True",
        "Odd=Unknown (NeverSeen)",
      ],
      "lifeline.stuck.observed_generation": 3,
      "log.record.uid": sha256("uid-1\x004\x00stuck\0").slice(0, 32),
    },
  });
  expect(outcome.signals.filter(({ type }) => type === "count")).toMatchObject([
    { attributes: { action: "stuck" }, by: 1 },
  ]);
});

test.each(["Provisioning", "Degraded", "Failed"])(
  "%s is stuck at exactly its time, not before",
  (phase) => {
    const object = born(phase);
    const { memory, wakeAtMs } = created(object);

    expect(wakeAtMs).toBe(BORN_MS + STUCK_AFTER_MS);
    expect(stuckOf(next(elapsed(object, BORN_MS + STUCK_AFTER_MS - 1), memory))).toBeUndefined();
    expect(stuckOf(next(elapsed(object, BORN_MS + STUCK_AFTER_MS), memory))).toBeDefined();
  },
);

test.each([
  ["current", born("Ready")],
  ["suspended", database({ spec: { paused: true }, status: { phase: "Failed" } })],
  [
    "terminating",
    database({
      metadata: { deletionTimestamp: BORN, finalizers: ["x/y"] },
      status: { phase: "Failed" },
    }),
  ],
  ["unknown", database()],
])("what is %s is never stuck, however long", (health, object) => {
  const first = created(object);

  const outcome = next(elapsed(object, NOW_MS + 100 * STUCK_AFTER_MS), first.memory);

  expect(first.health).toBe(health);
  expect(first.wakeAtMs).toBeUndefined();
  expect(stuckOf(outcome)).toBeUndefined();
});

test("stuck is told once per generation", () => {
  const object = born("Failed");
  const changed = born("Failed", 2);
  const told = next(elapsed(object, NOW_MS + STUCK_AFTER_MS), created(object).memory);
  const changedAtMs = NOW_MS + 2 * STUCK_AFTER_MS;

  const again = next(elapsed(object, changedAtMs), told.memory);
  const bumped = next(changeBetween(object, changed, { observedAtMs: changedAtMs }), again.memory);
  const second = next(elapsed(changed, changedAtMs + STUCK_AFTER_MS), bumped.memory);

  expect(stuckOf(told)).toBeDefined();
  expect(told.wakeAtMs).toBeUndefined();
  expect(stuckOf(again)).toBeUndefined();
  expect(stuckOf(bumped)).toBeUndefined();
  expect(bumped.wakeAtMs).toBe(changedAtMs + STUCK_AFTER_MS);
  expect(stuckOf(second)?.attributes["lifeline.duration"]).toBe(600);
});

test("an object that was stuck, became current and fails again at the same generation is not told again", () => {
  const [failed, ready] = [born("Failed"), born("Ready")];
  const told = next(elapsed(failed, NOW_MS + STUCK_AFTER_MS), created(failed).memory);
  const well = next(changeBetween(failed, ready, { observedAtMs: NOW_MS + 700_000 }), told.memory);

  const ill = next(changeBetween(ready, failed, { observedAtMs: NOW_MS + 800_000 }), well.memory);

  expect(ill.wakeAtMs).toBeUndefined();
  expect(stuckOf(next(elapsed(failed, NOW_MS + 9e6), ill.memory))).toBeUndefined();
});

test.each([
  ["current", { status: { phase: "Ready" } }],
  ["suspended", { spec: { paused: true }, status: { phase: "Failed" } }],
])("the time begins anew when it has been %s in between", (_health, fields) => {
  const failed = database({ status: { phase: "Failed" } });
  const well = database(fields);
  const { memory } = created(failed);
  const better = next(changeBetween(failed, well, { observedAtMs: NOW_MS + 500_000 }), memory);

  const worse = next(
    changeBetween(well, failed, { observedAtMs: NOW_MS + 550_000 }),
    better.memory,
  );

  expect(better.wakeAtMs).toBeUndefined();
  expect(worse.wakeAtMs).toBe(NOW_MS + 550_000 + STUCK_AFTER_MS);
});

test("the time goes on from progressing to failed and to degraded", () => {
  const [progressing, failed, degraded] = ["Provisioning", "Failed", "Degraded"].map((phase) =>
    born(phase),
  );
  const first = created(progressing ?? born(""));
  const second = next(
    changeBetween(progressing ?? born(""), failed ?? born(""), { observedAtMs: NOW_MS + 200_000 }),
    first.memory,
  );

  const third = next(
    changeBetween(failed ?? born(""), degraded ?? born(""), { observedAtMs: NOW_MS + 400_000 }),
    second.memory,
  );

  expect([second.wakeAtMs, third.wakeAtMs]).toEqual([
    BORN_MS + STUCK_AFTER_MS,
    BORN_MS + STUCK_AFTER_MS,
  ]);
});

test("a new generation of an object that has long been failing has time of its own", () => {
  const [first, second] = [born("Failed"), born("Failed", 2)];

  const outcome = next(
    changeBetween(first, second, { observedAtMs: NOW_MS + 500_000, writtenAtMs: NOW_MS + 499_000 }),
    created(first).memory,
  );

  expect(outcome.wakeAtMs).toBe(NOW_MS + 499_000 + STUCK_AFTER_MS);
});

test("what was failing at a first look is stuck only after it was seen so for its time", () => {
  const object = database({ status: { phase: "Failed" } });

  const { wakeAtMs } = interpret(appearance(object, "first-look"), undefined);

  expect(wakeAtMs).toBe(NOW_MS + STUCK_AFTER_MS);
});

test("a write after the time tells it, too: an object that is written all the time is never left to the clock", () => {
  const before = born("Failed");
  const after = database({ ...before, metadata: { ...before.metadata, labels: { a: "b" } } });

  const outcome = next(
    changeBetween(before, after, { observedAtMs: BORN_MS + STUCK_AFTER_MS }),
    created(before).memory,
  );

  expect(stuckOf(outcome)).toBeDefined();
});

test("a write that makes it current after the time tells nothing of having been stuck", () => {
  const outcome = next(
    changeBetween(born("Failed"), born("Ready"), { observedAtMs: NOW_MS + 2 * STUCK_AFTER_MS }),
    created(born("Failed")).memory,
  );

  expect(stuckOf(outcome)).toBeUndefined();
});

test("hours without the program count", () => {
  const object = born("Failed");

  const outcome = next(elapsed(object, BORN_MS + 5 * 3_600_000), created(object).memory);

  expect(stuckOf(outcome)?.attributes["lifeline.duration"]).toBe(5 * 3_600);
});

test("a clock that was put back tells nothing too early", () => {
  const object = born("Failed");

  const outcome = next(elapsed(object, BORN_MS - 3_600_000), created(object).memory);

  expect(stuckOf(outcome)).toBeUndefined();
  expect(outcome.wakeAtMs).toBe(BORN_MS + STUCK_AFTER_MS);
});

test("memory holds nothing about being stuck of an object that is well", () => {
  expect(encodeMemory(created(born("Ready")).memory)).not.toContain("unwell");
});
