import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { columnsOf, encodeState } from "../history/object-state.ts";
import { createRedactor, type Redact } from "../history/redact.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { DAMAGE, READ_ERROR } from "../testing/faulty-database.ts";
import { database, DATABASE_KIND } from "../testing/kube-change.ts";
import {
  allObjects,
  objectRow,
  openTemporaryStore,
  type TemporaryStore,
} from "../testing/temporary-store.ts";
import type { ObjectRow } from "../store/rows.ts";
import { decodeMemory, EMPTY_MEMORY, encodeMemory } from "../lifecycle/memory.ts";
import type { NetDifferences } from "../lifecycle/net-differences.ts";
import { renewRedaction } from "./renew-redaction.ts";
import type { PipelineReport } from "./report.ts";
import { decodeReported, encodeReported } from "./reported.ts";

/** What the rules of now cover, and those of before did not. */
const CANARY = "canary-5f2b9c41d7";
const redact: Redact = createRedactor(() => "abcd");
const FACTS = JSON.stringify(DATABASE_KIND);
const KEY = { group: DATABASE_KIND.group, resource: DATABASE_KIND.resource };

let temporary: TemporaryStore;
let clock: FakeClock;
let reports: PipelineReport[];
let watchId: number;
let kindId: number;

beforeEach(() => {
  temporary = openTemporaryStore();
  clock = createFakeClock(1_000_000);
  reports = [];
  ({ id: watchId, kindId } = temporary.store.openWatch("databases", KEY, FACTS));
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

/** An object of which old rules let everything through. */
function leaky(id: number, secret: string, size = 10): ObjectRow {
  const object: KubeObject = database({
    metadata: {
      name: `db-${id}`,
      uid: `uid-${id}`,
      resourceVersion: "1",
      annotations: { "example.com/password": secret },
    },
    spec: { password: secret, filler: "x".repeat(size) },
    status: { phase: "Ready", token: secret },
  });
  const state = encodeState(object, `[["kubectl/Update","2026-01-01T00:00:00Z",${id}]]`);
  return objectRow(id, {
    ...columnsOf(state),
    kindId,
    watchId,
    memory: encodeMemory({
      ...EMPTY_MEMORY,
      phase: { value: `redis://:${secret}@cache:6379/0`, sinceMs: 5 },
      conditions: [{ type: "Ready", status: "True", sinceMs: 7 }],
    }),
  });
}

function commit(upserts: readonly ObjectRow[], removals: readonly number[] = []): void {
  const nothing = { positions: [], counterDeltas: [], requests: [] };
  const result = temporary.store.commit({ ...nothing, upserts, removals, committedAtMs: 0 });
  if (result.type === "failed") throw result.error;
}

const report = (one: PipelineReport): unknown => reports.push(one);

function renew(
  options: { readonly version?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { store } = temporary;
  const { signal } = new AbortController();
  return renewRedaction({ store, redact, version: 2, clock, report, signal, ...options });
}

/** How often the canary stands in the file and its WAL as they are now. */
function canaries(): number {
  const bytes = [temporary.path, `${temporary.path}-wal`].map((path) =>
    readFileSync(path, "latin1"),
  );
  return bytes.join("").split(CANARY).length - 1;
}

test("newer rules take what they cover out of every part of a row, and leave the rest as it is", async () => {
  const row = leaky(1, CANARY);
  commit([row]);

  await renew();

  const [renewed] = allObjects(temporary.store);
  expect(JSON.stringify(renewed)).not.toContain(CANARY);
  expect(JSON.parse(renewed?.spec ?? "")).toEqual({
    spec: { password: "[redacted:abcd]", filler: "xxxxxxxxxx" },
  });
  expect(JSON.parse(renewed?.status ?? "")).toEqual({ phase: "Ready", token: "[redacted:abcd]" });
  expect(decodeMemory(renewed?.memory ?? "")).toMatchObject({
    phase: { value: "redis://[redacted:abcd]@cache:6379/0", sinceMs: 5 },
    conditions: [{ type: "Ready", status: "True", sinceMs: 7 }],
  });
  expect({ ...renewed, ...sectionsOf(row) }).toEqual(row);
});

test("nothing of it is left in the file's bytes, its free space and its WAL included", async () => {
  const ids = Array.from({ length: 150 }, (_, index) => index + 1);
  // Sizes that move rows between pages, large ones on pages of their own, versions that were replaced, rows that are gone.
  for (const size of [10, 3000, 200, 9000, 40])
    commit(ids.map((id) => leaky(id, CANARY, size + id)));
  commit(
    [],
    ids.filter((id) => id % 3 === 0),
  );
  for (const size of [700, 60])
    commit(ids.filter((id) => id % 3 !== 0).map((id) => leaky(id, CANARY, size)));
  const before = canaries();

  await renew();

  expect(before).toBeGreaterThan(500);
  expect(canaries()).toBe(0);
  expect(temporary.store.inspect()).toMatchObject({ damages: [], objects: 100 });
});

test("it makes no records, is said once, and not done again under the same rules", async () => {
  commit([leaky(1, CANARY), { ...leaky(2, "[redacted:abcd]"), memory: "{}" }]);
  await renew();
  commit([leaky(3, CANARY)]);

  await renew();

  expect(temporary.store.outboxState().requests).toBe(0);
  expect(reports).toEqual([{ type: "redaction-renewed", objects: 1, durationMs: 0, waiting: 0 }]);
  expect(canaries()).toBeGreaterThan(0);
});

test("what a flood withholds keeps its count, but not the values: their rules go by names that stand elsewhere", async () => {
  const net: NetDifferences = {
    entries: [{ path: ["spec", "password"], values: { before: CANARY, after: "b" } }],
    isCut: false,
  };
  const held = { "lifeline.object.updated": { count: 3, net } };
  const flood = { type: "withholding", sinceMs: 5, writers: [], held } as const;
  const memory = encodeMemory({ ...EMPTY_MEMORY, flood });
  commit([{ ...leaky(1, "[redacted:abcd]"), memory }]);

  await renew();

  expect(canaries()).toBe(0);
  expect(decodeMemory(temporary.store.object(1)?.memory ?? "").flood).toEqual({
    ...flood,
    held: {
      "lifeline.object.updated": {
        count: 3,
        net: { entries: [{ path: ["spec", "password"] }], isCut: true },
      },
    },
  });
});

test("what waits for room and makes no sense keeps neither the others nor the start waiting", async () => {
  const row = leaky(1, CANARY);
  const move = {
    kindId,
    uid: "uid-damaged",
    changes: 1,
    seenAtMs: 5,
    appearance: null,
    gone: null,
  };
  const moves = [
    { ...move, reported: "{" },
    { ...move, uid: row.uid, reported: encodeReported(row) },
  ];
  const nothing = { removals: [], positions: [], counterDeltas: [], requests: [] };
  const withheld = { moves, ends: [] };
  temporary.store.commit({ ...nothing, upserts: [], withheld, committedAtMs: 0 });

  await renew();

  expect(canaries()).toBe(0);
  expect(reports).toMatchObject([{ type: "object-skipped", object: "uid-damaged" }]);
  expect(temporary.store.redactionVersion).toBe("2");
});

test("what waits for room in the outbox goes through the newer rules, too", async () => {
  const row = leaky(1, CANARY);
  const gone = JSON.stringify([
    { type: "log", body: "d", attributes: { "lifeline.labels": `{"password":"${CANARY}"}` } },
  ]);
  const move = { kindId, uid: row.uid, changes: 3, seenAtMs: 5, appearance: null, gone };
  const written = temporary.store.commit({
    upserts: [],
    removals: [],
    positions: [],
    counterDeltas: [],
    requests: [],
    withheld: { moves: [{ ...move, reported: encodeReported(row) }], ends: [] },
    committedAtMs: 0,
  });

  await renew();

  expect(written).toEqual({ type: "committed" });
  expect(canaries()).toBe(0);
  expect(temporary.store.withheld(row)).toMatchObject({ changes: 3, seenAtMs: 5 });
  expect(decodeReported(temporary.store.reported(row) ?? "", "").state.spec).toContain(
    "[redacted:abcd]",
  );
});

test("a row that the rules do not touch is not written", async () => {
  const row = leaky(1, "[redacted:abcd]");
  commit([{ ...row, memory: "{}" }]);

  await renew();

  expect(reports).toMatchObject([{ objects: 0 }]);
  expect(temporary.store.object(1)).toEqual({ ...row, memory: "{}" });
});

test("a new file is of the rules of now, and nothing is said", async () => {
  await renew();

  expect([temporary.store.redactionVersion, reports]).toEqual(["2", []]);
});

test("records that wait were made under the old rules, which is said", async () => {
  const request = { signal: "logs", encoding: "otlp", records: 7, positions: "{}" };
  const requests = [{ ...request, body: new Uint8Array(3) }];
  const nothing = { removals: [], positions: [], counterDeltas: [] };
  temporary.store.commit({ ...nothing, upserts: [leaky(1, "x")], requests, committedAtMs: 0 });

  await renew();

  expect(reports).toMatchObject([{ type: "redaction-renewed", waiting: 7 }]);
});

test("one row that cannot be read is skipped and told, the others are renewed", async () => {
  commit([{ ...leaky(1, CANARY), spec: "{" }, leaky(2, CANARY)]);

  await renew();

  expect(temporary.store.object(2)?.spec).not.toContain(CANARY);
  expect(reports.map(({ type }) => type)).toEqual(["object-skipped", "redaction-renewed"]);
});

test("on a full disk it waits, says so, and is complete once there is room", async () => {
  commit([leaky(1, CANARY)]);
  temporary.breakWrites();
  const renewing = renew();
  await clock.advance(3000);
  const during = [temporary.store.redactionVersion, reports.at(-1)?.type];
  temporary.mendWrites();

  await clock.advance(1000);
  await renewing;

  expect(during).toEqual([undefined, "commit-failed"]);
  expect([temporary.store.redactionVersion, canaries()]).toEqual(["2", 0]);
});

test.each([
  { what: "the version", sql: /FROM meta/ },
  { what: "an object", sql: /FROM objects WHERE id/ },
])("where $what cannot be read it waits, says so, and is complete once it can", async ({ sql }) => {
  commit([leaky(1, CANARY)]);
  temporary.break({ sql, ...READ_ERROR });
  const renewing = renew();
  await clock.advance(3000);
  const during = reports.at(-1)?.type;
  temporary.mend();

  await clock.advance(1000);
  await renewing;

  expect(during).toBe("state-unreadable");
  expect([temporary.store.redactionVersion, canaries()]).toEqual(["2", 0]);
});

test.each([
  { what: "reads", sql: /FROM objects WHERE id/ },
  { what: "writes", sql: /^COMMIT/ },
])("damage in what it $what is no matter of waiting", async ({ sql }) => {
  commit([leaky(1, CANARY)]);
  temporary.break({ sql, ...DAMAGE });

  await expect(renew()).rejects.toThrow("malformed");
});

test("cut short it is begun anew by the next run", async () => {
  commit([leaky(1, CANARY)]);
  temporary.breakWrites();
  const stop = new AbortController();
  const renewing = renew({ signal: stop.signal });
  await clock.advance(10);
  stop.abort();
  await renewing;
  temporary.mendWrites();

  await renew();

  expect(canaries()).toBe(0);
});

function sectionsOf(row: ObjectRow): Partial<ObjectRow> {
  const { metadata, spec, status, memory } = row;
  return { metadata, spec, status, memory };
}
