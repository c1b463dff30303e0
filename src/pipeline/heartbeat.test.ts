import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listPoints } from "../lifecycle/points.ts";
import type { ObjectPoints } from "../lifecycle/signal.ts";
import type { SumPoint } from "../otlp/encode-metrics.ts";
import type { GaugeBatch, MetricExporter } from "../otlp/metric-exporter.ts";
import type { SendResult } from "../otlp/transport.ts";
import type { ObjectRow, SeriesRow } from "../store/rows.ts";
import { createRandom } from "../testing/demo/random.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import {
  allObjects,
  objectRow,
  openTemporaryStore,
  type TemporaryStore,
} from "../testing/temporary-store.ts";
import { Aggregates } from "./aggregates.ts";
import { Heartbeat } from "./heartbeat.ts";
import { ObjectCounts } from "./object-counts.ts";
import type { PipelineReport } from "./report.ts";

const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };
const AWAY: SendResult = { type: "retryable", error: new Error("collector is away") };
const REFUSED: SendResult = { type: "refused", error: new Error("no") };
const NEVER = new AbortController().signal;
const INTERVAL_MS = 5000;
const HEARTBEAT_MS = 60_000;

let temporary: TemporaryStore;
let clock: FakeClock;
let collector: Collector;
let reports: PipelineReport[];
let isActive: boolean;
let isWatched: boolean;
let isBlind: boolean;
let heartbeat: Heartbeat;

beforeEach(() => {
  // No time slice is ever used up, so that everything happens within the turn that a test lets pass.
  vi.spyOn(performance, "now").mockReturnValue(0);
  temporary = openTemporaryStore();
  clock = createFakeClock();
  collector = createCollector();
  reports = [];
  isActive = true;
  isWatched = true;
  isBlind = false;
  heartbeat = createHeartbeat();
});

afterEach(() => {
  temporary[Symbol.dispose]();
  vi.restoreAllMocks();
});

/** What a time series database behind a collector would hold, and how it answers. */
type Collector = MetricExporter & {
  readonly batches: GaugeBatch[];
  readonly live: Map<string, number>;
  /** How many of a request's objects arrive, whatever is answered. */
  arrives: (objects: number) => number;
  answer: () => SendResult;
  /** While the request is under way. */
  meanwhile: () => void;
};

function createCollector(): Collector {
  const batches: GaugeBatch[] = [];
  const live = new Map<string, number>();
  const self: Collector = {
    batches,
    live,
    arrives: (objects) => objects,
    answer: () => ACCEPTED,
    meanwhile: () => undefined,
    async gauges(batch) {
      batches.push(batch);
      const result = self.answer();
      const count =
        result.type === "accepted" ? batch.objects.length : self.arrives(batch.objects.length);
      for (const { identity, points, ended } of batch.objects.slice(0, count)) {
        for (const { metric } of ended) live.delete(`${String(identity["name"])}/${metric}`);
        for (const { metric, value } of points)
          live.set(`${String(identity["name"])}/${metric}`, value);
      }
      self.meanwhile();
      return result;
    },
    sums: async (_points: readonly SumPoint[]) => ACCEPTED,
    histograms: async () => ACCEPTED,
  };
  return self;
}

function createHeartbeat(flush: () => boolean = () => true): Heartbeat {
  const { store } = temporary;
  return new Heartbeat({
    store,
    exporter: collector,
    flush,
    aggregates: new Aggregates({
      store,
      counts: new ObjectCounts(),
      exporter: collector,
      kindOf: () => undefined,
      isBlind: () => false,
      clusterName: undefined,
    }),
    pointsOf,
    isBlind: () => isBlind,
    clock,
    random: () => 0.5,
    intervalMs: INTERVAL_MS,
    heartbeatMs: HEARTBEAT_MS,
    active: () => isActive,
    report: (report) => reports.push(report),
    lasting: (work) => work(),
  });
}

function pointsOf(row: SeriesRow): ObjectPoints | undefined {
  return isWatched ? toPoints(row) : undefined;
}

/** A row's status is its series: `{"x": 1}`. */
function toPoints(row: SeriesRow): ObjectPoints {
  const series: Record<string, number> = JSON.parse(row.status);
  return {
    identity: { name: row.name },
    series: Object.keys(series).map((metric) => ({ metric, unit: "", attributes: {} })),
    values: Object.values(series),
  };
}

type Series = Readonly<Record<string, number>>;

/** One change, folded and committed at once. */
function change(id: number, name: string, series: Series | undefined): void {
  const known = temporary.store.object(id);
  const row = objectRow(id, { name, uid: `uid-${id}`, status: JSON.stringify(series ?? {}) });
  const touched = touchOf(known, series === undefined ? undefined : row);
  commit(series === undefined ? { removals: [id] } : { upserts: [row] });
  if (touched !== undefined) heartbeat.touch([touched]);
}

function commit(work: {
  readonly upserts?: readonly ObjectRow[];
  readonly removals?: readonly number[];
}): void {
  const result = temporary.store.commit({
    upserts: [],
    removals: [],
    positions: [],
    counterDeltas: [],
    requests: [],
    committedAtMs: 0,
    ...work,
  });
  expect(result.type).toBe("committed");
}

/** As the fold does it: the series that were there, unless they are pinned. */
function touchOf(
  before: ObjectRow | undefined,
  after: ObjectRow | undefined,
): Parameters<Heartbeat["touch"]>[0][number] | undefined {
  const row = after ?? before;
  if (row === undefined) return undefined;
  const { id, kindId, watchId, namespace, name } = row;
  return {
    id,
    kindId,
    watchId,
    namespace,
    name,
    before: before && { watchId: before.watchId, health: "current" },
    healthAfter: after && "current",
    pointsBefore: before === undefined || heartbeat.isPinned(before) ? undefined : pointsOf(before),
  };
}

function lastBatch(): unknown {
  const batch = collector.batches.at(-1);
  return batch?.objects.map(({ identity, points, ended }) => ({
    name: identity["name"],
    points: points.map(({ metric, value }) => `${metric}=${value}`),
    ended: ended.map(({ metric }) => metric),
  }));
}

test("changes() sends what changed once, with the ends of the series that it no longer has", async () => {
  change(1, "a", { x: 1, y: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", { y: 2, z: 2 });

  await heartbeat.changes(NEVER);
  const second = lastBatch();
  await heartbeat.changes(NEVER);

  expect(second).toEqual([{ name: "a", points: ["y=2", "z=2"], ended: ["x"] }]);
  expect(collector.batches.map(({ unchanged }) => unchanged)).toEqual([false, false]);
});

test("changes() ends what was exported, not what came and went in between", async () => {
  change(1, "a", { x: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", { y: 1 });
  change(1, "a", { z: 1 });

  await heartbeat.changes(NEVER);

  expect(lastBatch()).toEqual([{ name: "a", points: ["z=1"], ended: ["x"] }]);
});

test("a deleted object's series end with the next export, and then nothing more is said of it", async () => {
  change(1, "a", { x: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", undefined);

  await heartbeat.beat(NEVER);
  const end = lastBatch();
  await clock.advance(HEARTBEAT_MS);
  await heartbeat.beat(NEVER);

  expect(end).toEqual([{ name: "a", points: [], ended: ["x"] }]);
  expect(collector.batches.length).toBe(2);
});

test("of a deleted and recreated object only what the new one lacks ends", async () => {
  change(1, "a", { x: 1, y: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", undefined);
  change(2, "a", { y: 5 });

  await heartbeat.changes(NEVER);

  expect(lastBatch()).toEqual([{ name: "a", points: ["y=5"], ended: ["x"] }]);
});

test("an object that was created and deleted between two exports is nothing to send", async () => {
  change(1, "a", { x: 1 });
  change(1, "a", undefined);

  await heartbeat.changes(NEVER);

  expect(collector.batches).toEqual([]);
});

test("while the collector is away pins are kept; when it is back, current points go out once and old series end", async () => {
  change(1, "a", { x: 1 });
  await heartbeat.changes(NEVER);
  collector.answer = () => AWAY;
  collector.arrives = () => 0;
  change(1, "a", { y: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", { z: 1 });
  await heartbeat.changes(NEVER);
  collector.answer = () => ACCEPTED;

  await heartbeat.changes(NEVER);

  expect([...collector.live]).toEqual([["a/z", 1]]);
  expect(reports.map(({ type }) => type)).toEqual([
    "exported",
    "export-failed",
    "export-failed",
    "exported",
    "export-recovered",
  ]);
});

test("what arrived of a request that failed ends, too, when it is no more", async () => {
  change(1, "a", { x: 1 });
  collector.answer = () => AWAY;
  await heartbeat.changes(NEVER);
  const arrived = [...collector.live.keys()];
  change(1, "a", undefined);
  collector.answer = () => ACCEPTED;

  await heartbeat.changes(NEVER);

  expect(arrived).toEqual(["a/x"]);
  expect([...collector.live]).toEqual([]);
});

test("a refusal for good is said, and passed over", async () => {
  change(1, "a", { x: 1 });
  collector.answer = () => REFUSED;

  const isDone = await heartbeat.changes(NEVER);
  await heartbeat.changes(NEVER);

  expect(isDone).toBe(true);
  expect(reports).toEqual([
    { type: "export-refused", signal: "metrics", items: 1, error: new Error("no") },
  ]);
  expect(collector.batches.length).toBe(1);
});

test("a change under way with an export is part of the next one", async () => {
  change(1, "a", { x: 1 });
  collector.meanwhile = () => {
    collector.meanwhile = () => undefined;
    change(1, "a", { y: 1 });
  };
  await heartbeat.changes(NEVER);

  await heartbeat.changes(NEVER);

  expect(lastBatch()).toEqual([{ name: "a", points: ["y=1"], ended: ["x"] }]);
  expect([...collector.live]).toEqual([["a/y", 1]]);
});

test("changes() commits first what is pending: the pin that is taken was that change's, too", async () => {
  const pending: (() => void)[] = [];
  heartbeat = createHeartbeat(() => {
    for (const apply of pending.splice(0)) apply();
    return true;
  });
  change(1, "a", { x: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", { y: 1 });
  const folded = touchOf(temporary.store.object(1), objectRow(1, { name: "a", status: '{"z":1}' }));
  pending.push(() => {
    commit({ upserts: [objectRow(1, { name: "a", status: '{"z":1}' })] });
    if (folded !== undefined) heartbeat.touch([folded]);
  });

  await heartbeat.changes(NEVER);
  await heartbeat.changes(NEVER);

  expect([...collector.live]).toEqual([["a/z", 1]]);
});

test("nothing is sent while this instance is not the active one, and everything once it is", async () => {
  change(1, "a", { x: 1 });
  isActive = false;
  await heartbeat.beat(NEVER);
  const whileIdle = collector.batches.length;
  isActive = true;

  await heartbeat.beat(NEVER);

  expect(whileIdle).toBe(0);
  expect([...collector.live]).toEqual([["a/x", 1]]);
});

/** Beats through so many heartbeats, and counts how often each object was sent in each of them. */
async function sentPerHeartbeat(heartbeats: number): Promise<readonly (readonly number[])[]> {
  const rounds: number[][] = [];
  for (let round = 0; round < heartbeats; round += 1) {
    collector.batches.length = 0;
    for (let beat = 0; beat < HEARTBEAT_MS / INTERVAL_MS; beat += 1) {
      await heartbeat.beat(NEVER);
      await clock.advance(INTERVAL_MS);
    }
    const sent = collector.batches.flatMap(({ objects }) =>
      objects.map(({ identity }) => String(identity["name"])),
    );
    const names = allObjects(temporary.store).map(({ name }) => name);
    rounds.push(names.map((name) => sent.filter((other) => other === name).length));
  }
  return rounds;
}

test.each([1, 5, 12, 13, 60, 1201])(
  "each of %i unchanged objects is sent exactly once per heartbeat",
  async (count) => {
    const rows = Array.from({ length: count }, (_, index) =>
      objectRow(index + 1, { status: '{"x":1}' }),
    );
    commit({ upserts: rows });

    const rounds = await sentPerHeartbeat(3);

    for (const sent of rounds) expect(new Set(sent)).toEqual(new Set([1]));
  },
);

test("unchanged objects are spread evenly over a heartbeat", async () => {
  commit({
    upserts: Array.from({ length: 1200 }, (_, index) =>
      objectRow(index + 1, { status: '{"x":1}' }),
    ),
  });

  await sentPerHeartbeat(1);

  expect(collector.batches.map(({ objects, unchanged }) => [objects.length, unchanged])).toEqual(
    Array.from({ length: 12 }, () => [100, true]),
  );
});

test("what is pinned goes out as a change only", async () => {
  commit({ upserts: [objectRow(1, { name: "a", status: '{"x":1}' })] });
  await clock.advance(HEARTBEAT_MS);
  collector.answer = () => AWAY;
  change(1, "a", { y: 1 });
  await heartbeat.beat(NEVER);
  collector.answer = () => ACCEPTED;
  collector.batches.length = 0;

  await heartbeat.changes(NEVER);

  expect(lastBatch()).toEqual([{ name: "a", points: ["y=1"], ended: ["x"] }]);
});

test("after an outage all objects are sent once, whatever they missed, and then as ever", async () => {
  commit({
    upserts: Array.from({ length: 120 }, (_, index) => objectRow(index + 1, { status: '{"x":1}' })),
  });
  collector.answer = () => AWAY;
  await sentPerHeartbeat(5);
  collector.answer = () => ACCEPTED;
  collector.batches.length = 0;

  await heartbeat.beat(NEVER);
  const first = collector.batches.flatMap(({ objects }) => objects).length;
  await clock.advance(INTERVAL_MS);
  await heartbeat.beat(NEVER);

  expect(first).toBe(120);
  expect(collector.batches.at(-1)?.objects.length).toBe(10);
});

test("liveSeries is what the last whole pass found, however often parts of it failed", async () => {
  commit({
    upserts: Array.from({ length: 24 }, (_, index) =>
      objectRow(index + 1, { status: '{"x":1,"y":1}' }),
    ),
  });
  let attempts = 0;
  collector.answer = () => ((attempts += 1) % 2 === 0 ? ACCEPTED : AWAY);

  await sentPerHeartbeat(4);

  expect(heartbeat.liveSeries).toBe(48);
});

test("run() exports changes every interval and aggregates every 15 s, from the start", async () => {
  const sums: number[] = [];
  collector.sums = async () => {
    sums.push(clock.now());
    return ACCEPTED;
  };
  const startMs = clock.now();
  const stop = new AbortController();
  const running = heartbeat.run(stop.signal);
  change(1, "a", { x: 1 });

  await clock.advance(31_000);

  stop.abort();
  await running;
  expect(sums.map((atMs) => atMs - startMs)).toEqual([0, 15_000, 30_000]);
  expect(
    collector.batches.filter(({ unchanged }) => !unchanged).map(({ timeMs }) => timeMs - startMs),
  ).toEqual([5000]);
});

test("run() exports before the interval is over when very many objects have changed, once", async () => {
  const startMs = clock.now();
  const exportedAtMs = (): readonly number[] =>
    collector.batches.flatMap(({ objects, timeMs }) =>
      objects.some(({ points }) => points.length > 0) ? [timeMs - startMs] : [],
    );
  const stop = new AbortController();
  const running = heartbeat.run(stop.signal);
  await clock.advance(1000);
  change(1, "a", { x: 1 });
  await clock.advance(0);
  const early = exportedAtMs();

  const many = Array.from({ length: 19_999 }, (_, index) =>
    touchOf(objectRow(index + 2, { name: `gone-${index}`, status: "{}" }), undefined),
  );
  heartbeat.touch(many.flatMap((one) => one ?? []));
  await clock.advance(0);
  change(1, "a", { x: 2 });
  await clock.advance(5000);

  stop.abort();
  await running;
  expect(early).toEqual([]);
  expect(exportedAtMs()).toEqual([1000, 6000]);
});

test("requests of objects and of aggregates are made one by one, in the order of their times", async () => {
  const events: string[] = [];
  const startMs = clock.now();
  const log = async (what: string, timeMs: number): Promise<SendResult> => {
    events.push(`${what} of ${timeMs - startMs}`);
    await clock.sleep(1000, NEVER);
    events.push(`${what} done`);
    return ACCEPTED;
  };
  collector.gauges = ({ unchanged, timeMs }) => log(unchanged ? "counts" : "objects", timeMs);
  collector.sums = () => log("sums", clock.now());
  change(1, "a", { x: 1 });
  const stop = new AbortController();
  const running = heartbeat.run(stop.signal);

  await clock.advance(3500);

  stop.abort();
  await clock.advance(1000);
  await running;
  expect(events).toEqual([
    "counts of 0",
    "counts done",
    "sums of 1000",
    "sums done",
    "objects of 2000",
    "objects done",
  ]);
});

test("of a changed object only the points that are new or differ go out", async () => {
  change(1, "a", { x: 1, y: 1, z: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", { x: 1, y: 2, z: 1, w: 1 });

  await heartbeat.changes(NEVER);

  expect(lastBatch()).toEqual([{ name: "a", points: ["y=2", "w=1"], ended: [] }]);
});

test("a change that changes no point, or takes it back within the interval, is nothing to send", async () => {
  change(1, "a", { x: 1, y: 1 });
  await heartbeat.changes(NEVER);
  collector.batches.length = 0;
  change(1, "a", { x: 2 });
  change(1, "a", { x: 1, y: 1 });

  await heartbeat.changes(NEVER);

  expect(collector.batches).toEqual([]);
});

test("a change that comes before its object is looked at is part of that export, and compared with it later", async () => {
  // More than one request holds, so that the last object is looked at after the first request.
  const ids = Array.from({ length: 251 }, (_, index) => index + 1);
  for (const id of ids) change(id, `n${id}`, { x: 1 });
  await heartbeat.changes(NEVER);
  for (const id of ids) change(id, `n${id}`, { x: 2 });
  collector.meanwhile = () => {
    collector.meanwhile = () => undefined;
    change(251, "n251", { x: 3 });
  };
  await heartbeat.changes(NEVER);
  const early = lastBatch();
  change(251, "n251", { x: 2 });

  await heartbeat.changes(NEVER);

  expect(early).toEqual([{ name: "n251", points: ["x=3"], ended: [] }]);
  expect(lastBatch()).toEqual([{ name: "n251", points: ["x=2"], ended: [] }]);
});

test("all points of what was in a request that failed go out again: nobody knows what arrived", async () => {
  change(1, "a", { x: 1, y: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", { x: 2, y: 1 });
  collector.answer = () => AWAY;
  await heartbeat.changes(NEVER);
  change(1, "a", { x: 1, y: 1 });
  collector.answer = () => ACCEPTED;

  await heartbeat.changes(NEVER);

  expect(lastBatch()).toEqual([{ name: "a", points: ["x=1", "y=1"], ended: [] }]);
});

test.each<readonly [string, SendResult]>([
  ["refused", REFUSED],
  ["rejected in part", { type: "accepted", rejected: 1, message: "one is too old" }],
])("after points were %s the object's next change sends all of them", async (_how, answer) => {
  change(1, "a", { x: 1, y: 1 });
  await heartbeat.changes(NEVER);
  collector.answer = () => answer;
  change(1, "a", { x: 2, y: 1 });
  await heartbeat.changes(NEVER);
  collector.answer = () => ACCEPTED;
  change(1, "a", { x: 2, y: 3 });

  await heartbeat.changes(NEVER);

  expect(lastBatch()).toEqual([{ name: "a", points: ["x=2", "y=3"], ended: [] }]);
});

test("the first change after a restart sends all points, until the heartbeat has passed the object", async () => {
  commit({
    upserts: [
      objectRow(1, { name: "a", status: '{"x":1,"y":1}' }),
      objectRow(2, { name: "b", status: '{"x":1,"y":1}' }),
    ],
  });
  change(1, "a", { x: 2, y: 1 });
  await heartbeat.changes(NEVER);
  const first = lastBatch();
  await sentPerHeartbeat(1);
  change(1, "a", { x: 3, y: 1 });
  change(2, "b", { x: 3, y: 1 });

  await heartbeat.changes(NEVER);

  expect(first).toEqual([{ name: "a", points: ["x=2", "y=1"], ended: [] }]);
  expect(lastBatch()).toEqual([
    { name: "a", points: ["x=3"], ended: [] },
    { name: "b", points: ["x=3"], ended: [] },
  ]);
});

test("the first change after another instance was the active one sends all points", async () => {
  change(1, "a", { x: 1, y: 1 });
  change(2, "b", { x: 1, y: 1 });
  await heartbeat.beat(NEVER);
  change(1, "a", { x: 2, y: 1 });
  isActive = false;
  await heartbeat.beat(NEVER);
  change(2, "b", { x: 2, y: 1 });
  isActive = true;

  await heartbeat.changes(NEVER);

  expect(lastBatch()).toEqual([
    { name: "a", points: ["x=2", "y=1"], ended: [] },
    { name: "b", points: ["x=2", "y=1"], ended: [] },
  ]);
});

test("an object whose kind is not watched for a while ends, and its next change sends all points", async () => {
  change(1, "a", { x: 1, y: 1 });
  await heartbeat.changes(NEVER);
  isWatched = false;
  heartbeat.touch([touchAt({ x: 1, y: 1 })]);
  await heartbeat.changes(NEVER);
  const whileUnwatched = lastBatch();
  isWatched = true;
  change(1, "a", { x: 2, y: 1 });

  await heartbeat.changes(NEVER);

  expect(whileUnwatched).toEqual([{ name: "a", points: [], ended: ["x", "y"] }]);
  expect(lastBatch()).toEqual([{ name: "a", points: ["x=2", "y=1"], ended: [] }]);
});

/** Row 1 moved, which had these series. */
function touchAt(series: Series): Parameters<Heartbeat["touch"]>[0][number] {
  const row = objectRow(1, { name: "a", status: JSON.stringify(series) });
  return {
    ...row,
    before: { watchId: row.watchId, health: "current" },
    healthAfter: "current",
    pointsBefore: toPoints(row),
  };
}

test("the series that stay the same of an object that always changes are sent once per heartbeat", async () => {
  change(1, "a", { tick: 0, same: 1 });
  await heartbeat.beat(NEVER);
  collector.batches.length = 0;
  let ticks = 0;

  for (let beat = 0; beat < (3 * HEARTBEAT_MS) / INTERVAL_MS; beat += 1) {
    await clock.advance(INTERVAL_MS);
    collector.meanwhile = () => change(1, "a", { tick: (ticks += 1), same: 1 });
    await heartbeat.beat(NEVER);
    if (ticks === 0) collector.meanwhile();
  }

  const sent = collector.batches.flatMap(({ objects }) => objects.flatMap(({ points }) => points));
  expect(sent.filter(({ metric }) => metric === "same").length).toBe(3);
});

const NAMES = ["a", "b", "c", "d"];
const METRICS = ["w", "x", "y", "z"];

/** Whatever happens, in whatever order: after every export that succeeds the series out there are those of what exists. */
test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  "the receiver holds exactly what exists, with its values, after any story (seed %i)",
  async (seed) => {
    const random = createRandom(seed);
    const pending = new Map<number, ObjectRow | undefined>();
    const folded: Parameters<Heartbeat["touch"]>[0][number][] = [];
    let canCommit = true;
    function flush(): boolean {
      if (!canCommit) return false;
      commit({
        upserts: [...pending.values()].filter((row) => row !== undefined),
        removals: [...pending].filter(([, row]) => row === undefined).map(([id]) => id),
      });
      pending.clear();
      heartbeat.touch(folded.splice(0));
      return true;
    }
    heartbeat = createHeartbeat(flush);
    const bearers = new Map<string, number>();
    let lastId = 0;
    function put(id: number, name: string, series: Series | undefined): void {
      const known = pending.has(id) ? pending.get(id) : temporary.store.object(id);
      const after =
        series && objectRow(id, { name, uid: `uid-${id}`, status: JSON.stringify(series) });
      const touched = touchOf(known, after);
      pending.set(id, after);
      if (touched !== undefined) folded.push(touched);
    }
    function randomSeries(): Series {
      const some = METRICS.filter(() => random() < 0.7);
      return Object.fromEntries(some.map((metric) => [metric, Math.floor(random() * 3)]));
    }
    function happen(): void {
      const name = NAMES[Math.floor(random() * NAMES.length)] ?? "a";
      const id = bearers.get(name);
      const chance = random();
      if (id === undefined || chance < 0.1) {
        lastId += 1;
        // A successor may be seen before its predecessor's end.
        if (random() < 0.5) put(lastId, name, randomSeries());
        const successor = lastId;
        if (id !== undefined) put(id, name, undefined);
        put(successor, name, randomSeries());
        bearers.set(name, successor);
      } else if (chance < 0.3) {
        put(id, name, undefined);
        bearers.delete(name);
      } else {
        put(id, name, randomSeries());
      }
      canCommit = random() < 0.8;
      if (random() < 0.5) flush();
    }
    async function settle(): Promise<void> {
      collector.answer = () => ACCEPTED;
      collector.meanwhile = () => undefined;
      canCommit = true;
      await heartbeat.changes(NEVER);
    }
    function expectTruth(): void {
      const exists = allObjects(temporary.store).flatMap((row) =>
        listPoints(toPoints(row)).map(
          ({ metric, value }) => [`${row.name}/${metric}`, value] as const,
        ),
      );
      expect(Object.fromEntries(collector.live)).toEqual(Object.fromEntries(exists));
    }
    collector.arrives = (objects) => Math.floor(random() * (objects + 1));

    for (let step = 0; step < 60; step += 1) {
      collector.answer = () => (random() < 0.6 ? ACCEPTED : AWAY);
      collector.meanwhile = () => {
        while (random() < 0.5) happen();
      };
      happen();
      await clock.advance(INTERVAL_MS * random() * 3);
      if (random() < 0.4) await heartbeat.beat(NEVER);
      if (random() < 0.2) {
        await settle();
        expectTruth();
      }
    }
    await settle();

    expectTruth();
  },
);

test("while the collector takes nothing exports grow rare, and come at once when it is known to be back", async () => {
  collector.answer = () => AWAY;
  change(1, "a", { x: 1 });
  const stop = new AbortController();
  const running = heartbeat.run(stop.signal);
  await clock.advance(600_000);
  const tries = collector.batches.length;
  collector.answer = () => ACCEPTED;

  heartbeat.resume();
  await clock.advance(INTERVAL_MS);

  expect(tries).toBeLessThan(70);
  expect([...collector.live]).toEqual([["a/x", 1]]);
  stop.abort();
  await running;
});

test("where the collector takes no gauges at all that is said, and looked at again", async () => {
  collector.answer = () => ({ type: "unwelcome", error: new Error("404") });
  collector.arrives = () => 0;
  change(1, "a", { x: 1 });
  await heartbeat.changes(NEVER);
  collector.answer = () => ACCEPTED;
  collector.arrives = (objects) => objects;

  await heartbeat.changes(NEVER);

  expect(reports.map(({ type }) => type)).toEqual([
    "export-unwelcome",
    "exported",
    "export-recovered",
  ]);
  expect([...collector.live]).toEqual([["a/x", 1]]);
});

test("of a blind watch nothing is re-sent, and nothing ends; when it sees again the next heartbeat sends all", async () => {
  change(1, "a", { x: 1 });
  await heartbeat.beat(NEVER);
  isBlind = true;
  for (let passed = 0; passed < 3 * HEARTBEAT_MS; passed += INTERVAL_MS) {
    await clock.advance(INTERVAL_MS);
    await heartbeat.beat(NEVER);
  }
  const sent = collector.batches.length;
  isBlind = false;
  for (let passed = 0; passed < HEARTBEAT_MS; passed += INTERVAL_MS) {
    await clock.advance(INTERVAL_MS);
    await heartbeat.beat(NEVER);
  }

  expect(sent).toBe(1);
  expect(lastBatch()).toEqual([{ name: "a", points: ["x=1"], ended: [] }]);
  expect(collector.batches.length).toBe(2);
});

test("a change that was not sent before its watch went blind waits until it sees again", async () => {
  change(1, "a", { x: 1 });
  await heartbeat.changes(NEVER);
  change(1, "a", { y: 1 });
  isBlind = true;

  await heartbeat.changes(NEVER);
  await heartbeat.changes(NEVER);
  const sent = collector.batches.length;
  isBlind = false;
  await heartbeat.changes(NEVER);

  expect(sent).toBe(1);
  expect(lastBatch()).toEqual([{ name: "a", points: ["y=1"], ended: ["x"] }]);
});
