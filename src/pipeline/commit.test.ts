import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LogSignal, Signal, TraceSignal } from "../lifecycle/signal.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import {
  allObjects,
  objectRow,
  openTemporaryStore,
  type TemporaryStore,
} from "../testing/temporary-store.ts";
import { Commit, type CommitOptions, type Touched } from "./commit.ts";
import type { OutboxRoom } from "./outbox-room.ts";
import type { PipelineReport } from "./report.ts";

const WATCH = { id: 1, name: "things" };

let temporary: TemporaryStore;
let clock: FakeClock;
let commit: Commit;
let committed: (readonly Touched[])[];
let reports: PipelineReport[];

beforeEach(() => {
  temporary = openTemporaryStore();
  temporary.store.openWatch(WATCH.name, { group: "", resource: "things" }, "{}");
  clock = createFakeClock(1_000_000);
  committed = [];
  reports = [];
  commit = new Commit({
    store: temporary.store,
    clock,
    report: (report) => reports.push(report),
    logs: { encoding: "names", encode: (signals) => Buffer.from(signals.map(nameOf).join()) },
    committed: (touched) => committed.push(touched),
  });
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

function record(name: string, fields: Partial<LogSignal> = {}): LogSignal {
  return {
    type: "log",
    eventName: "lifeline.object.updated",
    severity: "INFO",
    timeMs: 0,
    observedTimeMs: 0,
    body: "",
    attributes: { name },
    ...fields,
  };
}

function nameOf(signal: LogSignal): unknown {
  return signal.attributes["name"];
}

function count(attributes: Record<string, string>, by = 1): Signal {
  return { type: "count", metric: "lifeline.object.changes", attributes, by };
}

function touch(id: number, fields: Partial<Touched> = {}): Touched {
  return {
    id,
    kindId: 1,
    watchId: 1,
    namespace: "default",
    name: `object-${id}`,
    before: undefined,
    healthAfter: "current",
    pointsBefore: undefined,
    ...fields,
  };
}

function stored(): unknown {
  const { store } = temporary;
  return {
    objects: allObjects(store).map(({ id }) => id),
    told: store.outboxBatch("logs", "names", 1e9).map(({ body }) => Buffer.from(body).toString()),
    counted: store.counters().map(({ attributes, value }) => [attributes, value]),
    position: store.openWatch(WATCH.name, { group: "", resource: "things" }, "{}").position,
  };
}

test("flush() makes a row, what its change says and the position true together", () => {
  commit.put(objectRow(1), touch(1), [record("a"), record("b"), count({ action: "created" })]);
  commit.position(WATCH, "7");
  const before = stored();

  const isDone = commit.flush();

  expect(before).toEqual({ objects: [], told: [], counted: [], position: null });
  expect(isDone).toBe(true);
  expect(stored()).toEqual({
    objects: [1],
    told: ["a,b"],
    counted: [['{"action":"created"}', 1]],
    position: "7",
  });
  expect(committed).toEqual([[touch(1)]]);
});

test("flush() without anything pending writes nothing and says nothing", () => {
  expect(commit.flush()).toBe(true);

  expect([reports, committed]).toEqual([[], []]);
});

test("find…() answer with what is pending, before what is stored", () => {
  commit.put(objectRow(1, { status: "old" }), undefined, []);
  commit.put(objectRow(2), undefined, []);
  commit.flush();

  commit.put(objectRow(1, { status: "new" }), undefined, []);
  commit.remove(objectRow(2), touch(2), []);

  expect(commit.find(1, "uid-1")?.status).toBe("new");
  expect(commit.findById(1)?.status).toBe("new");
  expect(commit.findByName(1, "default", "object-1")?.status).toBe("new");
  expect(commit.find(1, "uid-2")).toBe(undefined);
  expect(commit.findById(2)).toBe(undefined);
  expect(commit.findByName(1, "default", "object-2")).toBe(undefined);
  expect(commit.find(2, "uid-1")).toBe(undefined);
  expect(commit.findByName(1, "other", "object-1")).toBe(undefined);
});

const OLD = objectRow(1, { name: "same" });
const NEW = objectRow(2, { name: "same" });

test.each([
  {
    order: "the old one goes first",
    write: [() => commit.remove(OLD, touch(1), []), () => commit.put(NEW, undefined, [])],
  },
  {
    order: "the new one comes first",
    write: [() => commit.put(NEW, undefined, []), () => commit.remove(OLD, touch(1), [])],
  },
])("findByName() finds who bears the name now, when $order", ({ write }) => {
  commit.put(OLD, undefined, []);
  commit.flush();

  for (const step of write) step();
  const pending = commit.findByName(1, "default", "same")?.id;
  commit.flush();

  expect(pending).toBe(2);
  expect(commit.findByName(1, "default", "same")?.id).toBe(2);
  expect(commit.findById(1)).toBe(undefined);
});

test("an object that came and went within one commit leaves its signals and no row", () => {
  commit.put(objectRow(1), touch(1), [record("came")]);
  commit.remove(objectRow(1), touch(1, { healthAfter: undefined }), [record("went")]);

  commit.flush();

  expect(stored()).toMatchObject({ objects: [], told: ["came,went"] });
  expect(committed[0]?.map(({ healthAfter }) => healthAfter)).toEqual(["current", undefined]);
});

test("an object may come back under its UID within one commit", () => {
  commit.put(objectRow(1, { uid: "u" }), undefined, []);
  commit.flush();

  commit.remove(objectRow(1, { uid: "u" }), touch(1), []);
  commit.put(objectRow(2, { uid: "u" }), undefined, []);
  commit.flush();

  expect(commit.find(1, "u")?.id).toBe(2);
  expect(reports.map(({ type }) => type)).toEqual(["commit", "commit"]);
});

test("counts of one shard carry it", () => {
  const { store } = temporary;
  const sharedAttributes = { "lifeline.shard": "1/3" };
  const ignore = vi.fn<() => void>();
  const options = { report: ignore, committed: ignore, logs: undefined };
  commit = new Commit({ store, clock, ...options, sharedAttributes });

  commit.tell([count({ z: "1" }, 2), count({ z: "1" })]);
  commit.flush();

  expect(store.counters().map(({ attributes, value }) => [attributes, value])).toEqual([
    ['{"lifeline.shard":"1/3","z":"1"}', 3],
  ]);
});

test("counts of one series add up, in whatever order their attributes stand", () => {
  commit.tell([count({ a: "1", b: "2" }, 2), count({ b: "2", a: "1" }, 3), count({ a: "1" })]);

  commit.flush();

  expect(stored()).toMatchObject({
    counted: [
      ['{"a":"1","b":"2"}', 5],
      ['{"a":"1"}', 1],
    ],
  });
});

test("what a transaction counted is not counted by the next", () => {
  const { store } = temporary;
  const metric = "lifeline.object.phase.duration";
  const toldBy = { traceId: "t", spanId: "s", isSampled: true };
  const duration = { type: "duration", metric, attributes: { a: "1" }, atMs: 0 } as const;
  commit.tell([count({ a: "1" }, 2), { ...duration, durationMs: 1_000, trace: toldBy }]);
  commit.flush();
  const exemplar = store.histograms()[0]?.exemplar;

  commit.tell([count({ a: "1" }, 3), { ...duration, durationMs: 4_000 }]);
  commit.flush();

  const [histogram] = store.histograms();
  expect(stored()).toMatchObject({ counted: [['{"a":"1"}', 5]] });
  expect(histogram).toMatchObject({ sum: 5, exemplar });
  expect(histogram?.counts.reduce((sum, one) => sum + one, 0)).toBe(2);
});

test.each([
  {
    what: "250 changes",
    at: 250,
    write: (id: number) => commit.put(objectRow(id), undefined, []),
  },
  { what: "500 records", at: 500, write: () => commit.tell([record("x")]) },
  {
    what: "512 KiB of objects",
    at: 8,
    write: (id: number) =>
      commit.put(objectRow(id, { spec: "x".repeat(64 * 1024) }), undefined, []),
  },
  {
    what: "512 KiB of records, for they are one request",
    at: 32,
    write: () => commit.tell([record("x", { body: "x".repeat(16 * 1024) })]),
  },
])("a commit is written at $what, not sooner", ({ at, write }) => {
  let writes = 0;

  while (committed.length === 0 && writes < 2 * at) {
    writes += 1;
    write(writes);
  }

  expect(writes).toBe(at);
});

test("run() writes what gathers 200 ms after the first of it, as one", async () => {
  const stop = new AbortController();
  const running = commit.run(stop.signal);
  commit.put(objectRow(1), undefined, []);
  await clock.advance(150);
  commit.put(objectRow(2), undefined, []);
  await clock.advance(49);
  const early = committed.length;

  await clock.advance(1);

  expect([early, committed.length]).toEqual([0, 1]);
  expect(stored()).toMatchObject({ objects: [1, 2] });
  stop.abort();
  await running;
});

test("a commit that fails stays pending, is tried again every second, and is told once", async () => {
  const stop = new AbortController();
  const running = commit.run(stop.signal);
  temporary.breakWrites();
  commit.put(objectRow(1), touch(1), [record("a"), count({ action: "created" })]);
  commit.position(WATCH, "7");
  await clock.advance(200);
  const recovered = commit.recovered(stop.signal);
  await clock.advance(2000);
  const whileFailing = [commit.failing, commit.find(1, "uid-1")?.id, committed.length];
  commit.put(objectRow(2), touch(2), [record("b")]);
  temporary.mendWrites();

  await clock.advance(1000);

  await recovered;
  expect(whileFailing).toEqual([true, 1, 0]);
  expect(commit.failing).toBe(false);
  expect(stored()).toEqual({
    objects: [1, 2],
    told: ["a,b"],
    counted: [['{"action":"created"}', 1]],
    position: "7",
  });
  expect(committed).toEqual([[touch(1), touch(2)]]);
  expect(
    reports.map((report) => (report.type === "commit-recovered" ? report.heldMs : report.type)),
  ).toEqual(["commit-failed", 3000, "commit"]);
  stop.abort();
  await running;
});

test("failure is the newest reason while commits fail, and none when they succeed", () => {
  const before = commit.failure;
  temporary.breakWrites("full");
  for (let id = 1; id <= 60; id += 1)
    commit.put(objectRow(id, { spec: "x".repeat(3000) }), undefined, []);
  commit.flush();
  const full = commit.failure?.error.message;
  temporary.breakWrites();
  commit.flush();
  const readOnly = commit.failure?.error.message;
  temporary.mendWrites();
  commit.flush();

  expect([before, full, readOnly, commit.failure]).toEqual([
    undefined,
    "database or disk is full",
    "attempt to write a readonly database",
    undefined,
  ]);
  expect(reports.map(({ type }) => type)).toEqual(["commit-failed", "commit-recovered", "commit"]);
  expect(temporary.store.inspect()).toMatchObject({ damages: [], objects: 60 });
});

test("a full commit that fails is not tried again with each further change", () => {
  temporary.breakWrites();
  for (let id = 1; id <= 250; id += 1) commit.put(objectRow(id), undefined, []);
  temporary.mendWrites();

  commit.put(objectRow(251), undefined, []);

  expect([commit.failing, temporary.store.countObjects()]).toEqual([true, 0]);
});

test("recovered() resolves at once while commits succeed, and when its signal aborts", async () => {
  const stop = new AbortController();
  await commit.recovered(stop.signal);
  temporary.breakWrites();
  commit.put(objectRow(1), undefined, []);
  commit.flush();

  const waiting = commit.recovered(stop.signal);
  stop.abort();

  await waiting;
  await commit.recovered(stop.signal);
  expect(commit.failing).toBe(true);
});

test("position() of a watch that looks at everything anew is none, and when it was known last stays", () => {
  const open = () => temporary.store.openWatch(WATCH.name, { group: "", resource: "things" }, "{}");
  commit.position(WATCH, "7");
  commit.flush();
  const before = open();

  commit.position(WATCH, undefined);
  commit.flush();

  expect(before).toMatchObject({ position: "7", positionAt: 1_000_000 });
  expect(open()).toMatchObject({ position: null, positionAt: 1_000_000 });
});

function trace(name: string): TraceSignal {
  const span = { spanId: "", name, startMs: 0, endMs: 1, attributes: {}, events: [], links: [] };
  return { type: "trace", traceId: name, spans: [span, { ...span, parentSpanId: "" }] };
}

function tracingCommit(fields: Partial<CommitOptions> = {}): Commit {
  return new Commit({
    store: temporary.store,
    clock,
    report: (report) => reports.push(report),
    logs: undefined,
    traces: {
      encoding: "names",
      encode: (traces) => Buffer.from(traces.map(({ traceId }) => traceId).join()),
    },
    committed: () => undefined,
    ...fields,
  });
}

test("traces are a request of their own, in the transaction of what ended them", () => {
  const tracing = tracingCommit();

  tracing.tell([trace("a"), trace("b")]);
  temporary.breakWrites();
  const failed = tracing.flush();
  temporary.mendWrites();
  const written = tracing.flush();

  expect([failed, written]).toEqual([false, true]);
  expect(temporary.store.outboxBatch("traces", "names", 1e6)).toEqual([
    { id: expect.any(Number), records: 4, body: new Uint8Array(Buffer.from("a,b")) },
  ]);
});

test("what has no room is counted in spans, once it is committed", () => {
  const room = { isFull: () => true, takesTraces: () => false } as unknown as OutboxRoom;
  const tracing = tracingCommit({ room });

  tracing.tell([trace("a"), count({ kind: "x" })]);
  tracing.flush();

  expect(temporary.store.outboxBatch("traces", "names", 1e6)).toEqual([]);
  expect(reports).toContainEqual({ type: "spans-dropped", spans: 2 });
});

test("traces that are not exported are nothing to write", () => {
  const tracing = tracingCommit({ traces: undefined });

  tracing.tell([trace("a")]);
  tracing.flush();

  expect(reports).toEqual([]);
});
