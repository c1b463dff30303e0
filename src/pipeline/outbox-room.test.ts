import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { OutboxRoom } from "./outbox-room.ts";
import type { PipelineReport } from "./report.ts";

let temporary: TemporaryStore;
let clock: FakeClock;
let reports: PipelineReport[];
let room: OutboxRoom;

beforeEach(() => {
  temporary = openTemporaryStore();
  clock = createFakeClock();
  reports = [];
  const { store } = temporary;
  const report = (one: PipelineReport): unknown => reports.push(one);
  const queues = (["logs", "traces"] as const).map((signal) => ({ signal, encoding: "otlp" }));
  room = new OutboxRoom({ store, queues, maxBytes: 1000, clock, report });
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

function queue(sizes: readonly number[], encoding = "otlp", signal = "logs"): void {
  temporary.store.commit({
    upserts: [],
    removals: [],
    positions: [],
    counterDeltas: [],
    requests: sizes.map((sizeBytes) => ({
      signal,
      encoding,
      records: 1,
      positions: "{}",
      body: new Uint8Array(sizeBytes),
    })),
    committedAtMs: 0,
  });
}

function acknowledgeOldest(): void {
  const [oldest] = temporary.store.outboxBatch("logs", "otlp", 1);
  if (oldest !== undefined) temporary.store.acknowledge([oldest.id]);
}

test("isFull() from the bound on, and until less than four fifths of it wait", () => {
  queue([101, 99, 1, 798]);
  const before = room.isFull(0);
  queue([1]);

  const full = [room.isFull(0)];
  for (let taken = 0; taken < 3; taken += 1) {
    acknowledgeOldest();
    full.push(room.isFull(0));
  }

  expect([before, ...full]).toEqual([false, true, true, true, false]);
});

test("isFull() counts what is pending, and nothing that this collector will never take", () => {
  queue([5000], "console");
  queue([600]);

  expect([room.isFull(399), room.isFull(400)]).toEqual([false, true]);
});

test("it is said once that it is full, and once that all is told, with what that cost", async () => {
  queue([1200]);
  room.isFull(0);
  const wasBehind = room.isBehind;
  room.vanished(3);
  await clock.advance(5000);
  acknowledgeOldest();
  room.isFull(0);
  queue([1000]);
  room.isFull(0);

  room.caughtUp({ netChanges: 2, changes: 7 }, 0);
  room.caughtUp({ netChanges: 0, changes: 0 }, 0);

  expect([wasBehind, room.isBehind]).toEqual([true, false]);
  expect(reports).toEqual([
    { type: "outbox-full", sizeBytes: 1200, maxBytes: 1000 },
    { type: "outbox-caught-up", behindMs: 5000, netChanges: 2, changes: 10 },
  ]);
});

test("while something is left that can't be told now it is neither behind nor caught up", async () => {
  queue([1200]);
  room.isFull(0);
  acknowledgeOldest();
  room.isFull(0);

  room.caughtUp({ netChanges: 2, changes: 7 }, 1);
  const early = [reports.length, room.isBehind, room.owesWord];
  await clock.advance(5000);
  room.caughtUp({ netChanges: 1, changes: 1 }, 0);

  expect(early).toEqual([1, false, true]);
  expect(room.owesWord).toBe(false);
  expect(reports.at(-1)).toEqual({
    type: "outbox-caught-up",
    behindMs: 5000,
    netChanges: 3,
    changes: 8,
  });
});

test("spans that wait take room like records", () => {
  queue([600]);
  queue([400], "otlp", "traces");

  expect(room.isFull(0)).toBe(true);
});

test("spans take half of the room at most, so that a tracing backend that is away crowds out no records", () => {
  queue([499], "otlp", "traces");
  const before = room.takesTraces(0);
  queue([1], "otlp", "traces");

  const after = room.takesTraces(0);

  expect([before, after, room.isFull(0)]).toEqual([true, false, false]);
});

test("where records have no room, spans have none", () => {
  queue([1000]);

  expect(room.takesTraces(0)).toBe(false);
});
