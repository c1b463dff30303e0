import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeState } from "../history/object-state.ts";
import type { InitialPolicy } from "../lifecycle/first-look.ts";
import { EMPTY_MEMORY, encodeMemory, type Memory } from "../lifecycle/memory.ts";
import type { Health } from "../lifecycle/health-words.ts";
import type { CountSignal, LogSignal, Outcome, Severity } from "../lifecycle/signal.ts";
import { createActiveWatch } from "../testing/active-watch.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { READ_ERROR } from "../testing/faulty-database.ts";
import { appearance, database, NOW_MS } from "../testing/kube-change.ts";
import { objectRow, openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { Commit, type Touched } from "./commit.ts";
import { Fold, type FoldOptions } from "./fold.ts";

let temporary: TemporaryStore;
let commit: Commit;
let touched: readonly Touched[];
let told: readonly LogSignal[];

beforeEach(() => {
  temporary = openTemporaryStore();
  touched = [];
  told = [];
  commit = new Commit({
    store: temporary.store,
    clock: createFakeClock(NOW_MS),
    report: () => undefined,
    logs: {
      encoding: "test",
      encode: (signals) => {
        told = signals;
        return new Uint8Array(1);
      },
    },
    committed: (more) => {
      touched = [...touched, ...more];
    },
  });
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

function createFold(options: Partial<FoldOptions> = {}): Fold {
  return new Fold({
    store: temporary.store,
    commit,
    interpret: () => outcome(),
    initial: "summary",
    minimumSeverity: "INFO",
    pin: () => undefined,
    ...options,
  });
}

function outcome(fields: Partial<Outcome> = {}): Outcome {
  return { memory: EMPTY_MEMORY, health: "current", signals: [], ...fields };
}

function record(severity: Severity, name = ""): LogSignal {
  return {
    type: "log",
    eventName: "lifeline.object.observed",
    severity,
    timeMs: 0,
    observedTimeMs: 0,
    body: name,
    attributes: {},
  };
}

function counted(action: string): CountSignal {
  return { type: "count", metric: "lifeline.object.changes", attributes: { action }, by: 1 };
}

function appeared(uid: string, cause: Parameters<typeof appearance>[1] = "created") {
  const object = database({ metadata: { uid, name: uid } });
  return { change: appearance(object, cause), state: encodeState(object, "") };
}

/** Of another object; while nothing waits nobody asks what does. */
function withholdSomething(): void {
  const move = { changes: 1, seenAtMs: 0, appearance: null, gone: null, reported: "" };
  commit.withhold({ kindId: 1, uid: "another", ...move });
  commit.flush();
}

test("keep() puts the row under a new id, with the memory, the health and the state of the moment", () => {
  const memory: Memory = { ...EMPTY_MEMORY, health: { value: "failed", sinceMs: 5 } };
  const fold = createFold({ interpret: () => outcome({ memory, health: "failed" }) });

  const first = fold.keep(createActiveWatch({ id: 7, kindId: 3 }), undefined, appeared("u1"));
  const second = fold.keep(createActiveWatch(), undefined, appeared("u2"));
  commit.flush();

  const { kind: _kind, ...state } = appeared("u1").state;
  expect(temporary.store.object(first.id)).toEqual({
    ...state,
    owner: "",
    id: first.id,
    kindId: 3,
    watchId: 7,
    dueAt: null,
    health: "failed",
    memory: encodeMemory(memory),
  });
  expect(second.id).not.toBe(first.id);
});

test("a Change that could not be put, as nobody could read what waits of its object, counts once", () => {
  withholdSomething();
  const watch = createActiveWatch({ state: "syncing" });
  const signals = [record("INFO"), counted("created")];
  const fold = createFold({ initial: "all", interpret: () => outcome({ signals }) });
  temporary.break({ sql: /^SELECT .* FROM withheld/, ...READ_ERROR });
  const next = appeared("u1", "first-look");

  expect(() => fold.keep(watch, undefined, next)).toThrow(READ_ERROR.message);
  temporary.mend();
  fold.keep(watch, undefined, next);

  expect(watch.netChanges).toEqual({ created: 1 });
  expect(watch.firstLook).toMatchObject({ told: 1, withheld: 0 });
});

test("a deletion that could not be put, as nobody could read what waits of its object, counts once", () => {
  withholdSomething();
  const watch = createActiveWatch({ state: "syncing" });
  const fold = createFold({ interpret: () => outcome({ signals: [counted("deleted")] }) });
  const row = objectRow(5);
  const { change } = appeared("uid-5");
  temporary.break({ sql: /^SELECT .* FROM withheld/, ...READ_ERROR });

  expect(() => fold.drop(watch, row, change)).toThrow(READ_ERROR.message);
  temporary.mend();
  fold.drop(watch, row, change);

  expect(watch.netChanges).toEqual({ deleted: 1 });
});

test("keep() keeps the row's text of a memory that interpret gave back as it was", () => {
  const memory = '{ "version": 1, "ticks": { "a": 1 } }';
  const fold = createFold({ interpret: (_change, known) => outcome(known && { memory: known }) });

  const row = fold.keep(createActiveWatch(), objectRow(5, { memory }), appeared("uid-5"));

  expect(row.memory).toBe(memory);
});

test("keep() gives what is remembered to interpret, and keeps the row's id", () => {
  const memories: unknown[] = [];
  const fold = createFold({
    interpret: (_change, memory) => {
      memories.push(memory);
      return outcome();
    },
  });
  const known = objectRow(5, {
    memory: encodeMemory({ ...EMPTY_MEMORY, ticks: { a: 1 } }),
  });

  const row = fold.keep(createActiveWatch(), known, appeared("uid-5"));

  expect(memories).toEqual([{ ...EMPTY_MEMORY, ticks: { a: 1 } }]);
  expect(row.id).toBe(5);
});

test.each([
  { wakeAtMs: undefined, dueAt: null },
  { wakeAtMs: NOW_MS + 15_000, dueAt: NOW_MS + 15_000 },
  { wakeAtMs: NOW_MS - 1, dueAt: NOW_MS + 1000 },
])(
  "keep() turns the wish to wake at $wakeAtMs into a deadline that lies ahead",
  ({ wakeAtMs, dueAt }) => {
    const fold = createFold({
      interpret: () => outcome(wakeAtMs === undefined ? {} : { wakeAtMs }),
    });

    const row = fold.keep(createActiveWatch(), undefined, appeared("u1"));

    expect(row.dueAt).toBe(dueAt);
  },
);

test("what was touched says what was there before, and under which watch", () => {
  const points = { identity: {}, series: [], values: [] };
  const fold = createFold({ interpret: () => outcome({ health: "failed" }), pin: () => points });
  const known = objectRow(5, { watchId: 2, health: "degraded" });

  fold.keep(createActiveWatch(), known, appeared("uid-5"));
  fold.keep(createActiveWatch(), undefined, appeared("u2"));
  fold.drop(createActiveWatch(), known, appeared("uid-5").change);
  commit.flush();

  expect(
    touched.map(({ watchId, before, healthAfter, pointsBefore }) => ({
      watchId,
      before,
      healthAfter,
      pointsBefore,
    })),
  ).toEqual([
    {
      watchId: 1,
      before: { watchId: 2, health: "degraded" },
      healthAfter: "failed",
      pointsBefore: points,
    },
    { watchId: 1, before: undefined, healthAfter: "failed", pointsBefore: undefined },
    {
      watchId: 2,
      before: { watchId: 2, health: "degraded" },
      healthAfter: undefined,
      pointsBefore: points,
    },
  ]);
});

test.each<{ minimumSeverity: Severity; sent: readonly string[] }>([
  { minimumSeverity: "DEBUG", sent: ["DEBUG", "INFO", "WARN", "ERROR"] },
  { minimumSeverity: "INFO", sent: ["INFO", "WARN", "ERROR"] },
  { minimumSeverity: "WARN", sent: ["WARN", "ERROR"] },
  { minimumSeverity: "ERROR", sent: ["ERROR"] },
])("from $minimumSeverity on records are sent, counts always", ({ minimumSeverity, sent }) => {
  const signals = (["DEBUG", "INFO", "WARN", "ERROR"] as const).map((severity) => record(severity));
  const count = {
    type: "count",
    metric: "lifeline.object.changes",
    attributes: {},
    by: 4,
  } as const;
  const fold = createFold({
    minimumSeverity,
    interpret: () => outcome({ signals: [...signals, count] }),
  });

  fold.keep(createActiveWatch(), undefined, appeared("u1"));
  commit.flush();

  expect(told.map(({ severity }) => severity)).toEqual(sent);
  expect(temporary.store.counters().map(({ value }) => value)).toEqual([4]);
});

type Look = { readonly kindId?: number; readonly count: number; readonly health: Health };

/** How many `observed` records of these looks are sent, by watch. */
function look(
  initial: InitialPolicy,
  looks: readonly Look[],
): readonly (readonly [told: number, withheld: number])[] {
  let health: Health = "current";
  const fold = createFold({
    initial,
    interpret: () => outcome({ health, signals: [record("INFO")] }),
  });
  return looks.map((one, index) => {
    const watch = createActiveWatch({ id: index + 1, kindId: one.kindId ?? index + 1 });
    ({ health } = one);
    for (let object = 0; object < one.count; object += 1)
      fold.keep(watch, undefined, appeared(`u-${index}-${object}`, "first-look"));
    return [watch.firstLook.told, watch.firstLook.withheld];
  });
}

test.each<{
  name: string;
  initial: InitialPolicy;
  looks: readonly Look[];
  expected: readonly (readonly [number, number])[];
}>([
  {
    name: "all tells each",
    initial: "all",
    looks: [{ count: 30, health: "current" }],
    expected: [[30, 0]],
  },
  {
    name: "none tells nothing",
    initial: "none",
    looks: [{ count: 3, health: "failed" }],
    expected: [[0, 3]],
  },
  {
    name: "summary leaves out what is healthy",
    initial: "summary",
    looks: [{ count: 3, health: "suspended" }],
    expected: [[0, 3]],
  },
  {
    name: "summary tells 20 of a kind",
    initial: "summary",
    looks: [{ count: 21, health: "failed" }],
    expected: [[20, 1]],
  },
  {
    name: "summary tells 20 of a kind, however many watches it has",
    initial: "summary",
    looks: [
      { kindId: 1, count: 15, health: "failed" },
      { kindId: 1, count: 15, health: "failed" },
    ],
    expected: [
      [15, 0],
      [5, 10],
    ],
  },
  {
    name: "summary tells 200 in all",
    initial: "summary",
    looks: Array.from({ length: 11 }, () => ({ count: 20, health: "degraded" as const })),
    expected: [...Array.from({ length: 10 }, () => [20, 0] as const), [0, 20]],
  },
])("a first look with $name", ({ initial, looks, expected }) => {
  expect(look(initial, looks)).toEqual(expected);
});

test("only a first look is held back: what is created later is told", () => {
  const fold = createFold({
    initial: "none",
    interpret: () => outcome({ signals: [record("INFO")] }),
  });

  for (const cause of ["first-look", "created", "entered-view"] as const)
    fold.keep(createActiveWatch(), undefined, appeared(cause, cause));
  commit.flush();

  expect(told.length).toBe(2);
});

test("net changes are those since the last run by action, until the first complete look of this one", () => {
  const watch = createActiveWatch();
  const signals = [counted("phase_changed"), counted("health_changed"), counted("phase_changed")];
  const fold = createFold({ interpret: () => outcome({ signals }) });

  fold.keep(watch, undefined, appeared("u1"));
  watch.state = "synced";
  fold.keep(watch, undefined, appeared("u2"));

  expect(watch.netChanges).toEqual({ phase_changed: 2, health_changed: 1 });
});

test.each([
  { initial: "none", hadHistory: false, told: 0 },
  { initial: "none", hadHistory: true, told: 1 },
  { initial: "summary", hadHistory: false, told: 1 },
  { initial: "all", hadHistory: false, told: 1 },
] as const)(
  "tellSynced() tells $told records of a look under LIFELINE_INITIAL=$initial, history: $hadHistory",
  ({ initial, hadHistory, told: expected }) => {
    const fold = createFold({ initial });

    fold.tellSynced(createActiveWatch({ hadHistory }), record("INFO"));
    commit.flush();

    expect(told).toHaveLength(expected);
  },
);
