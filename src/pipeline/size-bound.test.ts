import { statSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import type { WatchEvent } from "../cluster/watch-event.ts";
import { WAL_MAX_BYTES } from "../store/open-database.ts";
import { database } from "../testing/kube-change.ts";
import { OutboxRig } from "../testing/outbox-rig.ts";

const MIB = 1024 * 1024;
const OBJECTS = 300;
/** Fewer than the flood guard lets through. */
const ROUNDS = 12;
/** An object holds 4 KB, and what a change of it says twice that: what is said would fill this seven times. */
const OUTBOX_MAX_BYTES = 4 * MIB;
/** Requests lie on pages of 4 KiB, and the bound is passed by one commit. */
const OUTBOX_ON_DISK_BYTES = 1.1 * OUTBOX_MAX_BYTES + MIB;
/** Kept for the next burst. */
const FREE_PAGES_BYTES = 4 * MIB;
/** With the transaction that a checkpoint was amidst. */
const WAL_BYTES = WAL_MAX_BYTES + MIB;

let rig: OutboxRig;
let version: number;

beforeEach(() => {
  vi.spyOn(performance, "now").mockReturnValue(0);
  rig = new OutboxRig(OUTBOX_MAX_BYTES);
  version = 1;
});

afterEach(() => {
  rig[Symbol.dispose]();
  vi.restoreAllMocks();
});

/** With a text that is another with each version. */
function object(name: string): KubeObject {
  version += 1;
  return database({
    metadata: { name, uid: `uid-${name}`, resourceVersion: String(version) },
    spec: { text: String(version).padEnd(8, "-").repeat(512) },
  });
}

function names(generation: string): readonly string[] {
  return Array.from({ length: OBJECTS }, (_, index) => `${generation}-${index}`);
}

async function take(type: "applied" | "deleted", generation: string): Promise<void> {
  const events = names(generation).map((name): WatchEvent => ({ type, object: object(name) }));
  await rig.take(...events);
  rig.flush();
}

function fileBytes(): number {
  return statSync(rig.temporary.path).size;
}

function directoryBytes(): number {
  return fileBytes() + statSync(`${rig.temporary.path}-wal`).size;
}

function shrink(): void {
  for (let more = true; more;) more = rig.store.shrink() === "more";
}

/** What one object takes in the file, where nothing else is in it; of free space a little is left. */
async function measureObject(): Promise<number> {
  await take("applied", "lasting");
  rig.deliver();
  // Whatever is in the WAL goes into the file.
  rig.crash();
  return (fileBytes() + MIB / 4) / OBJECTS;
}

/** What may be on the disk besides states. */
const BESIDES_BYTES = OUTBOX_ON_DISK_BYTES + FREE_PAGES_BYTES + WAL_BYTES;

test("state, outbox and WAL stay under one bound while seven times what may wait is said, and shrink again", async () => {
  const objectBytes = await measureObject();
  const excesses: number[] = [];

  for (let round = 0; round < ROUNDS; round += 1) {
    await take("applied", "lasting");
    await take("applied", `passing-${round}`);
    if (round > 0) await take("deleted", `passing-${round - 1}`);
    shrink();
    // What was last told of an object that waits is kept beside what it is.
    const states = rig.store.countObjects() + rig.store.withheldCount;
    excesses.push(directoryBytes() - (states * objectBytes + BESIDES_BYTES));
  }
  const waiting = rig.store.withheldCount;
  await take("deleted", `passing-${ROUNDS - 1}`);
  for (let isTold = false; !isTold;) {
    rig.deliver();
    isTold = await rig.catchUp();
    rig.flush();
  }
  rig.deliver();
  shrink();

  expect(Math.max(...excesses)).toBeLessThan(0);
  // Those that were told of while there was room: what came and went later waits for nothing.
  expect(waiting).toBeLessThanOrEqual(3 * OBJECTS);
  expect([rig.store.countObjects(), rig.store.withheldCount]).toEqual([OBJECTS, 0]);
  expect(directoryBytes()).toBeLessThan(OBJECTS * objectBytes + FREE_PAGES_BYTES + WAL_BYTES);
  expect(fileBytes()).toBeLessThan(OBJECTS * objectBytes + FREE_PAGES_BYTES);
});
