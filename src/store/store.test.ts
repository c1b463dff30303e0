import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ClusterMark, FILE_NAME, openDatabase } from "./open-database.ts";
import type { ObjectRow, UnitOfWork, WithheldMove } from "./rows.ts";
import { objectRow as row, openTemporaryStore } from "../testing/temporary-store.ts";
import { STATEMENTS } from "./statements.ts";
import { Store } from "./store.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lifeline-store-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const HOME: ClusterMark = { uid: "cluster-1", address: "address-1" };

function open(cluster: ClusterMark = HOME): ReturnType<typeof openDatabase> {
  return openDatabase({
    directory,
    cluster,
    nowMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    newKey: () => "key",
  });
}

function openStore(cluster?: ClusterMark): Store {
  const opened = open(cluster);
  if (opened.type !== "opened") throw new Error(`Cannot open: ${JSON.stringify(opened)}`);
  return new Store(opened.database);
}

function work(fields: Partial<UnitOfWork> = {}): UnitOfWork {
  return {
    upserts: [],
    removals: [],
    positions: [],
    counterDeltas: [],
    requests: [],
    committedAtMs: 1000,
    ...fields,
  };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const request = (text: string): UnitOfWork["requests"][number] => ({
  signal: "logs",
  encoding: "otlp",
  records: 1,
  positions: "{}",
  body: bytes(text),
});

test("a unit of work is there after reopening, whole", () => {
  using first = openStore();
  const watch = first.openWatch("pods", { group: "", resource: "pods" }, "{}");
  const full = row(7, {
    watchId: watch.id,
    kindId: watch.kindId,
    dueAt: 99,
    status: '{"phase":"Ready"}',
  });
  first.commit(
    work({
      upserts: [full],
      positions: [{ watchId: watch.id, position: "41", atMs: 5 }],
      counterDeltas: [{ metric: "m", attributes: "{}", by: 2 }],
      requests: [request("hello")],
    }),
  );
  first[Symbol.dispose]();

  using second = openStore();

  expect(second.object(7)).toEqual(full);
  expect(second.objectByUid(watch.kindId, "uid-7")).toEqual(full);
  expect(second.objectByName(watch.id, "default", "object-7")).toEqual(full);
  expect(second.openWatch("pods", { group: "", resource: "pods" }, "{}")).toEqual({
    ...watch,
    knownFacts: "{}",
    position: "41",
    positionAt: 5,
  });
  expect(second.counters()).toEqual([
    { metric: "m", attributes: "{}", value: 2, startedAt: 1000, announced: false },
  ]);
  expect(
    second.outboxBatch("logs", "otlp", 1000).map((one) => Buffer.from(one.body).toString()),
  ).toEqual(["hello"]);
  expect(second.nextObjectId()).toBe(8);
  expect(second.redactionKey).toBe("key");
});

test("commit() leaves nothing behind when one part of it fails", () => {
  using store = openStore();
  store.commit(work({ upserts: [row(1)] }));

  // The second row claims the first one's UID under another id.
  const result = store.commit(
    work({ upserts: [row(2), row(3, { uid: "uid-1" })], requests: [request("lost")] }),
  );

  expect(result.type).toBe("failed");
  expect([store.object(1)?.uid, store.object(2), store.outboxState().requests]).toEqual([
    "uid-1",
    undefined,
    0,
  ]);
  expect(store.commit(work({ upserts: [row(2)] })).type).toBe("committed");
});

test("commit() lets an object come back under its old UID in the same transaction", () => {
  using store = openStore();
  store.commit(work({ upserts: [row(1)] }));

  const result = store.commit(
    work({ removals: [1], upserts: [row(2, { uid: "uid-1", name: "object-1" })] }),
  );

  expect(result.type).toBe("committed");
  expect(store.objectByUid(1, "uid-1")?.id).toBe(2);
});

test.each<Partial<ObjectRow>>([
  { status: '{"phase":"Ready"}', health: "failed", spec: '{"a":1}', metadata: '{"b":1}' },
  { memory: '{"c":1}', managers: "d", resourceVersion: "9", apiVersion: "e/v2" },
  { watchId: 2 },
  { dueAt: 70 },
  { dueAt: null },
])("commit() of a row that is there leaves it as it was given: %o", (difference) => {
  using store = openStore();
  store.commit(work({ upserts: [row(1, { dueAt: 50 })] }));

  store.commit(work({ upserts: [row(1, { dueAt: 50, ...difference })] }));

  expect(store.object(1)).toEqual(row(1, { dueAt: 50, ...difference }));
});

test.each<Partial<ObjectRow>>([
  { dueAt: 70, status: "{}" },
  { dueAt: null },
  { dueAt: 70, watchId: 2, owner: "o" },
])("commit() of a row that was read before leaves it as it was given: %o", (difference) => {
  using store = openStore();
  store.commit(work({ upserts: [row(1, { dueAt: 50 })] }));
  const known = store.objectByUid(1, "uid-1") ?? row(1);

  store.commit(work({ upserts: [{ ...known, ...difference }] }));

  const stored = row(1, { dueAt: 50, ...difference });
  expect(store.object(1)).toEqual(stored);
  expect(store.nextDueAt([stored.watchId])).toBe(stored.dueAt ?? undefined);
});

test("counters add up across commits and keep their start", () => {
  using store = openStore();
  const delta = { metric: "m", attributes: "{}", by: 1.5 };

  store.commit(work({ counterDeltas: [delta], committedAtMs: 10 }));
  store.commit(
    work({ counterDeltas: [delta, { ...delta, attributes: '{"a":1}' }], committedAtMs: 20 }),
  );
  store.announceCounters(store.counters().slice(0, 1));

  expect(store.counters()).toEqual([
    { metric: "m", attributes: '{"a":1}', value: 1.5, startedAt: 20, announced: true },
    { metric: "m", attributes: "{}", value: 3, startedAt: 10, announced: false },
  ]);
});

test("outboxBatch() takes the oldest that fit, but always one, and only of its signal and encoding", () => {
  using store = openStore();
  store.commit(
    work({
      requests: [
        request("aaaa"),
        request("bbbb"),
        { ...request("text"), encoding: "console" },
        request("cccc"),
      ],
    }),
  );

  const sizes = [0, 8, 9, 100].map((max) =>
    store.outboxBatch("logs", "otlp", max).map((one) => Buffer.from(one.body).toString()),
  );

  expect(sizes).toEqual([["aaaa"], ["aaaa", "bbbb"], ["aaaa", "bbbb"], ["aaaa", "bbbb", "cccc"]]);
});

test("acknowledge() removes exactly the given requests, and ids are never used again", () => {
  using store = openStore();
  store.commit(work({ requests: [request("a"), request("b")] }));
  const [first, second] = store.outboxBatch("logs", "otlp", 100);

  store.acknowledge([first?.id ?? 0, second?.id ?? 0]);
  store.commit(work({ requests: [request("c")], committedAtMs: 7 }));

  expect(store.outboxState()).toEqual({ requests: 1, records: 1, bytes: 1, oldestAt: 7 });
  expect(store.outboxBatch("logs", "otlp", 100)[0]?.id).toBeGreaterThan(second?.id ?? 0);
});

test("watchObjectsAfter() pages through one watch's objects by namespace and name, each once", () => {
  using store = openStore();
  store.commit(
    work({
      upserts: [
        row(1, { namespace: "b", name: "a" }),
        row(2, { namespace: "a", name: "z" }),
        row(3, { namespace: "a", name: "b" }),
        row(4, { namespace: "", name: "cluster-scoped" }),
        row(5, { watchId: 2 }),
      ],
    }),
  );

  const first = store.watchObjectsAfter(1, { namespace: "", name: "" }, 3);
  const rest = store.watchObjectsAfter(1, first.at(-1) ?? { namespace: "", name: "" }, 3);

  expect([...first, ...rest].map((one) => one.id)).toEqual([4, 3, 2, 1]);
});

test("dueObjects() gives what is due, earliest first, and nextDueAt() the next", () => {
  using store = openStore();
  store.commit(
    work({
      upserts: [row(1, { dueAt: 30 }), row(2, { dueAt: 10 }), row(3), row(4, { dueAt: 20 })],
    }),
  );

  expect(store.dueObjects([1], 20, 10).map((one) => one.id)).toEqual([2, 4]);
  expect(store.nextDueAt([1])).toBe(10);
});

test("dueObjects() and nextDueAt() leave the objects of other watches alone", () => {
  using store = openStore();
  const due = [
    row(1, { dueAt: 10 }),
    row(2, { dueAt: 20, watchId: 2 }),
    row(3, { dueAt: 30, watchId: 3 }),
  ];
  store.commit(work({ upserts: due }));

  expect(store.dueObjects([2, 3], 100, 10).map((one) => one.id)).toEqual([2, 3]);
  expect([store.nextDueAt([2, 3]), store.nextDueAt([])]).toEqual([20, undefined]);
  expect(store.dueObjects([], 100, 10)).toEqual([]);
});

test("a watch that looks at everything anew has no position, and still knows when it last knew everything", () => {
  using store = openStore();
  const look = () => store.openWatch("pods", { group: "", resource: "pods" }, "{}");
  const watchId = look().id;
  store.commit(work({ positions: [{ watchId, position: "41", atMs: 5 }] }));

  store.commit(work({ positions: [{ watchId, position: null, atMs: null }] }));

  expect(look()).toMatchObject({ position: null, positionAt: 5 });
});

test("writes answer with a value where nothing can be written, and leave all as it was", () => {
  const opened = open();
  if (opened.type !== "opened") throw new Error(opened.type);
  using store = new Store(opened.database);
  store.commit(
    work({ requests: [request("a")], counterDeltas: [{ metric: "m", attributes: "{}", by: 1 }] }),
  );
  const [sent] = store.outboxBatch("logs", "otlp", 1000);
  opened.database.exec("PRAGMA query_only=1");

  const results = [
    store.acknowledge([sent?.id ?? 0]),
    store.announceCounters(store.counters()),
    store.commit(work({ upserts: [row(1)] })),
  ];

  expect(results.map(({ type }) => type)).toEqual(["failed", "failed", "failed"]);
  expect([
    store.outboxState().requests,
    store.counters()[0]?.announced,
    store.countObjects(),
  ]).toEqual([1, false, 0]);
});

test.each<{ readonly name: string; readonly cluster: ClusterMark; readonly kept: boolean }>([
  {
    name: "the same UID behind another address",
    cluster: { uid: "cluster-1", address: "moved" },
    kept: true,
  },
  { name: "no right to read the UID, same address", cluster: { address: "address-1" }, kept: true },
  {
    name: "another UID behind the same address",
    cluster: { uid: "cluster-2", address: "address-1" },
    kept: false,
  },
  {
    name: "no right to read the UID, another address",
    cluster: { address: "address-2" },
    kept: false,
  },
])("a state file is trusted: $kept, given $name", ({ cluster, kept }) => {
  openStore()[Symbol.dispose]();

  const opened = open(cluster);

  expect(opened.type).toBe("opened");
  if (opened.type !== "opened") return;
  opened.database.close();
  expect(opened.setAside?.path).toBe(
    kept ? undefined : join(directory, `${FILE_NAME}.2026-01-02T03-04-05.000Z.other-cluster`),
  );
});

test("a newer format and a file that is no database are set aside under a dated name, never deleted", () => {
  const first = open();
  if (first.type === "opened") {
    first.database.exec("PRAGMA user_version=999");
    first.database.close();
  }
  const newer = open();
  if (newer.type === "opened") newer.database.close();
  writeFileSync(
    join(directory, FILE_NAME),
    "this is no database, but it is longer than a header: ".repeat(50),
  );

  const corrupt = open();

  expect([
    newer.type === "opened" && newer.setAside?.reason,
    corrupt.type === "opened" && corrupt.setAside?.reason,
  ]).toEqual([expect.stringContaining("format is 999"), expect.stringContaining("corrupt")]);
  expect(readdirSync(directory).filter((name) => name.includes("Z.")).length).toBe(2);
  if (corrupt.type === "opened") corrupt.database.close();
});

test("the size of what waits is known by signal and encoding, whatever is committed, fails, is acknowledged or taken in parts", () => {
  const first = openStore();
  first.commit(
    work({ requests: [request("hello"), { ...request("12345678"), encoding: "text" }] }),
  );
  first.commit(work({ requests: [request("you")] }));
  first.commit(work({ upserts: [row(1), row(2, { uid: "uid-1" })], requests: [request("lost")] }));
  const whole = first.outboxSizeBytes("logs", "otlp");
  const [oldest] = first.outboxBatch("logs", "otlp", 1);
  first.acknowledge([oldest?.id ?? 0, 99]);
  const less = first.outboxSizeBytes("logs", "otlp");
  const [next] = first.outboxBatch("logs", "otlp", 1);
  const rest = { records: 1, body: Buffer.from("x") };
  first.step({ id: next?.id ?? 0, rest });
  const shortened = first.outboxSizeBytes("logs", "otlp");
  first.step({ id: next?.id ?? 0, rest: undefined });
  const taken = first.outboxSizeBytes("logs", "otlp");
  first[Symbol.dispose]();

  using second = openStore();

  expect([whole, less, shortened, taken]).toEqual([8, 3, 1, 0]);
  expect([
    second.outboxSizeBytes("logs", "otlp"),
    second.outboxSizeBytes("logs", "text"),
    second.outboxSizeBytes("traces", "otlp"),
  ]).toEqual([0, 8, 0]);
});

const waiting = (uid: string, fields: Partial<WithheldMove> = {}): WithheldMove => ({
  kindId: 1,
  uid,
  changes: 1,
  seenAtMs: 5,
  appearance: null,
  gone: null,
  reported: `{"state":"${uid}"}`,
  ...fields,
});

test("what waits is kept in its order, goes on under what was told last, and is counted across lives", () => {
  const first = openStore();
  first.commit(work({ withheld: { moves: [waiting("a"), waiting("b"), waiting("c")], ends: [] } }));
  const more = waiting("a", { changes: 7, seenAtMs: 9, gone: "[]", reported: undefined });
  first.commit(work({ withheld: { moves: [more], ends: [{ kindId: 1, uid: "b" }] } }));
  first.commit(work({ withheld: { moves: [waiting("c", { changes: 2 })], ends: [] } }));
  const count = first.withheldCount;
  first[Symbol.dispose]();

  using second = openStore();

  const { reported: _reported, ...expected } = more;
  expect([count, second.withheldCount]).toEqual([2, 2]);
  expect(second.withheld(more)).toEqual(expected);
  expect(second.reported(more)).toBe('{"state":"a"}');
  expect(second.withheld({ kindId: 1, uid: "b" })).toBe(undefined);
  expect(second.withheldAfter(0, 1).map(({ uid }) => uid)).toEqual(["a"]);
  expect(second.withheldAfter(1, 9).map(({ uid }) => uid)).toEqual(["c"]);
});

test("a commit that fails leaves what waits, and its count, as they were", () => {
  using store = openStore();
  store.commit(work({ withheld: { moves: [waiting("a")], ends: [] } }));

  store.commit(
    work({
      upserts: [row(1), row(2, { uid: "uid-1" })],
      withheld: { moves: [waiting("b")], ends: [{ kindId: 1, uid: "a" }] },
    }),
  );

  expect(store.withheldCount).toBe(1);
  expect(store.withheldAfter(0, 9).map(({ uid }) => uid)).toEqual(["a"]);
});

test("a second opener of the same directory is told that the file is in use", () => {
  using store = openStore();

  const second = open();

  expect(second).toEqual({ type: "in-use", path: join(directory, FILE_NAME) });
  expect(store.countObjects()).toBe(0);
});

test.each(["dueObjects", "nextDue"] as const)(
  "%s finds what is due by its time, it does not read every row of the watches",
  (statement) => {
    const opened = open();
    if (opened.type !== "opened") throw new Error(`Cannot open: ${opened.type}`);
    using database = opened.database;

    const plan = database.prepare(`EXPLAIN QUERY PLAN ${STATEMENTS[statement]}`).all();

    expect(JSON.stringify(plan)).toContain("objects_by_due");
    expect(JSON.stringify(plan)).not.toContain("objects_by_name");
  },
);

test.each([
  ["1000 of them", 3, 1_003],
  ["16 MiB", 1024 * 1024, 19],
])("of dead letters the last %s are kept, and who goes is counted", (_what, sizeBytes, count) => {
  using temporary = openTemporaryStore();
  const body = new Uint8Array(sizeBytes);

  const forgotten = Array.from({ length: count }, (_, index) => {
    const deadLetter = {
      signal: "logs",
      encoding: "otlp",
      refusedAtMs: index,
      reason: "400",
      body,
    };
    return temporary.store.step({ id: 1, rest: undefined, deadLetter }).forgotten;
  });

  expect(forgotten.reduce((sum, one) => sum + one, 0)).toBe(3);
  expect(temporary.store.deadLetters().map(({ refusedAtMs }) => refusedAtMs)).toEqual(
    Array.from({ length: count - 3 }, (_, index) => index + 3),
  );
});

test("children are found by the UID of their owner, also after they were adopted or let go", () => {
  using temporary = openTemporaryStore();
  const { store } = temporary;
  const rows = [1, 2, 3].map((id) => row(id, { owner: id === 3 ? "" : "boss" }));
  store.commit(work({ upserts: rows }));
  const before = store.childrenOf("boss", 10).map(({ id }) => id);
  store.commit(work({ upserts: [row(1, { owner: "" }), row(3, { owner: "boss" })] }));

  const after = store.childrenOf("boss", 10).map(({ id }) => id);

  expect([before, after, store.childrenOf("", 10), store.childrenOf("boss", 1).length]).toEqual([
    [1, 2],
    [2, 3],
    [],
    1,
  ]);
});

test("no statement is compiled anew for the limit that it is given", () => {
  const planned = Object.entries(STATEMENTS).filter(([, sql]) => sql.includes("LIMIT ?"));

  expect(planned).toEqual([]);
});
