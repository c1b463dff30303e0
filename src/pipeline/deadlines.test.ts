import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodeState } from "../history/object-state.ts";
import { EMPTY_MEMORY } from "../lifecycle/memory.ts";
import type { Interpret } from "../lifecycle/signal.ts";
import type { ObjectRow } from "../store/rows.ts";
import { createActiveWatch } from "../testing/active-watch.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { database, NOW_MS } from "../testing/kube-change.ts";
import {
  allObjects,
  objectRow,
  openTemporaryStore,
  type TemporaryStore,
} from "../testing/temporary-store.ts";
import type { ActiveWatch } from "./active-watch.ts";
import { Commit } from "./commit.ts";
import { Deadlines } from "./deadlines.ts";
import { Fold } from "./fold.ts";
import type { PipelineReport } from "./report.ts";

let temporary: TemporaryStore;
let clock: FakeClock;
let commit: Commit;
let deadlines: Deadlines;
let watches: ActiveWatch[];
let reports: PipelineReport[];
/** When which object's time was told to have come. */
let elapsed: (readonly [name: string, atMs: number])[];
let interpret: Interpret;
let stop: AbortController;
let running: Promise<unknown>;

beforeEach(() => {
  temporary = openTemporaryStore();
  const { store } = temporary;
  clock = createFakeClock(NOW_MS);
  watches = [createActiveWatch()];
  reports = [];
  elapsed = [];
  interpret = (change) => {
    if (change.type === "elapsed")
      elapsed.push([change.after.metadata.name, change.observedAtMs - NOW_MS]);
    return { memory: EMPTY_MEMORY, health: "failed", signals: [] };
  };
  const report = (one: PipelineReport): unknown => reports.push(one);
  commit = new Commit({
    store,
    clock,
    report,
    logs: undefined,
    committed: () => deadlines.moved(),
  });
  const fold = new Fold({
    store,
    commit,
    interpret: (...step) => interpret(...step),
    initial: "all",
    minimumSeverity: "INFO",
    pin: () => undefined,
  });
  deadlines = new Deadlines({
    store,
    commit,
    fold,
    watchIds: () => watches.map(({ id }) => id),
    watchOf: (row) => watches.find(({ id }) => id === row.watchId),
    clock,
    report,
  });
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await running;
  temporary[Symbol.dispose]();
});

async function run(): Promise<void> {
  running = Promise.all([commit.run(stop.signal), deadlines.run(stop.signal)]);
  await clock.advance(0);
}

function due(id: number, inMs: number, fields: Partial<ObjectRow> = {}): void {
  const { kind: _kind, ...state } = encodeState(
    database({ metadata: { name: `n${id}`, uid: `u${id}` } }),
    "",
  );
  commit.put({ ...objectRow(id), ...state, dueAt: NOW_MS + inMs, ...fields }, undefined, []);
}

test("an object's time comes when it is due, not before, and once", async () => {
  due(1, 10_000);
  due(2, 5000);
  await run();

  await clock.advance(4999);
  const early = [...elapsed];
  await clock.advance(60_000);

  expect(early).toEqual([]);
  expect(elapsed).toEqual([
    ["n2", 5000],
    ["n1", 10_000],
  ]);
  expect(allObjects(temporary.store).map(({ dueAt, health }) => [dueAt, health])).toEqual([
    [null, "failed"],
    [null, "failed"],
  ]);
});

test("a deadline that comes while another one is waited for is not slept through", async () => {
  due(1, 60_000);
  await run();
  await clock.advance(1000);

  due(2, 5000);
  await clock.advance(4500);

  expect(elapsed).toEqual([["n2", 5000]]);
});

test("what gathers for the next commit is left to gather while nothing is due", async () => {
  await run();

  due(1, 60_000);
  deadlines.moved();
  await clock.advance(199);
  const early = temporary.store.countObjects();
  await clock.advance(1);

  expect([early, temporary.store.countObjects()]).toEqual([0, 1]);
});

test("deadlines that passed while nobody ran come at once, however many", async () => {
  for (let id = 1; id <= 600; id += 1) due(id, -id);

  await run();

  // They are folded in slices, between which other work may go on.
  await vi.waitFor(() => expect(elapsed).toHaveLength(600));
  expect(elapsed[0]?.[0]).toBe("n600");
});

test("a wish to be woken at once is granted, but not for ever", async () => {
  interpret = (change) => {
    elapsed.push(["again", change.observedAtMs - NOW_MS]);
    return { memory: EMPTY_MEMORY, health: "failed", signals: [], wakeAtMs: change.observedAtMs };
  };
  due(1, 0);
  commit.flush();
  await run();

  await clock.advance(2500);

  expect(elapsed.map(([, atMs]) => atMs)).toEqual([0, 1000, 2000]);
});

test("a row that throws is reported and not tried for ever; the others go on", async () => {
  const tell = interpret;
  interpret = (change, memory) => {
    if (change.type === "elapsed" && change.after.metadata.name === "n1") throw new Error("odd");
    return tell(change, memory);
  };
  due(1, 1000);
  due(2, 1000);
  due(3, 1000, { metadata: "{" });
  await run();

  await clock.advance(10_000);

  expect(elapsed).toEqual([["n2", 1000]]);
  const skipped = reports.flatMap((report) =>
    report.type === "object-skipped" ? [report.object] : [],
  );
  expect(skipped).toEqual(["default/n1", "default/n3"]);
});

test("the deadlines of a watch that does not run yet wait for it", async () => {
  const [watch] = watches.splice(0);
  due(1, 1000);
  await run();
  await clock.advance(60_000);
  const before = [...elapsed];

  if (watch !== undefined) watches.push(watch);
  deadlines.moved();
  await clock.advance(0);

  expect(before).toEqual([]);
  expect(elapsed).toEqual([["n1", 60_000]]);
});

test("while commits fail time waits, and is caught up with afterwards", async () => {
  due(1, 1000);
  await run();
  await clock.advance(500);
  temporary.breakWrites();
  commit.position({ id: 1, name: "w" }, "1");
  await clock.advance(5000);
  const during = [...elapsed];
  temporary.mendWrites();

  await clock.advance(1000);

  expect(during).toEqual([]);
  expect(elapsed.map(([name]) => name)).toEqual(["n1"]);
});
