import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import type { LogSignal } from "../lifecycle/signal.ts";
import { database, NOW_MS } from "../testing/kube-change.ts";
import { OutboxRig } from "../testing/outbox-rig.ts";

/** About four records. */
const MAX_BYTES = 3000;
const FILLERS_MAX = 20;

let rig: OutboxRig;
let version: number;

beforeEach(async () => {
  // No time slice is ever used up.
  vi.spyOn(performance, "now").mockReturnValue(0);
  rig = new OutboxRig(MAX_BYTES);
  version = 100;
  await rig.take({ type: "resync-start" }, { type: "resync-end", resourceVersion: "100" });
  rig.flush();
  rig.deliver();
});

afterEach(() => {
  rig[Symbol.dispose]();
  vi.restoreAllMocks();
});

function object(name: string, phase: string, fields: { readonly uid?: string } = {}): KubeObject {
  version += 1;
  const uid = fields.uid ?? `uid-${name}`;
  const creationTimestamp = "2023-10-26T10:00:00Z";
  return database({
    metadata: { name, uid, resourceVersion: String(version), creationTimestamp },
    status: { phase },
  });
}

async function write(name: string, ...phases: readonly string[]): Promise<void> {
  for (const phase of phases) await rig.take({ type: "applied", object: object(name, phase) });
}

async function remove(name: string): Promise<void> {
  await rig.take({ type: "deleted", object: object(name, "Gone") });
}

/** Says so much that there is room for nothing more; the collector takes nothing. */
async function fill(): Promise<void> {
  for (let filler = 0; !rig.isFull && filler < FILLERS_MAX; filler += 1)
    await write(`filler-${filler}`, "Ready");
  rig.flush();
}

/** The collector takes all; what waited is told. */
async function makeRoom(): Promise<readonly LogSignal[]> {
  rig.deliver();
  await rig.catchUp();
  rig.flush();
  return rig.deliver();
}

/** Of the records of objects but fillers: `action name detail`, and for how many changes it stands. */
function spell(records: readonly LogSignal[]): readonly string[] {
  return records
    .filter(({ attributes }) => !String(attributes["k8s.object.name"]).startsWith("filler"))
    .map(({ attributes }) =>
      ["lifeline.action", "k8s.object.name", "lifeline.phase", "lifeline.collapsed"]
        .map((name) => attributes[name])
        .filter((value) => value !== undefined)
        .join(" "),
    );
}

test("while the outbox is full nothing more is queued, and states, counts and counters stay true", async () => {
  await write("a", "Ready");
  await fill();
  const waiting = rig.store.outboxState();

  await write("a", "Updating", "Failed");
  await write("b", "Ready");
  rig.flush();

  expect(rig.store.outboxState()).toEqual(waiting);
  expect(rig.store.objectByUid(rig.watch.kindId, "uid-a")?.status).toBe('{"phase":"Failed"}');
  expect(rig.counts.byHealth(rig.watch.id)).toMatchObject({ failed: 1 });
  expect(rig.store.withheldCount).toBe(2);
  expect(counted("phase_changed")).toBe(countedBy(waiting) + 3);
});

function counted(action: string): number {
  const row = rig.store
    .counters()
    .find(({ attributes }) => attributes.includes(`"action":"${action}"`));
  return row?.value ?? 0;
}

/** Each filler, and `a`, told its creation and its phase. */
function countedBy({ records }: { readonly records: number }): number {
  return records / 2;
}

test("when room returns, each object tells one net change from what was told last; counters do not count it again", async () => {
  await write("a", "Ready");
  await fill();
  await write("a", "Updating", "Starting", "Active");
  rig.flush();
  const before = counted("phase_changed");
  const fullAtMs = rig.clock.now();
  await rig.clock.advance(60_000);

  const told = await makeRoom();

  expect(spell(told)).toEqual(["phase_changed a Active 3"]);
  expect(told[0]?.attributes["lifeline.previous_phase"]).toBe("Ready");
  expect(told[0]?.observedTimeMs).toBe(fullAtMs);
  expect(counted("phase_changed")).toBe(before);
  expect(rig.store.withheldCount).toBe(0);
});

test("all records of a net change say for how many changes they stand", async () => {
  await write("a", "Ready");
  await fill();
  await write("a", "Updating", "Failed");

  const told = await makeRoom();

  expect(spell(told)).toEqual(["phase_changed a Failed 2", "health_changed a 2"]);
});

test("an object that appeared while full is told as created, as it is now", async () => {
  await fill();
  await write("a", "Starting", "Ready");

  const told = await makeRoom();

  expect(spell(told)).toEqual(["created a 2", "phase_changed a Ready 2"]);
});

test("an object that came and went while full gives nothing but the count", async () => {
  await fill();
  await write("a", "Starting", "Ready");
  await remove("a");
  rig.flush();

  const told = await makeRoom();

  expect(spell(told)).toEqual([]);
  expect(rig.reports.at(-1)).toMatchObject({ type: "outbox-caught-up", changes: 3, netChanges: 0 });
});

test("an object that was known and is deleted while full is told deleted, once, and its successor created", async () => {
  await write("a", "Ready");
  await fill();
  await write("a", "Failed");
  await remove("a");
  await rig.take({ type: "applied", object: object("a", "Ready", { uid: "uid-2" }) });

  const told = [...(await makeRoom()), ...(await makeRoom())];

  expect(spell(told)).toEqual(["deleted a 2", "created a 1", "phase_changed a Ready 1"]);
  expect(told[0]?.attributes["lifeline.health"]).toBe("failed");
});

test("a deletion while full stands for what the flood guard withheld before, too", async () => {
  await write("a", "Ready");
  for (let size = 1; size <= 25; size += 1) await tellSize("a", size);
  await fill();
  await remove("a");

  const told = await makeRoom();

  // 20 were told, 5 withheld; and the deletion itself.
  expect(spell(told)).toEqual(["deleted a 6"]);
});

test("what the flood guard withholds while full is told by the net change, and not once more", async () => {
  await fill();
  for (let size = 1; size <= 30; size += 1) await resize("a", size);

  const told = await makeRoom();
  await rig.clock.advance(600_000);
  await write("a", "Active");
  rig.flush();

  // Its creation, 20 updates, and 9 that the guard held, of which the first made it hot.
  expect(spell(told)).toEqual(["created a 30", "phase_changed a Ready 30"]);
  const later = rig.deliver();
  expect(later.filter(({ attributes }) => "lifeline.collapsed" in attributes)).toEqual([]);
  expect(spell(later)).toContain("phase_changed a Active");
});

test("what the flood guard held while full, and the net change told, does not come once more when the flood is over", async () => {
  await write("a", "Ready");
  for (let size = 1; size <= 15; size += 1) await tellSize("a", size);
  await fill();
  for (let size = 16; size <= 26; size += 1) await resize("a", size);

  const told = await makeRoom();
  await rig.clock.advance(600_000);
  await resize("a", 27);
  rig.flush();

  expect(spell(told)).toEqual(["updated a 11"]);
  expect(spell(rig.deliver())).toEqual(["updated a"]);
});

test("that an object becomes hot waits for room, too", async () => {
  await write("a", "Ready");
  for (let size = 1; size <= 20; size += 1) await tellSize("a", size);
  await fill();
  const waiting = rig.store.outboxState();
  await resize("a", 21);
  rig.flush();

  expect(rig.store.outboxState()).toEqual(waiting);
  expect(spell(await makeRoom())).toEqual(["hot a 1"]);
});

async function resize(name: string, size: number): Promise<void> {
  await rig.take({ type: "applied", object: { ...object(name, "Ready"), spec: { size } } });
}

async function tellSize(name: string, size: number): Promise<void> {
  await resize(name, size);
  rig.flush();
  rig.deliver();
}

test("an object that is back under its old UID tells the net change from what was told last", async () => {
  await write("a", "Ready");
  await fill();
  await remove("a");
  await write("a", "Active");
  rig.flush();

  const told = await makeRoom();

  expect(spell(told)).toEqual(["phase_changed a Active 2"]);
});

test("what changed and changed back tells nothing", async () => {
  await write("a", "Ready");
  await fill();
  await write("a", "Updating", "Ready");

  const told = await makeRoom();

  expect(spell(told)).toEqual([]);
  expect(rig.store.withheldCount).toBe(0);
});

test("what changes before its older changes are told is told with them, though there is room", async () => {
  await write("a", "Ready");
  await fill();
  await write("a", "Updating");
  rig.flush();
  rig.deliver();

  await write("a", "Active");
  await write("b", "Ready");
  rig.flush();

  expect(spell(rig.deliver())).toEqual(["created b", "phase_changed b Ready"]);
  expect(spell(await makeRoom())).toEqual(["phase_changed a Active 2"]);
});

test("telling stops when it fills the outbox again, and goes on when there is room", async () => {
  await fill();
  for (let index = 0; index < 20; index += 1) await write(`many-${index}`, "Ready");
  rig.flush();
  rig.deliver();

  const isDone = await rig.catchUp();
  rig.flush();

  expect(isDone).toBe(false);
  expect(rig.store.withheldCount).toBeGreaterThan(10);
  expect(rig.store.outboxState().bytes).toBeLessThan(2 * MAX_BYTES);
  const told: string[] = [];
  while (rig.store.withheldCount > 0) told.push(...spell(await makeRoom()));
  expect(new Set(told.filter((one) => one.startsWith("created"))).size).toBeGreaterThan(10);
  expect(await rig.catchUp()).toBe(true);
});

test("the next process goes on where the last one was killed", async () => {
  await write("a", "Ready");
  await write("b", "Ready");
  await fill();
  await write("a", "Active");
  await remove("b");
  rig.flush();

  rig.crash();

  expect(spell(await makeRoom())).toEqual(["phase_changed a Active 1", "deleted b 1"]);
});

test("what no watch stands for waits until its watch runs; that it is gone is told at once", async () => {
  await write("a", "Ready");
  await write("b", "Ready");
  await fill();
  await write("a", "Active");
  await remove("b");
  rig.flush();
  rig.isWatching = false;

  const told = await makeRoom();

  expect(spell(told)).toEqual(["deleted b 1"]);
  rig.isWatching = true;
  expect(spell(await makeRoom())).toEqual(["phase_changed a Active 1"]);
});

test("that a look is complete is told beyond the bound", async () => {
  await fill();

  rig.crash();
  await rig.take({ type: "resync-start" }, { type: "resync-end", resourceVersion: "900" });
  rig.flush();

  const actions = rig.deliver().map(({ attributes }) => attributes["lifeline.action"]);
  expect(actions.at(-1)).toBe("synced");
});

test("an outbox that is full from the start is said to be", async () => {
  await fill();
  await write("b", "Ready");
  rig.flush();
  rig.crash();
  rig.reports.splice(0);

  await write("a", "Ready");

  expect(rig.reports.map(({ type }) => type)).toEqual(["outbox-full"]);
});

test("that all is told is not said while something waits for its watch", async () => {
  await write("a", "Ready");
  await write("b", "Ready");
  await fill();
  await write("a", "Active");
  await write("b", "Active");
  await remove("b");
  rig.flush();
  rig.crash();
  rig.isWatching = false;
  rig.reports.splice(0);

  await makeRoom();
  const early = rig.reports.filter(({ type }) => type === "outbox-caught-up");
  rig.isWatching = true;
  await makeRoom();

  expect(early).toEqual([]);
  expect(rig.reports.filter(({ type }) => type === "outbox-caught-up")).toEqual([
    { type: "outbox-caught-up", behindMs: 0, netChanges: 2, changes: 3 },
  ]);
});

test("that it is full, what that cost, and that all is told again is reported once", async () => {
  await write("a", "Ready");
  await fill();
  await write("a", "Updating", "Failed");
  await write("b", "Ready");
  rig.flush();
  await rig.clock.advance(60_000);

  await makeRoom();

  expect(
    rig.reports.filter(({ type }) => type.startsWith("outbox-") || type === "changes-withheld"),
  ).toEqual([
    { type: "outbox-full", sizeBytes: expect.any(Number), maxBytes: MAX_BYTES },
    { type: "changes-withheld", changes: 3 },
    { type: "outbox-caught-up", behindMs: 60_000, netChanges: 2, changes: 3 },
  ]);
  expect(rig.clock.now()).toBe(NOW_MS + 60_000);
});
