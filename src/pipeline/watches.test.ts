import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { shardFilter } from "../cluster/shard.ts";
import { createInterpret } from "../lifecycle/interpret.ts";
import { createRandom, randomUid } from "../testing/demo/random.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { database, DATABASE_KIND, NOW_MS } from "../testing/kube-change.ts";
import { createSteeredApiClient, type SteeredApiClient } from "../testing/steered-api-client.ts";
import { allObjects, openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { Commit } from "./commit.ts";
import { Fold } from "./fold.ts";
import { Intake } from "./intake.ts";
import { ObjectCounts } from "./object-counts.ts";
import type { PipelineReport } from "./report.ts";
import { Watches, type WatchStart } from "./watches.ts";

const { group, resource } = DATABASE_KIND;
const START: WatchStart = { key: { group, resource }, facts: DATABASE_KIND, includes: () => true };
const NAME = "customdatabases.custom.example.com";

const pin = (): undefined => undefined;
const redact = (one: KubeObject): KubeObject => one;

let fillers = 0;
let temporary: TemporaryStore;
let clock: FakeClock;
let api: SteeredApiClient;
let reports: PipelineReport[];
let startedCount: number;
let commit: Commit;
let watches: Watches;

beforeEach(() => {
  // No time slice is ever used up, so that everything happens within the turn that a test lets pass.
  vi.spyOn(performance, "now").mockReturnValue(0);
  temporary = openTemporaryStore();
  const { store } = temporary;
  clock = createFakeClock(NOW_MS);
  api = createSteeredApiClient();
  reports = [];
  startedCount = 0;
  const report = (one: PipelineReport): unknown => reports.push(one);
  const counts = new ObjectCounts();
  commit = new Commit({
    store,
    clock,
    report,
    logs: undefined,
    committed: (touched) => counts.apply(touched),
  });
  const interpret = createInterpret({});
  const fold = new Fold({
    store,
    commit,
    interpret,
    initial: "none",
    minimumSeverity: "INFO",
    pin,
  });
  watches = new Watches({
    client: api,
    store,
    commit,
    intake: new Intake({ store, commit, fold, counts, redact, clock, report }),
    clock,
    random: () => 0,
    started: () => {
      startedCount += 1;
    },
    report,
    reportCluster: () => undefined,
  });
});

afterEach(async () => {
  await watches.stopAll("the test ends");
  temporary[Symbol.dispose]();
  vi.restoreAllMocks();
});

function object(name: string, version: number, uid = `uid-${name}`): KubeObject {
  return database({ metadata: { name, uid, resourceVersion: String(version) } });
}

/** Rows until the file's pages are all in use. */
function fillFreeSpace(): void {
  for (let written = true; written;) {
    const facts = "x".repeat(1000);
    try {
      temporary.store.openWatch(`filler ${fillers++}`, { group: "", resource: "fillers" }, facts);
    } catch {
      written = false;
    }
  }
}

function names(): readonly string[] {
  commit.flush();
  return allObjects(temporary.store).map(({ name }) => name);
}

function statesOf(): readonly string[] {
  return [...watches].map(({ name, state, position }) => `${name} ${state} ${position}`);
}

test("start() looks for the first time, then follows", async () => {
  api.objects = [object("a", 3)];
  api.resourceVersion = "9";

  watches.start(START);
  await clock.advance(0);
  api.say("ADDED", object("b", 10));
  await clock.advance(0);

  expect([api.requests, names(), statesOf()]).toEqual([
    ["list", "watch 9"],
    ["a", "b"],
    [`${NAME} synced 10`],
  ]);
  expect(reports[0]).toEqual({ type: "watch-started", watch: NAME, from: undefined });
  expect(startedCount).toBe(1);
});

test("start() of what runs changes nothing", async () => {
  watches.start(START);
  watches.start(START);
  await clock.advance(0);

  expect([api.requests, [...watches].length, startedCount]).toEqual([["list", "watch 1"], 1, 1]);
});

test("start() under another version of the kind looks at everything anew, with the history that there is", async () => {
  watches.start(START);
  await clock.advance(0);
  await watches.stop(START.key, "another version");
  api.requests.length = 0;

  watches.start({ ...START, facts: { ...START.facts, version: "v2" } });
  await clock.advance(0);

  expect(api.requests[0]).toBe("list");
  expect([...watches].map(({ hadHistory }) => hadHistory)).toEqual([true]);
});

test("a look under another version that is cut short, at once, is begun anew by the next run", async () => {
  const { key, facts } = START;
  const known = JSON.stringify(facts);
  const { id } = temporary.store.openWatch(NAME, key, known);
  commit.position({ id, name: NAME }, "7");

  watches.start({ ...START, facts: { ...facts, version: "v2" } });

  expect(temporary.store.openWatch(NAME, key, known).position).toBeNull();
});

test("E02 start-stop-start: stop() closes the watch and keeps what it watched; start() goes on from there", async () => {
  watches.start(START);
  await clock.advance(0);
  api.say("ADDED", object("a", 7));
  await clock.advance(0);
  const [watch] = watches;

  await watches.stop(START.key, "for a while");
  const stopped = [
    api.openWatches,
    [...watches].length,
    watch && watches.byId(watch.id),
    watches.ids(),
    names(),
  ];
  watches.start(START);
  await clock.advance(0);
  const resumed = statesOf();
  api.bookmark("9");
  await clock.advance(0);

  expect(stopped).toEqual([0, 0, undefined, [], ["a"]]);
  expect(reports).toContainEqual({ type: "watch-stopped", watch: NAME, reason: "for a while" });
  expect(reports).toContainEqual({ type: "watch-started", watch: NAME, from: "7" });
  expect(api.requests).toEqual(["list", "watch 1", "watch 7"]);
  expect([resumed, statesOf()]).toEqual([[`${NAME} resumed 7`], [`${NAME} synced 9`]]);
});

test("stop() of what does not run, and twice at once, is said once or not at all", async () => {
  await watches.stop(START.key, "nothing");
  watches.start(START);
  await clock.advance(0);

  await Promise.all([watches.stop(START.key, "once"), watches.stop(START.key, "twice")]);

  expect(
    reports.flatMap((report) => (report.type === "watch-stopped" ? [report.reason] : [])),
  ).toEqual(["once"]);
});

test("gone() tells that all it held is gone, whether it runs or not; then it begins with a first look", async () => {
  api.objects = [object("a", 3)];
  watches.start(START);
  await clock.advance(0);

  const taken = await watches.gone(START);
  const left = [api.openWatches, [...watches].length, names()];
  const again = await watches.gone(START);
  api.requests.length = 0;
  watches.start(START);
  await clock.advance(0);

  expect([taken, again]).toEqual(["taken", "taken"]);
  expect(left).toEqual([0, 0, []]);
  expect([...watches].map(({ hadHistory }) => hadHistory)).toEqual([false]);
  expect(api.requests[0]).toBe("list");
});

test("gone() that can't be written is held, and completed when it is tried again", async () => {
  api.objects = [object("a", 3)];
  watches.start(START);
  await clock.advance(0);
  commit.flush();
  temporary.breakWrites();
  const held = await watches.gone(START);
  temporary.mendWrites();

  const taken = await watches.gone(START);

  expect([held, taken, names()]).toEqual(["held", "taken", []]);
});

test("stopAll() ends all watches, but what they watched stays known", async () => {
  watches.start(START);
  watches.start({ ...START, key: { ...START.key, namespace: "prod" } });
  await clock.advance(0);
  const ids = watches.ids();

  await watches.stopAll("the process stops");

  expect([api.openWatches, [...watches].length]).toEqual([0, 0]);
  expect(ids.length).toBe(2);
  expect(ids.map((id) => watches.byId(id)?.id)).toEqual(ids);
});

test("E03 slow-consumer: while commits fail a watch is closed; it goes on from its position and misses nothing", async () => {
  watches.start(START);
  await clock.advance(0);
  commit.flush();
  temporary.breakWrites();
  const objects = Array.from({ length: 600 }, (_, index) =>
    object(`n${String(index).padStart(3, "0")}`, index + 2),
  );

  for (const one of objects) api.say("ADDED", one);
  await clock.advance(10);
  const [watch] = watches;
  const during = [commit.failing, api.openWatches];
  const position = Number(watch?.position);
  temporary.mendWrites();
  commit.flush();
  await clock.advance(0);
  for (const one of objects.slice(position - 1)) api.say("ADDED", one);
  await clock.advance(10);

  expect(during).toEqual([true, 0]);
  expect(api.requests.at(-1)).toBe(`watch ${position}`);
  expect(names()).toEqual(objects.map(({ metadata }) => metadata.name));
});

test.each<"full" | undefined>([undefined, "full"])(
  "start() answers with an error where the file takes no new watch (%s), and begins once it does",
  async (how) => {
    temporary.breakWrites(how);
    // What fits on the pages that are there still does.
    if (how === "full") fillFreeSpace();
    const error = watches.start(START);
    const during = [[...watches].length, api.requests.length];
    temporary.mendWrites();

    const again = watches.start(START);
    await clock.advance(0);

    expect(error?.message).toMatch(how === "full" ? /full/ : /readonly/);
    expect(during).toEqual([0, 0]);
    expect(again).toBe(undefined);
    expect(api.requests).toEqual(["list", "watch 1"]);
  },
);

test("a watch that is known begins also while nothing can be written", () => {
  temporary.store.openWatch(NAME, START.key, JSON.stringify(START.facts));
  temporary.breakWrites();

  expect(watches.start(START)).toBe(undefined);
});

test("while commits fail no further event is taken", async () => {
  watches.start(START);
  await clock.advance(0);
  commit.flush();
  temporary.breakWrites();
  commit.position({ id: 1, name: NAME }, "5");
  commit.flush();
  api.say("ADDED", object("a", 7));
  await clock.advance(0);
  const during = [commit.find(1, "uid-a"), api.openWatches];
  temporary.mendWrites();
  commit.flush();
  await clock.advance(0);

  expect(during).toEqual([undefined, 0]);
  expect(api.requests.at(-1)).toBe("watch 1");
});

test("D07 relist-during-backlog: a look that is held begins anew", async () => {
  api.objects = Array.from({ length: 600 }, (_, index) => object(`n${index}`, index + 2));
  watches.start(START);
  temporary.breakWrites();
  await clock.advance(10);
  const during = [commit.failing, api.openWatches];
  temporary.mendWrites();

  commit.flush();
  await clock.advance(10);

  expect(during).toEqual([true, 0]);
  expect([api.requests, names().length]).toEqual([["list", "list", "watch 1"], 600]);
});

test("whatever throws is reported, and after a second what it was thrown for is asked for again", async () => {
  let isBroken = true;
  watches.start({
    ...START,
    includes: () => {
      if (isBroken) throw new Error("no");
      return true;
    },
  });
  await clock.advance(0);
  api.say("ADDED", object("a", 7));
  await clock.advance(0);
  const during = [names(), api.openWatches];
  isBroken = false;
  await clock.advance(1000);
  api.say("ADDED", object("a", 7));
  await clock.advance(0);

  expect(during).toEqual([[], 0]);
  expect(reports).toContainEqual({ type: "watch-crashed", watch: NAME, error: new Error("no") });
  expect([names(), api.requests]).toEqual([["a"], ["list", "watch 1", "watch 1"]]);
});

test("that a watch is open is a sign of life, that it fails is none", async () => {
  watches.start(START);
  await clock.advance(0);
  const [watch] = [...watches];
  const down = vi
    .spyOn(api, "openStream")
    .mockResolvedValue({ type: "failed", error: new Error("down") });

  // The server, which is silent, is given up and asked again, in vain.
  await clock.advance(400_000);
  const whileDown = [watch?.lastSignAtMs, watch?.lastError];
  down.mockRestore();
  await clock.advance(60_000);

  expect(whileDown).toEqual([NOW_MS, expect.stringContaining("down")]);
  expect(watch?.lastSignAtMs).toBeGreaterThan(NOW_MS + 400_000);
  expect(watch?.lastError).toBeUndefined();
});

test("a watch keeps the shard that its key says", async () => {
  api.objects = [0, 1, 2, 3, 4, 5].map((seed) =>
    object(`${seed}`, 3, randomUid(createRandom(seed))),
  );
  const shard = { index: 1, count: 2 };

  watches.start({ ...START, key: { ...START.key, shard } });
  await clock.advance(0);

  const isOurs = shardFilter(shard);
  const ours = api.objects.filter(({ metadata }) => isOurs(metadata.uid));
  expect(names()).toEqual(ours.map(({ metadata }) => metadata.name));
  expect(ours.length).toBeGreaterThan(0);
  expect(ours.length).toBeLessThan(6);
});

test("a watch knows what it does: that it waits says less than that it is forbidden", async () => {
  const get = vi.spyOn(api, "get").mockResolvedValue({
    type: "status",
    status: 403,
    answer: { code: 403, reason: "Forbidden", message: "", causes: [] },
    error: new Error("403"),
  });
  watches.start(START);
  await clock.advance(0);
  const [watch] = [...watches];
  const forbidden = watch?.phase;
  get.mockRestore();
  await clock.advance(60_000);
  const following = watch?.phase;
  temporary.breakWrites();
  api.say("ADDED", object("a", 10));
  await clock.advance(0);
  commit.flush();
  api.say("ADDED", object("b", 11));
  await clock.advance(0);

  expect([forbidden, following, watch?.phase]).toEqual(["forbidden", "watching", "held"]);
  expect([...(watch?.phases ?? [])]).toEqual(["listing", "forbidden", "watching", "held"]);
  temporary.mendWrites();
});

test("a watch that goes on for another is behind until a bookmark says that all in between was told", async () => {
  watches.start(START);
  await clock.advance(0);
  const { wasSynced } = await watches.stop(START.key, "what is known of its kind has changed");
  watches.start({ ...START, wasSynced });
  await clock.advance(0);
  const [next] = [...watches];
  const before = [next?.state, next?.isBehind];

  api.bookmark("10");
  await clock.advance(0);

  expect([before, next?.isBehind]).toEqual([["synced", true], false]);
});
