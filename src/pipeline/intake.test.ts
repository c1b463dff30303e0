import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { shardFilter } from "../cluster/shard.ts";
import { formatWatchKey, type WatchEvent, type WatchKey } from "../cluster/watch-event.ts";
import type { Redact } from "../history/redact.ts";
import { createInterpret } from "../lifecycle/interpret.ts";
import type { LogSignal } from "../lifecycle/signal.ts";
import { createActiveWatch } from "../testing/active-watch.ts";
import { createRandom, randomUid } from "../testing/demo/random.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { database, DATABASE_KIND, NOW_MS } from "../testing/kube-change.ts";
import { allObjects, openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import type { ActiveWatch } from "./active-watch.ts";
import { Commit } from "./commit.ts";
import { Fold } from "./fold.ts";
import { Intake } from "./intake.ts";
import { ObjectCounts } from "./object-counts.ts";
import type { PipelineReport } from "./report.ts";

const { group, resource } = DATABASE_KIND;

let temporary: TemporaryStore;
let clock: FakeClock;
let reports: PipelineReport[];
let onReport: (report: PipelineReport) => void;
let counts: ObjectCounts;
let commit: Commit;
let redact: Redact;
let intake: Intake;

beforeEach(() => {
  temporary = openTemporaryStore();
  clock = createFakeClock(NOW_MS);
  reports = [];
  onReport = () => undefined;
  redact = (one) => one;
  restart();
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

function report(one: PipelineReport): void {
  reports.push(one);
  onReport(one);
}

/** What is in memory is gone, the state file stays. */
function restart(): void {
  const { store } = temporary;
  counts = new ObjectCounts();
  counts.reset(store.countsByHealth());
  commit = new Commit({
    store,
    clock,
    report,
    logs: { encoding: "json", encode: (signals) => Buffer.from(JSON.stringify(signals)) },
    committed: (touched) => counts.apply(touched),
  });
  const fold = new Fold({
    store,
    commit,
    interpret: createInterpret({}),
    initial: "all",
    minimumSeverity: "DEBUG",
    pin: () => undefined,
  });
  intake = new Intake({
    store,
    commit,
    fold,
    counts,
    redact: (one) => redact(one),
    clock,
    report,
  });
}

/** As `Watches` begins one. */
function startWatch(fields: Partial<ActiveWatch> & { readonly key?: WatchKey } = {}): ActiveWatch {
  const { key = { group, resource } } = fields;
  const row = temporary.store.openWatch(formatWatchKey(key), key, "{}");
  return createActiveWatch({
    id: row.id,
    kindId: row.kindId,
    name: formatWatchKey(key),
    startedAtMs: clock.now(),
    hadHistory: row.positionAt !== null,
    position: row.position ?? undefined,
    lookedAtMs: row.positionAt ?? undefined,
    ...fields,
  });
}

/** An object with its own UID, such as `object("a", 5, { phase: "Ready" })`. */
function object(name: string, version: number, status?: unknown): KubeObject {
  return database({
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: String(version),
      creationTimestamp: "2023-10-26T10:00:00Z",
    },
    ...(status === undefined ? {} : { status }),
  });
}

function withUid(one: KubeObject, uid: string): KubeObject {
  return { ...one, metadata: { ...one.metadata, uid } };
}

function relist(version: number, ...objects: readonly KubeObject[]): readonly WatchEvent[] {
  return [
    { type: "resync-start" },
    ...objects.map((one) => ({ type: "resync-object", object: one }) as const),
    { type: "resync-end", resourceVersion: String(version) },
  ];
}

function applied(one: KubeObject): WatchEvent {
  return { type: "applied", object: one };
}

function deleted(one: KubeObject): WatchEvent {
  return { type: "deleted", object: one };
}

/** What was told since the last asking, as `action name`; after a commit. */
function story(): readonly string[] {
  const { store } = temporary;
  commit.flush();
  const rows = store.outboxBatch("logs", "json", 1e9);
  store.acknowledge(rows.map(({ id }) => id));
  const signals = rows.flatMap(({ body }): LogSignal[] => JSON.parse(Buffer.from(body).toString()));
  return signals.map(({ attributes }) => {
    const action = String(attributes["lifeline.action"]);
    return action === "synced" ? action : `${action} ${String(attributes["k8s.object.name"])}`;
  });
}

function names(): readonly string[] {
  return allObjects(temporary.store).map(({ name }) => name);
}

function storedPosition(watch: ActiveWatch): string | null {
  return temporary.store.openWatch(watch.name, watch.key, "{}").position;
}

test("A19 synced-only-after-delivery, A20 initial-flag: a first look observes what is there, moves to its end and is told once", async () => {
  const watch = startWatch();

  const taken = await intake.take(watch, relist(9, object("a", 3), object("b", 4)));

  expect(taken).toBe("taken");
  expect(story()).toEqual(["observed a", "observed b", "synced"]);
  expect([watch.state, watch.position, storedPosition(watch)]).toEqual(["synced", "9", "9"]);
  await intake.take(watch, relist(10, object("a", 3), object("b", 4)));
  expect(story()).toEqual([]);
});

test("B16 modified-for-unknown, B17 added-for-known: a watch tells creation, change and deletion, and moves with each event", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(1));
  story();

  await intake.take(watch, [
    applied(object("a", 2, { phase: "Pending" })),
    applied(object("a", 3, { phase: "Ready" })),
    deleted(object("a", 4, { phase: "Ready" })),
  ]);

  expect(story()).toEqual([
    "created a",
    "phase_changed a",
    "phase_changed a",
    "health_changed a",
    "deleted a",
  ]);
  expect([names(), storedPosition(watch)]).toEqual([[], "4"]);
});

test("D01 deletes-seen-only-by-relist, D03 changed: after a restart the net changes since are told, what was deleted meanwhile included", async () => {
  await intake.take(startWatch(), relist(9, object("a", 3), object("b", 4, { phase: "Pending" })));
  story();
  restart();
  await clock.advance(3_600_000);
  const watch = startWatch();
  const young = {
    ...object("c", 13),
    metadata: { ...object("c", 13).metadata, creationTimestamp: "2023-10-26T10:30:00Z" },
  };

  await intake.take(watch, relist(20, object("b", 12, { phase: "Ready" }), young));

  expect(story()).toEqual([
    "phase_changed b",
    "health_changed b",
    "created c",
    "deleted a",
    "synced",
  ]);
  expect(watch.netChanges).toEqual({ created: 1, phase_changed: 1, health_changed: 1, deleted: 1 });
});

/** An object that was created a minute after the clock of these tests begins. */
function youngObject(name: string, version: number): WatchEvent {
  const creationTimestamp = new Date(NOW_MS + 60_000).toISOString();
  const identity = { name, uid: `uid-${name}`, resourceVersion: String(version) };
  return applied(database({ metadata: { ...identity, creationTimestamp } }));
}

test("what was created while a watch was away for hours is created, also after the first event that it resumes with", async () => {
  await intake.take(startWatch(), relist(9));
  story();
  restart();
  await clock.advance(3 * 3_600_000);
  const watch = startWatch({ state: "resumed" });

  await intake.take(watch, [youngObject("a", 10), youngObject("b", 11)]);

  expect(story().filter((told) => told.startsWith("created"))).toEqual(["created a", "created b"]);
});

test("an old object that a relist shows for the first time has come into view, it was not created", async () => {
  await intake.take(startWatch(), relist(9));
  story();
  restart();
  await clock.advance(3_600_000);

  await intake.take(startWatch(), relist(20, database({ metadata: { name: "old" } })));

  expect(story()).toEqual(["observed old", "synced"]);
});

test("B03 bookmark-only: what goes on from a position is synced once a bookmark says so, and that is told once per run", async () => {
  await intake.take(startWatch(), relist(9, object("a", 3)));
  story();
  restart();
  const watch = startWatch();
  await intake.take(watch, [applied(object("b", 10))]);
  const before = [watch.state, story()];

  await intake.take(watch, [
    { type: "position", resourceVersion: "12" },
    { type: "position", resourceVersion: "13" },
  ]);

  expect(before).toEqual(["syncing", ["created b"]]);
  expect(story()).toEqual(["synced"]);
  expect([watch.state, storedPosition(watch)]).toEqual(["synced", "13"]);
});

test("D05 no-delete-before-the-end: nothing is deleted before a resync has ended, nor is a position committed", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  story();

  await intake.take(watch, [
    { type: "resync-start" },
    { type: "resync-object", object: object("a", 3) },
  ]);
  commit.flush();
  const during = { names: names(), story: story(), position: storedPosition(watch) };
  await intake.take(watch, [{ type: "resync-end", resourceVersion: "20" }]);
  commit.flush();

  expect(during).toEqual({ names: ["a", "b"], story: [], position: null });
  expect({ names: names(), story: story(), position: storedPosition(watch) }).toEqual({
    names: ["a"],
    story: ["deleted b"],
    position: "20",
  });
});

test("A12 list-page-410: what a look has shown is never taken back to an older state within it", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3, { phase: "Pending" })));
  story();

  await intake.take(watch, [
    { type: "resync-start" },
    { type: "resync-object", object: object("a", 60, { phase: "Ready" }) },
    { type: "resync-object", object: object("a", 40, { phase: "Creating" }) },
    { type: "resync-object", object: object("a", 60, { phase: "Ready" }) },
    { type: "resync-end", resourceVersion: "70" },
  ]);

  expect(story().filter((told) => told === "phase_changed a")).toHaveLength(1);
  expect(reports.filter(({ type }) => type === "stale-event")).toHaveLength(1);
});

test("A03 watchlist-modified-deleted-before-end: what a look says to be deleted is gone at once, and is no position", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  story();

  await intake.take(watch, [
    { type: "resync-start" },
    { type: "resync-object", object: object("a", 3) },
    { type: "resync-object", object: object("c", 11, { phase: "Ready" }) },
    { type: "resync-deleted", object: object("a", 12) },
    { type: "resync-deleted", object: object("c", 13) },
    { type: "resync-deleted", object: object("never-seen", 14) },
  ]);
  commit.flush();
  const during = { names: names(), story: story(), position: storedPosition(watch) };
  await intake.take(watch, [{ type: "resync-end", resourceVersion: "20" }]);

  expect(during).toEqual({
    names: ["b"],
    story: expect.arrayContaining(["deleted a", "deleted c"]),
    position: null,
  });
  expect([story(), names()]).toEqual([["deleted b"], []]);
});

test("D11 empty-list: it deletes all that was known", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  story();

  await intake.take(watch, relist(20));

  expect([story(), names()]).toEqual([["deleted a", "deleted b"], []]);
});

test("D02 unchanged, D03 changed: a relist tells what differs, once", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4, { phase: "Pending" })));
  story();

  await intake.take(watch, relist(20, object("a", 3), object("b", 12, { phase: "Ready" })));

  expect(story()).toEqual(["phase_changed b", "health_changed b"]);
});

test("who restarts in the middle of a look begins it anew, with the history that it had", async () => {
  const first = startWatch();
  await intake.take(first, relist(9, object("a", 3)));
  await intake.take(first, [
    { type: "resync-start" },
    { type: "resync-object", object: object("b", 11) },
  ]);
  story();
  restart();

  const watch = startWatch();

  expect([watch.position, watch.hadHistory, watch.lookedAtMs]).toEqual([undefined, true, NOW_MS]);
});

test("D10 two-relists: a list that breaks off and begins anew forgets what the first one showed", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  story();

  await intake.take(watch, [
    { type: "resync-start" },
    { type: "resync-object", object: object("a", 3) },
    ...relist(20, object("b", 4)),
  ]);

  expect(story()).toEqual(["deleted a"]);
});

test.each([
  { known: { uid: "uid-a" }, expected: ["deleted b"] },
  { known: { name: "a", namespace: "default" }, expected: ["deleted b"] },
  {
    known: { uid: "uid-z", name: "a", namespace: "default" },
    expected: ["deleted a", "deleted b"],
  },
  { known: {}, expected: [] },
])("an object that a list shows but can't be read, $known, is not gone", async (row) => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  story();

  await intake.take(watch, [
    { type: "resync-start" },
    { type: "resync-unreadable", ...row.known },
    { type: "resync-end", resourceVersion: "20" },
  ]);

  expect(story()).toEqual(row.expected);
  expect(storedPosition(watch)).toBe("20");
});

test("what a blind resync could not tell as gone, the next clean one does", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  story();

  await intake.take(watch, [
    { type: "resync-start" },
    { type: "resync-unreadable" },
    { type: "resync-end", resourceVersion: "20" },
    ...relist(21, object("a", 3)),
  ]);

  expect(story()).toEqual(["deleted b"]);
});

test("a sweep goes through more objects than a page or a commit holds", async () => {
  const watch = startWatch();
  const objects = Array.from({ length: 1300 }, (_, index) =>
    object(`n${String(index).padStart(4, "0")}`, index + 1),
  );
  await intake.take(watch, relist(2000, ...objects));
  story();
  const kept = objects.filter((_, index) => index % 13 === 0);

  await intake.take(watch, relist(3000, ...kept));

  expect(story().length).toBe(1200);
  expect(names()).toEqual(kept.map(({ metadata }) => metadata.name));
  expect(counts.byHealth(watch.id)).toMatchObject({ unknown: 100 });
});

test("B18 uid-change: a new UID under an old name is a deletion and a creation, in that order", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, withUid(object("a", 3), "uid-1")));
  story();

  await intake.take(watch, [
    applied(withUid(object("a", 12), "uid-2")),
    deleted(withUid(object("a", 11), "uid-1")),
  ]);

  expect(story()).toEqual(["deleted a", "created a"]);
  expect(allObjects(temporary.store).map(({ uid }) => uid)).toEqual(["uid-2"]);
});

test("D04 delete-recreate-in-gap: a new UID under an old name within a resync, too, and only once", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, withUid(object("a", 3), "uid-1")));
  story();

  await intake.take(watch, relist(20, withUid(object("a", 12), "uid-2")));

  expect(story()).toEqual(["deleted a", "created a"]);
});

test.each([
  { name: "the same", version: 5, reported: [] },
  { name: "an older one", version: 4, reported: ["stale-event"] },
])("$name resourceVersion changes nothing", async ({ version, reported }) => {
  const watch = startWatch();
  await intake.take(watch, [...relist(1), applied(object("a", 5, { phase: "Ready" }))]);
  story();

  await intake.take(watch, [applied(object("a", version, { phase: "Pending" }))]);

  expect(story()).toEqual([]);
  expect(reports.map(({ type }) => type).filter((type) => type === "stale-event")).toEqual(
    reported,
  );
});

test("a stale object in a list is there", async () => {
  const watch = startWatch();
  await intake.take(watch, [...relist(1), applied(object("a", 5))]);
  story();

  await intake.take(watch, relist(6, object("a", 4)));

  expect([story(), names()]).toEqual([[], ["a"]]);
});

test("B15 deleted-for-unknown: the deletion of what nobody knew is no news, but moves on", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(1));
  story();

  await intake.take(watch, [deleted(object("a", 7))]);

  expect([story(), storedPosition(watch)]).toEqual([[], "7"]);
});

test("objects of other namespaces are left out, their events still move the watch on", async () => {
  const watch = startWatch({ includes: (namespace) => namespace === "prod" });
  await intake.take(watch, relist(1));
  story();

  await intake.take(watch, [applied(object("a", 5))]);

  expect([story(), names(), storedPosition(watch)]).toEqual([[], [], "5"]);
});

function throwAt(name: string): void {
  redact = (one) => {
    if (one.metadata.name === name) throw new RangeError("too deep");
    return one;
  };
}

test("E06 throwing-transform: what no sense can be made of is skipped and reported; the others go on", async () => {
  const watch = startWatch();
  throwAt("bad");

  await intake.take(watch, [
    ...relist(9, object("a", 3), object("bad", 4), object("c", 5)),
    applied(object("bad", 10)),
  ]);

  expect(story()).toEqual(["observed a", "observed c", "synced"]);
  const skipped = {
    type: "object-skipped",
    watch: watch.name,
    object: "default/bad",
    error: new RangeError("too deep"),
  };
  expect(reports.filter(({ type }) => type === "object-skipped")).toEqual([skipped, skipped]);
  expect(storedPosition(watch)).toBe("10");
});

test("an object that was known and that no sense can be made of any more is still there", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3)));
  story();
  throwAt("a");

  await intake.take(watch, relist(20, object("a", 12)));

  expect([story(), names()]).toEqual([[], ["a"]]);
});

test("an object of whose last state no sense can be made is gone all the same", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3)));
  story();
  throwAt("a");

  await intake.take(watch, [deleted(object("a", 12))]);

  expect([story(), names()]).toEqual([["deleted a"], []]);
  expect(reports.filter(({ type }) => type === "object-skipped").length).toBe(1);
});

test("a row that cannot be read any more holds up neither the sweep nor the rest", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  commit.flush();
  const row = commit.find(watch.kindId, "uid-a");
  if (row !== undefined) commit.put({ ...row, metadata: "{" }, undefined, []);
  story();

  await intake.take(watch, relist(20));

  expect(story()).toEqual(["deleted b"]);
  expect(watch.position).toBe("20");
});

test("B02 rv-after-apply: a commit that fails in the middle of a batch holds the watch where it is", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(1));
  story();
  temporary.breakWrites();
  const many = Array.from({ length: 800 }, (_, index) => applied(object(`n${index}`, index + 2)));

  const taken = await intake.take(watch, many);
  const heldAt = Number(watch.position);
  const again = await intake.take(watch, many.slice(heldAt - 1));
  temporary.mendWrites();
  commit.flush();
  await intake.take(watch, many.slice(Number(watch.position) - 1));

  expect([taken, again]).toEqual(["held", "held"]);
  expect([heldAt >= 250, heldAt < 260]).toEqual([true, true]);
  expect(story().length).toBe(800);
  expect(names().length).toBe(800);
});

test("a resync whose sweep cannot be committed is held, and deletes nothing twice afterwards", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  story();
  temporary.breakWrites();

  const taken = await intake.take(watch, relist(20, object("a", 12)));
  temporary.mendWrites();
  commit.flush();
  const held = [taken, watch.position, story()];
  await intake.take(watch, relist(21, object("a", 12)));

  expect(held).toEqual(["held", undefined, []]);
  expect([story(), watch.position]).toEqual([["deleted b"], "21"]);
});

test("a sweep drops a row as it is by then, not as it was when its page was read", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3)));
  story();
  onReport = ({ type }) => {
    const row = commit.find(watch.kindId, "uid-a");
    if (type !== "commit" || row === undefined || row.health === "failed") return;
    const { id, kindId, watchId, namespace, name } = row;
    const before = { watchId, health: "unknown" } as const;
    const place = { id, kindId, watchId, namespace, name };
    const touched = { ...place, before, healthAfter: "failed", pointsBefore: undefined } as const;
    commit.put({ ...row, health: "failed" }, touched, []);
  };
  commit.position(watch, "9");

  await intake.take(watch, relist(20));

  expect(story()).toEqual(["deleted a"]);
  expect(Object.values(counts.byHealth(watch.id))).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test("a cluster-wide watch takes over the rows of namespaced ones, without telling anything anew", async () => {
  const narrow = startWatch({ key: { group, resource, namespace: "default" } });
  await intake.take(
    narrow,
    relist(9, object("a", 3, { phase: "Ready" }), object("b", 4), object("c", 5)),
  );
  story();
  restart();
  const wide = startWatch();

  await intake.take(
    wide,
    relist(20, object("a", 3, { phase: "Ready" }), object("b", 12, { phase: "Failed" })),
  );

  expect(story()).toEqual(["phase_changed b", "health_changed b", "synced"]);
  const owners = allObjects(temporary.store).map(({ name, watchId }) => [name, watchId]);
  expect(owners).toEqual([
    ["a", wide.id],
    ["b", wide.id],
    ["c", narrow.id],
  ]);
  expect(counts.byHealth(wide.id)).toMatchObject({ current: 1, failed: 1, unknown: 0 });
  expect(counts.byHealth(narrow.id)).toMatchObject({ current: 0, unknown: 1 });
  // Should it come back, it has to look which rows are its own.
  expect(storedPosition(narrow)).toBeNull();
});

test("what a cluster-wide watch sees, but can make no sense of, is its own all the same", async () => {
  const narrow = startWatch({ key: { group, resource, namespace: "default" } });
  await intake.take(narrow, relist(9, object("a", 3)));
  story();
  restart();
  const wide = startWatch();

  await intake.take(wide, [
    { type: "resync-start" },
    { type: "resync-unreadable", uid: "uid-a" },
    { type: "resync-end", resourceVersion: "20" },
  ]);

  expect(story()).toEqual(["synced"]);
  expect(allObjects(temporary.store)).toMatchObject([{ name: "a", watchId: wide.id }]);
});

test("dropUnseen() tells that an object is gone whose row another watch owns", async () => {
  const narrow = startWatch({ key: { group, resource, namespace: "default" } });
  await intake.take(narrow, relist(9, object("a", 3)));
  story();
  restart();
  const wide = startWatch();
  await intake.take(wide, relist(20));
  story();
  const [row] = allObjects(temporary.store);

  if (row !== undefined) intake.dropUnseen(wide, row);

  expect(story()).toEqual(["deleted a"]);
  expect(allObjects(temporary.store)).toEqual([]);
});

test("what stands failed under another API version is so told and remembered, though it is no Change", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3, { phase: "Ready" })));
  story();

  await intake.take(watch, [
    applied({ ...object("a", 3, { phase: "Failed" }), apiVersion: "custom.example.com/v2" }),
  ]);

  expect(story()).toEqual(["health_changed a"]);
  expect(allObjects(temporary.store)).toMatchObject([{ health: "failed", resourceVersion: "3" }]);
});

test("the word that a first look is complete is committed with its position, or not at all", async () => {
  const watch = startWatch();
  const commits: (readonly [number, string | null])[] = [];
  const write = temporary.store.commit.bind(temporary.store);
  vi.spyOn(temporary.store, "commit").mockImplementation((work) => {
    const moved = work.positions.find(({ watchId }) => watchId === watch.id);
    if (moved !== undefined) commits.push([work.requests.length, moved.position]);
    return write(work);
  });

  await intake.take(watch, relist(9));
  commit.flush();

  expect(commits).toEqual([[1, "9"]]);
});

test("what was written while a watch changed over to another API version is told", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3, { phase: "Ready" })));
  story();

  await intake.take(
    watch,
    relist(14, { ...object("a", 12, { phase: "Failed" }), apiVersion: "custom.example.com/v2" }),
  );

  expect(story()).toEqual(["phase_changed a", "health_changed a"]);
});

test("another API version replaces the state without a Change", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3)));
  story();

  await intake.take(watch, [
    applied({ ...object("a", 12), apiVersion: "custom.example.com/v2", spec: { other: 1 } }),
  ]);

  expect(story()).toEqual([]);
  expect(allObjects(temporary.store)).toMatchObject([
    { apiVersion: "custom.example.com/v2", resourceVersion: "12", spec: '{"spec":{"other":1}}' },
  ]);
});

test("a kind that is gone takes its objects along", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3), object("b", 4)));
  story();

  await intake.take(watch, [{ type: "kind-gone" }]);

  expect([story(), names()]).toEqual([["deleted a", "deleted b"], []]);
});

test("a failure is reported and shown until something comes; signs of life are counted", async () => {
  const watch = startWatch();
  const error = new Error("403");

  await intake.take(watch, [{ type: "failed", error }]);
  const failed = [watch.state, watch.lastSignAtMs, watch.lastError, watch.events];
  await intake.take(watch, relist(9));

  expect(failed).toEqual(["failed", undefined, "403", 1]);
  expect([watch.state, watch.lastSignAtMs, watch.lastError]).toEqual(["synced", NOW_MS, undefined]);
  expect(watch.events).toBe(3);
  expect(reports).toContainEqual({ type: "watch-failed", watch: watch.name, error });
  await intake.take(watch, [{ type: "failed", error }]);
  expect(watch.state).toBe("synced");
});

test("an API server that asks for patience has not answered yet: what it shows then is still a first look", async () => {
  const watch = startWatch();
  const error = new Error("429");

  await intake.take(watch, [{ type: "failed", error, isToWait: true }]);

  expect([watch.state, watch.lastError]).toEqual(["syncing", "429"]);
});

test("a state file that cannot be read is nobody's object's fault", async () => {
  const watch = startWatch();
  temporary.store[Symbol.dispose]();

  await expect(intake.take(watch, [applied(object("a", 3))])).rejects.toThrow("finalized");

  expect([watch.position, reports]).toEqual([undefined, []]);
});

test("of three shards on one stream each object is told and kept by exactly one, and all move on", async () => {
  const random = createRandom(1);
  const uids = new Map(Array.from({ length: 30 }, (_, index) => [`${index}`, randomUid(random)]));
  const all = [...uids.keys()];
  const version = (name: string, at: number, status?: unknown): KubeObject =>
    withUid(object(name, at, status), uids.get(name) ?? "");
  const shares: (readonly string[])[] = [];
  const watches = [0, 1, 2].map((index) => {
    const key = { group, resource, shard: { index, count: 3 } };
    return startWatch({ key, isOurs: shardFilter(key.shard) });
  });

  for (const watch of watches) {
    await intake.take(watch, relist(100, ...all.map((name) => version(name, 1))));
    await intake.take(watch, [
      ...all.map((name) => applied(version(name, 101, { phase: "Ready" }))),
      ...all.map((name) => deleted(version(name, 102, { phase: "Ready" }))),
    ]);
    shares.push(story());
  }

  for (const action of ["observed", "phase_changed", "deleted"]) {
    const told = shares.flat().filter((one) => one.startsWith(`${action} `));
    expect(told.toSorted()).toEqual(all.map((name) => `${action} ${name}`).toSorted());
  }
  for (const share of shares) expect(share.length).toBeGreaterThan(3);
  expect(watches.map(storedPosition)).toEqual(["102", "102", "102"]);
  expect(watches.map(({ state }) => state)).toEqual(["synced", "synced", "synced"]);
});

test("an object of another shard that can't be read stays who it is", async () => {
  const owner = startWatch();
  await intake.take(owner, relist(1, object("a", 1)));
  const key = { group, resource, shard: { index: 0, count: 3 } };
  const watch = startWatch({ key, isOurs: () => false });

  await intake.take(watch, [
    { type: "resync-start" },
    { type: "resync-unreadable", uid: "uid-a", name: "a" },
    { type: "resync-end", resourceVersion: "2" },
  ]);
  commit.flush();

  expect(allObjects(temporary.store).map(({ watchId }) => watchId)).toEqual([owner.id]);
});

test("the first complete look after a watch was blind is told, with the net changes and since when it was missing", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9, object("a", 3)));
  story();
  // As Blindness does it.
  Object.assign(watch, { state: "failed", hadHistory: true, staleAt: "9", missingSinceMs: NOW_MS });
  await clock.advance(600_000);

  await intake.take(watch, [applied(object("b", 10)), { type: "position", resourceVersion: "12" }]);
  const told = story();
  await intake.take(watch, [{ type: "position", resourceVersion: "14" }]);

  expect(told.at(-1)).toBe("synced");
  expect(story()).toEqual([]);
  expect([watch.state, watch.staleAt, watch.reached]).toEqual(["synced", undefined, "14"]);
  expect(watch.netChanges).toEqual({ created: 1 });
  const synced = reports.findLast(({ type }) => type === "watch-synced");
  expect(synced).toMatchObject({ objects: 2, durationMs: 600_000 });
});

test("a relist takes the position, not where the watch had been", async () => {
  const watch = startWatch();
  await intake.take(watch, relist(9));

  await intake.take(watch, [{ type: "resync-start" }]);

  expect([watch.position, watch.reached]).toEqual([undefined, "9"]);
});
