import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { openTemporaryStore } from "../testing/temporary-store.ts";
import { WAL_MAX_BYTES } from "./open-database.ts";
import type { Store } from "./store.ts";

const MIB = 1024 * 1024;
const KEPT_BYTES = 4 * MIB;

function fill(store: Store, rows: number, rowBytes: number): void {
  for (let row = 0; row < rows; row += 1) {
    const request = { signal: "logs", encoding: "otlp", records: 1, positions: "{}" };
    const body = new Uint8Array(rowBytes);
    const requests = [{ ...request, body }];
    const nothing = { upserts: [], removals: [], positions: [], counterDeltas: [] };
    store.commit({ ...nothing, requests, committedAtMs: 0 });
  }
}

function acknowledgeAll(store: Store): void {
  for (;;) {
    const ids = store.outboxBatch("logs", "otlp", 3 * MIB).map(({ id }) => id);
    if (ids.length === 0) return;
    store.acknowledge(ids);
  }
}

function sizesOf({ path }: { readonly path: string }): {
  readonly file: number;
  readonly wal: number;
} {
  return { file: statSync(path).size, wal: statSync(`${path}-wal`).size };
}

test("after 20 MB of outbox were acknowledged the file shrinks step by step to what a burst takes again", () => {
  using temporary = openTemporaryStore();
  const { store } = temporary;
  fill(store, 80, 256 * 1024);
  const full = sizesOf(temporary);
  acknowledgeAll(store);
  const acknowledged = sizesOf(temporary);
  let steps = 1;

  while (store.shrink() === "more") steps += 1;

  const after = sizesOf(temporary);
  expect(full.file + full.wal).toBeGreaterThan(20 * MIB);
  expect(acknowledged.file).toBeGreaterThan(18 * MIB);
  expect(after.file).toBeLessThan(KEPT_BYTES + MIB);
  expect(Math.max(full.wal, acknowledged.wal, after.wal)).toBeLessThan(WAL_MAX_BYTES + MIB);
  // Bounded work for each: 32 pages of 4 KiB.
  expect(steps).toBeGreaterThanOrEqual(Math.floor((16 * MIB) / (32 * 4096)));
  expect(store.inspect().damages).toEqual([]);
  expect(store.shrink()).toBe("done");
});

test("a file with little free space is left as it is, for the next burst takes it again", () => {
  using temporary = openTemporaryStore();
  const { store } = temporary;
  fill(store, 8, 256 * 1024);
  acknowledgeAll(store);
  const before = sizesOf(temporary);

  const shrunk = store.shrink();

  expect(shrunk).toBe("done");
  expect(sizesOf(temporary)).toEqual(before);
});

test("one transaction that is larger than the WAL's bound leaves it no larger than that", () => {
  using temporary = openTemporaryStore();
  const { store } = temporary;
  fill(store, 1, 12 * MIB);
  const large = sizesOf(temporary);

  fill(store, 2, 1024);

  expect(large.wal).toBeGreaterThan(12 * MIB);
  expect(sizesOf(temporary).wal).toBeLessThanOrEqual(WAL_MAX_BYTES);
});

test("where nothing can be written nothing is shrunk, and nothing thrown", () => {
  using temporary = openTemporaryStore();
  const { store } = temporary;
  fill(store, 80, 256 * 1024);
  acknowledgeAll(store);
  temporary.breakWrites();

  const broken = store.shrink();
  temporary.mendWrites();

  expect([broken, store.shrink()]).toEqual(["done", "more"]);
});
