import { expect, test } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
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
import type { LogSignal, Outcome, Severity } from "./signal.ts";

const WINDOW = 600_000;

/** An object's life, one Change after the other, its memory as the store would give it back. */
class Life {
  readonly outcomes: Outcome[] = [];
  readonly #interpret: ReturnType<typeof createInterpret>;
  #object: KubeObject;
  #memory: Memory;
  #resourceVersion = 100;

  constructor(minimumSeverity: Severity = "DEBUG") {
    this.#interpret = createInterpret({ minimumSeverity });
    this.#object = database({ status: { phase: "Ready", jobs: 0 } });
    this.#memory = this.#interpret(appearance(this.#object, "first-look"), undefined).memory;
  }

  get object(): KubeObject {
    return this.#object;
  }

  get memory(): Memory {
    return this.#memory;
  }

  write(atMs: number, fields: Parameters<typeof database>[0], manager = "a/Update"): Outcome {
    const before = this.#object;
    this.#resourceVersion += 1;
    this.#object = database({
      spec: before["spec"],
      status: before.status,
      ...fields,
      metadata: { ...fields?.metadata, resourceVersion: String(this.#resourceVersion) },
    });
    return this.#keep(
      this.#interpret(
        changeBetween(before, this.#object, { observedAtMs: atMs, managers: [manager] }),
        decodeMemory(encodeMemory(this.#memory)),
      ),
    );
  }

  /** So many writes of spec.replicas, two managers in turn, one a second. */
  fight(writes: number, fromMs = NOW_MS): readonly Outcome[] {
    return Array.from({ length: writes }, (_, index) =>
      this.write(
        fromMs + index * 1_000,
        { spec: { replicas: index % 2 === 0 ? 5 : 3 } },
        index % 2 === 0 ? "kubectl/Update" : "operator/Apply",
      ),
    );
  }

  elapse(atMs: number): Outcome {
    return this.#keep(
      this.#interpret(
        { type: "elapsed", kind: DATABASE_KIND, observedAtMs: atMs, after: this.#object },
        decodeMemory(encodeMemory(this.#memory)),
      ),
    );
  }

  goes(atMs: number): Outcome {
    return this.#keep(
      this.#interpret(
        {
          type: "disappeared",
          kind: DATABASE_KIND,
          observedAtMs: atMs,
          before: this.#object,
          cause: "deleted",
          finalStateUnknown: false,
        },
        this.#memory,
      ),
    );
  }

  /** How often each action was told, a collapsed record as often as it says, and how often it was counted. */
  balance(action: string): { readonly told: number; readonly counted: number } {
    let [told, counted] = [0, 0];
    for (const signal of this.outcomes.flatMap(({ signals }) => signals)) {
      if (signal.type === "count")
        counted += signal.attributes["action"] === action ? signal.by : 0;
      else if (signal.type === "log" && signal.attributes["lifeline.action"] === action)
        told += Number(signal.attributes["lifeline.collapsed"] ?? 1);
    }
    return { told, counted };
  }

  #keep(outcome: Outcome): Outcome {
    this.outcomes.push(outcome);
    this.#memory = outcome.memory;
    return outcome;
  }
}

function logs(...outcomes: readonly Outcome[]): readonly LogSignal[] {
  return outcomes.flatMap(({ signals }) => signals).filter((signal) => signal.type === "log");
}

function actions(...outcomes: readonly Outcome[]): readonly unknown[] {
  return logs(...outcomes).map(({ attributes }) => attributes["lifeline.action"]);
}

test("60 writes of two managers give 20 updated and one hot that names both, and count 60", () => {
  const life = new Life();

  const told = logs(...life.fight(60));

  expect(told.slice(0, 20).every(({ eventName }) => eventName === "lifeline.object.updated")).toBe(
    true,
  );
  expect(told.slice(20)).toEqual([
    expect.objectContaining({
      eventName: "lifeline.object.hot",
      severity: "WARN",
      timeMs: NOW_MS + 20_000,
      body: "CustomDatabase default/my-app-db changes all the time, 21 times within 20 s, lately by kubectl/Update (6), operator/Apply (5); from now on one record tells the changes of 10 min, at resourceVersion 121",
    }),
  ]);
  expect(told[20]?.attributes).toMatchObject({
    "lifeline.hot.records": 21,
    "lifeline.duration": 20,
    "lifeline.change.managers": ["kubectl/Update", "operator/Apply"],
    "log.record.uid": sha256("uid-1\x00121\x00hot\0").slice(0, 32),
  });
  expect(life.balance("updated")).toEqual({ told: 20, counted: 60 });
  expect(life.balance("hot")).toEqual({ told: 1, counted: 1 });
});

test("after ten minutes one collapsed record tells the net change, at the wake-up that was asked for", () => {
  const life = new Life();
  const wakeAtMs = life.fight(61).at(-1)?.wakeAtMs ?? 0;

  const outcome = life.elapse(wakeAtMs);

  expect(wakeAtMs).toBe(NOW_MS + 20_000 + WINDOW);
  expect(logs(outcome)).toEqual([
    expect.objectContaining({
      eventName: "lifeline.object.updated",
      severity: "INFO",
      timeMs: wakeAtMs,
      body: "CustomDatabase default/my-app-db changed 41 times, in all spec.replicas 3 → 5, by kubectl/Update, operator/Apply, at resourceVersion 161",
    }),
  ]);
  expect(logs(outcome)[0]?.attributes).toMatchObject({
    "lifeline.collapsed": 41,
    "lifeline.change.paths": ["spec.replicas"],
    "lifeline.change.diff": '[{"path":"spec.replicas","before":3,"after":5}]',
    "lifeline.change.managers": ["kubectl/Update", "operator/Apply"],
    "log.record.uid": sha256("uid-1\x00161\x00updated\x00collapsed").slice(0, 32),
  });
  expect(outcome.signals).toHaveLength(1);
  expect(life.balance("updated")).toEqual({ told: 61, counted: 61 });
});

test("a fight that ends as it began has paths, no differences, and says so", () => {
  const life = new Life();
  life.fight(60);

  const [record] = logs(life.elapse(NOW_MS + 20_000 + WINDOW));

  expect(record?.body).toContain("changed 40 times and is again as it was, by ");
  expect(record?.attributes).toMatchObject({
    "lifeline.collapsed": 40,
    "lifeline.change.paths": ["spec.replicas"],
    "lifeline.change.diff": "[]",
  });
  expect(record?.attributes).not.toHaveProperty("lifeline.change.truncated");
});

test("a write that comes before the wake-up finds the collapsed record told, about the object as it was", () => {
  const life = new Life();
  life.fight(30);

  const outcome = life.write(NOW_MS + 20_000 + WINDOW, { spec: { replicas: 9 } });

  expect(actions(outcome)).toEqual(["updated", "updated"]);
  const [collapsed, single] = logs(outcome);
  expect(collapsed?.attributes).toMatchObject({
    "lifeline.collapsed": 10,
    "k8s.object.resource_version": "130",
  });
  expect(single?.attributes).not.toHaveProperty("lifeline.collapsed");
  expect(life.balance("updated")).toEqual({ told: 31, counted: 31 });
});

test("what is withheld of an object that goes is told before it goes", () => {
  const life = new Life();
  life.fight(30);

  const outcome = life.goes(NOW_MS + 40_000);

  expect(actions(outcome)).toEqual(["updated", "deleted"]);
  expect(logs(outcome)[0]?.attributes["lifeline.collapsed"]).toBe(10);
});

test("conditions, phases and health are told whatever the flood", () => {
  const life = new Life();
  life.fight(60);

  const outcome = life.write(NOW_MS + 70_000, {
    spec: { replicas: 7 },
    status: {
      phase: "Failed",
      conditions: [{ type: "Backup", status: "False", reason: "Full", message: "" }],
    },
  });

  expect(actions(outcome)).toEqual(["condition_changed", "phase_changed", "health_changed"]);
});

test("at DEBUG each of the two actions has a collapsed record of its own, and all count together", () => {
  const life = new Life();
  for (let index = 1; index <= 15; index++) {
    life.write(NOW_MS + index, {
      spec: { replicas: 10 + index },
      status: { phase: "Ready", jobs: index },
    });
  }

  const outcome = life.elapse(NOW_MS + 11 + WINDOW);

  expect(life.balance("hot").told).toBe(1);
  expect(
    logs(outcome).map(({ eventName, severity, attributes }) => [
      eventName,
      severity,
      attributes["lifeline.collapsed"],
    ]),
  ).toEqual([
    ["lifeline.object.updated", "INFO", 5],
    ["lifeline.object.status_updated", "DEBUG", 5],
  ]);
  expect(life.balance("updated")).toEqual({ told: 15, counted: 15 });
  expect(life.balance("status_updated")).toEqual({ told: 15, counted: 15 });
});

test.each([
  ["INFO", 20, 1],
  ["WARN", 0, 0],
] as const)("at %s what is not sent is neither a flood nor withheld", (severity, updated, hot) => {
  const life = new Life(severity);

  for (let jobs = 1; jobs <= 100; jobs++)
    life.write(NOW_MS + jobs, { status: { phase: "Ready", jobs } });
  expect(life.memory.flood).toBeUndefined();
  life.fight(100);

  expect(life.balance("status_updated")).toEqual({ told: 0, counted: 100 });
  expect(life.balance("updated")).toEqual({ told: updated, counted: 100 });
  expect(life.balance("hot").told).toBe(hot);
});

test("ticking fields are no flood", () => {
  const life = new Life();

  for (let beat = 1; beat <= 100; beat++)
    life.write(NOW_MS + beat, { status: { phase: "Ready", jobs: 0, heartbeat: beat } });

  expect(life.balance("ticked").counted).toBe(100);
  expect(life.memory.flood).toBeUndefined();
});

test("the memory of a quiet object has nothing of the guard, once ten minutes are over", () => {
  const life = new Life();
  life.write(NOW_MS, { spec: { replicas: 5 } });

  life.write(NOW_MS + WINDOW, { status: { phase: "Ready", jobs: 0, heartbeat: 1 } });

  expect(encodeMemory(life.memory)).not.toContain("flood");
});

test("a collapsed record that had to leave something out says so", () => {
  const life = new Life();
  life.fight(20);
  life.write(NOW_MS + 30_000, { spec: { replicas: 3, text: "x".repeat(1_000) } });

  const [record] = logs(life.elapse(NOW_MS + 30_000 + WINDOW));

  expect(record?.attributes).toMatchObject({
    "lifeline.collapsed": 1,
    "lifeline.change.paths": ["spec.text"],
    "lifeline.change.diff": "[]",
    "lifeline.change.truncated": true,
  });
  expect(record?.body).toContain("changed 1 time, by a/Update");
});
