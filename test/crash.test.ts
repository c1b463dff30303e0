import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodeMemory } from "../src/lifecycle/memory.ts";
import { openDatabase } from "../src/store/open-database.ts";
import type { CounterRow, ObjectRow } from "../src/store/rows.ts";
import { Store } from "../src/store/store.ts";
import { createRandom } from "../src/testing/demo/random.ts";
import { allObjects } from "../src/testing/temporary-store.ts";
import { readBodies } from "./crash/body-file.ts";
import { readRecords, type ToldRecord } from "./crash/told-records.ts";
import { type SupervisedProcess, startProcess } from "./testbed/supervised-process.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const SEED = 20_260_102;
const KILLS = 24;
const CHILD = fileURLToPath(new URL("crash/lifeline-child.ts", import.meta.url));
/** Between two pieces of the stream: slow enough that all kills fall into the story, fast enough for the test. */
const PACE_MS = 20;

/** All objects are born after whatever was looked at last, however slow this machine is. */
const BORN_AT = new Date(Date.now() + 600_000).toISOString().replace(/\.\d+/, "");

test("a pipeline that is killed again and again tells exactly what one that lives on tells", async () => {
  await using quiet = await createTemporaryDirectory("crash-never");
  await using troubled = await createTemporaryDirectory("crash-often");

  await Promise.all([
    live(quiet.path),
    (async () => {
      await dieOften(troubled.path, createRandom(SEED));
      await live(troubled.path);
    })(),
  ]);

  const expected = readLife(quiet.path);
  const actual = readLife(troubled.path);
  expect(differingCopies(expected.copies)).toEqual([]);
  expect(actual.copies.length).toBeGreaterThan(expected.copies.length);
  expect(differingCopies(actual.copies)).toEqual([]);
  expect(storiesOf(actual.copies)).toEqual(storiesOf(expected.copies));
  expect(actual.counters).toEqual(expected.counters);
  expect(actual.objects).toEqual(expected.objects);
  expect(actual.waiting).toEqual(0);
});

function start(directory: string, ...rest: readonly number[]): Promise<SupervisedProcess> {
  return startProcess(process.execPath, [
    CHILD,
    directory,
    String(SEED),
    BORN_AT,
    ...rest.map(String),
  ]);
}

/** One life from wherever the last ended to the end of the script. */
async function live(directory: string): Promise<void> {
  await using child = await start(directory, 0);
  const { code } = await child.exited;
  expect(child.stderrLines).toEqual([]);
  expect(code).toBe(0);
}

async function dieOften(directory: string, random: () => number): Promise<void> {
  const bodies = join(directory, "bodies");
  for (let kill = 0; kill < KILLS; kill += 1) {
    await using child = await beginLife(directory, kill, random);
    const { signal } = await child.exited;
    expect(child.stderrLines).toEqual([]);
    // Otherwise it had told everything before it was killed, and the rest of this test would test nothing.
    expect(signal).toBe("SIGKILL");
    if (sizeOf(bodies) > 0) readBodies(bodies);
  }
}

/** A life whose end is certain: in the middle of a commit, with a record under way, or anywhere, its beginning included. */
async function beginLife(
  directory: string,
  number: number,
  random: () => number,
): Promise<SupervisedProcess> {
  if (number % 2 === 0) return start(directory, PACE_MS, 1 + Math.floor(random() * 500));
  const child = await start(directory, PACE_MS);
  if (number % 8 === 1) await sleep(random() * 300);
  else if (number % 8 === 3) await untilReady(child, random() * 250);
  else {
    const path = join(directory, "bodies");
    await untilGrown(child, { path, bytes: 1 + random() * 50_000 });
  }
  child.kill("SIGKILL");
  return child;
}

/** Some time after the pipeline began. */
async function untilReady(child: SupervisedProcess, delayMs: number): Promise<void> {
  while (child.stdoutLines.length === 0) await sleep(5);
  await sleep(delayMs);
}

/** Once so much more was told: between its arrival and its acknowledgement, most of the time. */
async function untilGrown(
  child: SupervisedProcess,
  growth: { readonly path: string; readonly bytes: number },
): Promise<void> {
  const enough = sizeOf(growth.path) + growth.bytes;
  await untilReady(child, 0);
  const deadlineMs = performance.now() + 1000;
  while (sizeOf(growth.path) < enough && performance.now() < deadlineMs) await sleep(1);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

type Life = {
  /** All that arrived about objects, repetitions included. */
  readonly copies: readonly ToldRecord[];
  readonly counters: readonly Pick<CounterRow, "metric" | "attributes" | "value">[];
  readonly objects: readonly unknown[];
  readonly waiting: number;
};

/** What a life left behind. `lifeline.synced` is told once per life, so it is nothing to compare. */
function readLife(directory: string): Life {
  const opened = openDatabase({
    directory,
    cluster: { address: "scripted" },
    nowMs: 0,
    newKey: () => "",
  });
  if (opened.type !== "opened") throw new Error(`Cannot open the state: ${opened.type}`);
  using store = new Store(opened.database);
  const records = readRecords(readBodies(join(directory, "bodies")));
  return {
    copies: records.filter(({ eventName }) => eventName !== "lifeline.synced"),
    counters: store
      .counters()
      .map(({ metric, attributes, value }) => ({ metric, attributes, value })),
    objects: allObjects(store)
      .toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
      .map(comparable),
    waiting: store.outboxState().requests,
  };
}

/** Row ids and the times at which something was observed, or is due since then, depend on the life. */
function comparable({ id: _id, memory, dueAt, ...columns }: ObjectRow): unknown {
  return {
    ...columns,
    isDue: dueAt !== null,
    memory: JSON.stringify(decodeMemory(memory), withoutTimes),
  };
}

function withoutTimes(key: string, value: unknown): unknown {
  if (key === "sinceMs") return "";
  return key === "toldAtMs" && Array.isArray(value) ? value.length : value;
}

/** Repetitions that are not, byte for byte, what they repeat. */
function differingCopies(records: readonly ToldRecord[]): readonly string[] {
  const firsts = new Map<string, string>();
  const differing: string[] = [];
  for (const { uid, bytes, eventName } of records) {
    const first = firsts.get(uid) ?? bytes;
    if (first !== bytes) differing.push(`${eventName} ${uid}`);
    firsts.set(uid, first);
  }
  return differing;
}

/** By object, in the order of arrival: which records, first copies only. */
function storiesOf(records: readonly ToldRecord[]): ReadonlyMap<string, readonly string[]> {
  const stories = new Map<string, Set<string>>();
  for (const { objectUid, uid, eventName } of records) {
    const story = stories.get(objectUid) ?? new Set();
    stories.set(objectUid, story.add(`${eventName} ${uid}`));
  }
  return new Map([...stories].map(([objectUid, story]) => [objectUid, [...story]]));
}
