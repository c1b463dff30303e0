import { statSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createActiveWatch } from "../testing/active-watch.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { DATABASE_KIND } from "../testing/kube-change.ts";
import {
  allObjects,
  objectRow,
  openTemporaryStore,
  type TemporaryStore,
} from "../testing/temporary-store.ts";
import type { ActiveWatch } from "./active-watch.ts";
import { Commit, type Touched } from "./commit.ts";
import type { PipelineReport } from "./report.ts";
import { Upkeep } from "./upkeep.ts";
import type { Wanted } from "./wanted-of.ts";

const FACTS = JSON.stringify(DATABASE_KIND);
const KIND = { group: DATABASE_KIND.group, resource: DATABASE_KIND.resource };
const OTHER_KIND = { group: "", resource: "others" };
/** A watch of another namespace than that of the objects. */
const ELSEWHERE: Partial<ActiveWatch> = {
  key: { ...KIND, namespace: "elsewhere" },
  state: "synced",
};
const MIB = 1024 * 1024;

let temporary: TemporaryStore;
let clock: FakeClock;
let commit: Commit;
let running: ActiveWatch[];
let reports: PipelineReport[];
let touched: Touched[];
let upkeep: Upkeep;
let gone: string[];
let stop: AbortController;
let done: Promise<void>;

beforeEach(() => {
  temporary = openTemporaryStore();
  const { store } = temporary;
  clock = createFakeClock(1_000_000);
  running = [];
  reports = [];
  touched = [];
  const report = (one: PipelineReport): unknown => reports.push(one);
  const committed = (some: readonly Touched[]): unknown => touched.push(...some);
  commit = new Commit({ store, clock, report, logs: undefined, committed });
  gone = [];
  upkeep = new Upkeep({
    store,
    commit,
    watches: () => running,
    gone: (watch, row) => {
      gone.push(`${watch.name}: ${row.namespace}/${row.name}`);
      commit.remove(row, untouched(row.id), []);
    },
    clock,
    report,
  });
  stop = new AbortController();
  done = upkeep.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await done;
  temporary[Symbol.dispose]();
});

/** A watch of the file with that many objects, and a position. */
function remember(key: string, kind: typeof KIND, objects: number): number {
  const { store } = temporary;
  const { id, kindId } = store.openWatch(key, kind, FACTS);
  const upserts = Array.from({ length: objects }, () => {
    const objectId = store.nextObjectId();
    return objectRow(objectId, { watchId: id, kindId });
  });
  const positions = [{ watchId: id, position: "7", atMs: 5 }];
  const nothing = { removals: [], counterDeltas: [], requests: [] };
  store.commit({ ...nothing, upserts, positions, committedAtMs: 0 });
  return id;
}

function run(
  name: string,
  kind: typeof KIND,
  fields: Partial<ActiveWatch> = { state: "synced" },
): ActiveWatch {
  const { id, kindId } = temporary.store.openWatch(name, kind, FACTS);
  const watch = createActiveWatch({ id, kindId, name, ...fields });
  running.push(watch);
  return watch;
}

function untouched(id: number): Touched {
  const place = { kindId: 1, watchId: 1, namespace: "", name: "" };
  return { id, ...place, before: undefined, healthAfter: undefined, pointsBefore: undefined };
}

function known(): readonly string[] {
  return temporary.store.knownWatches().map(({ key }) => key);
}

function judge(wanted: Readonly<Record<string, Wanted>>): void {
  upkeep.forgetUnless(({ key }) => wanted[key] ?? "nothing");
}

test("what is no longer configured is forgotten with all its objects, page by page, without a record", async () => {
  remember("old", OTHER_KIND, 600);
  remember("kept", KIND, 3);
  run("kept", KIND);

  judge({ kept: "watch" });
  await clock.advance(2000);

  expect(known()).toEqual(["kept"]);
  expect(temporary.store.countObjects()).toBe(3);
  expect(temporary.store.outboxState().requests).toBe(0);
  expect(temporary.store.counters()).toEqual([]);
  expect(reports.filter(({ type }) => type !== "commit")).toEqual([
    { type: "watch-forgotten", watch: "old", objects: 600, untold: 0 },
  ]);
  expect(reports.filter(({ type }) => type === "commit").length).toBe(3);
  expect(touched.length).toBe(600);
  expect(touched[0]).toMatchObject({ before: { health: "current" }, healthAfter: undefined });
});

test("what waited for room of an object goes with it, and is counted", async () => {
  const { store } = temporary;
  const watchId = remember("old", OTHER_KIND, 3);
  const waiting = allObjects(store).find((row) => row.watchId === watchId);
  const { kindId = 0, uid = "" } = waiting ?? {};
  const change = { kindId, uid, changes: 4, seenAtMs: 5, appearance: null, gone: null };
  const withheld = { moves: [{ ...change, reported: "{}" }], ends: [] };
  const nothing = { upserts: [], removals: [], positions: [], counterDeltas: [], requests: [] };
  store.commit({ ...nothing, withheld, committedAtMs: 0 });
  const before = store.withheldCount;
  judge({});

  await clock.advance(2000);

  expect([before, store.withheldCount]).toEqual([1, 0]);
  expect(reports.filter(({ type }) => type === "watch-forgotten")).toEqual([
    { type: "watch-forgotten", watch: "old", objects: 3, untold: 1 },
  ]);
});

test("rows wait until every watch of their kind, which may take them over, has completed its look", async () => {
  const old = remember("cluster-wide", KIND, 2);
  const [first] = allObjects(temporary.store);
  const heirs = [run("a", KIND, ELSEWHERE), run("b", KIND, { ...ELSEWHERE, state: "syncing" })];

  judge({ a: "watch", b: "watch", "cluster-wide": "kind" });
  await clock.advance(5000);
  const early = temporary.store.countObjects();
  // The second look finds one of them, which is its own from then on.
  if (first !== undefined) commit.put({ ...first, watchId: heirs[1]?.id ?? 0 }, undefined, []);
  for (const heir of heirs) heir.state = "synced";
  await clock.advance(2000);

  expect(early).toBe(2);
  expect(allObjects(temporary.store).map(({ watchId }) => watchId)).toEqual([heirs[1]?.id]);
  expect(known()).toEqual(["a", "b"]);
  expect(old).not.toBe(heirs[1]?.id);
});

test.each<{
  readonly name: string;
  readonly old?: string;
  readonly heir: Partial<ActiveWatch>;
  readonly isGone: boolean;
}>([
  { name: "a cluster-wide watch", heir: {}, isGone: true },
  {
    name: "a watch of its namespace",
    heir: { key: { ...KIND, namespace: "default" } },
    isGone: true,
  },
  { name: "a watch of another namespace", heir: ELSEWHERE, isGone: false },
  {
    name: "a filter that leaves its namespace out",
    heir: { includes: () => false },
    isGone: false,
  },
  {
    name: "a new selector",
    heir: { key: { ...KIND, labelSelector: "a=b" } },
    isGone: false,
  },
  {
    name: "the selector that there was",
    old: "old|labels=a=b",
    heir: { key: { ...KIND, labelSelector: "a=b" } },
    isGone: true,
  },
  { name: "another shard", heir: { isOurs: () => false }, isGone: false },
  { name: "a look that could not read everything", heir: { resyncIsBlind: true }, isGone: false },
])("of what was not taken over it is told that it is gone: $isGone, after $name", async (row) => {
  const old = row.old ?? "old";
  remember(old, KIND, 1);
  run("heir", KIND, { state: "synced", ...row.heir });

  judge({ heir: "watch", [old]: "kind" });
  await clock.advance(2000);

  expect(gone).toEqual(row.isGone ? ["heir: default/object-1"] : []);
  expect([temporary.store.countObjects(), known()]).toEqual([0, ["heir"]]);
});

test.each<{ readonly name: string; readonly wanted: Wanted }>([
  { name: "a watch that is configured, but not served or allowed now,", wanted: "watch" },
  { name: "a watch whose kind is configured, while none of its watches runs,", wanted: "kind" },
])("$name keeps its rows and its position", async ({ wanted }) => {
  remember("absent", KIND, 2);

  judge({ absent: wanted });
  await clock.advance(5000);

  expect(temporary.store.countObjects()).toBe(2);
  expect(temporary.store.openWatch("absent", KIND, FACTS).position).toBe("7");
});

test("until the watches have begun nothing is forgotten", async () => {
  remember("old", OTHER_KIND, 2);

  await clock.advance(5000);

  expect([known(), temporary.store.countObjects()]).toEqual([["old"], 2]);
});

test("while nothing can be written nothing is forgotten; it goes on by itself", async () => {
  remember("old", OTHER_KIND, 600);
  judge({});
  temporary.breakWrites();
  await clock.advance(3000);
  const during = temporary.store.countObjects();
  temporary.mendWrites();

  await clock.advance(3000);

  expect([during, temporary.store.countObjects(), known()]).toEqual([600, 0, []]);
});

test("a watch that was half forgotten has no position, so that it begins with a first look should it come back", async () => {
  remember("old", OTHER_KIND, 600);
  judge({});
  await clock.advance(1000);
  stop.abort();
  await done;

  const row = temporary.store.openWatch("old", OTHER_KIND, FACTS);

  expect(temporary.store.countObjects()).toBeGreaterThan(0);
  expect(row).toMatchObject({ position: null, positionAt: null });
});

test("free space goes back to the disk between the commits, until what a burst takes again is left", async () => {
  const { store, path } = temporary;
  const request = { signal: "logs", encoding: "otlp", records: 1, positions: "{}" };
  const requests = [{ ...request, body: new Uint8Array(12 * MIB) }];
  const nothing = { upserts: [], removals: [], positions: [], counterDeltas: [] };
  store.commit({ ...nothing, requests, committedAtMs: 0 });
  store.acknowledge(store.outboxBatch("logs", "otlp", 1).map(({ id }) => id));

  await clock.advance(10_000);

  expect(statSync(path).size).toBeLessThan(5 * MIB);
});
