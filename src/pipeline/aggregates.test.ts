import { afterEach, beforeEach, expect, test } from "vitest";
import type { Health } from "../lifecycle/health-words.ts";
import type { Attributes } from "../lifecycle/signal.ts";
import type { HistogramPoint, SumPoint } from "../otlp/encode-metrics.ts";
import type { GaugeBatch } from "../otlp/metric-exporter.ts";
import type { SendResult } from "../otlp/transport.ts";
import type { UnitOfWork } from "../store/rows.ts";
import { DATABASE_KIND } from "../testing/kube-change.ts";
import { openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { DURATION_BOUNDS_S } from "../lifecycle/signal-table.ts";
import { PendingAggregates } from "./pending-aggregates.ts";
import { Aggregates } from "./aggregates.ts";
import { ObjectCounts } from "./object-counts.ts";

const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };
const AWAY: SendResult = { type: "retryable", error: new Error("away") };
const NEVER = new AbortController().signal;
const CHANGES = "lifeline.object.changes";

let temporary: TemporaryStore;
let counts: ObjectCounts;
let batches: GaugeBatch[];
let sums: (readonly SumPoint[])[];
let histograms: (readonly HistogramPoint[])[];
let answer: SendResult;
/** Where it is another. */
let gaugesAnswer: SendResult | undefined;
/** The watches that are. */
let blind: Set<number>;
let aggregates: Aggregates;

beforeEach(() => {
  temporary = openTemporaryStore();
  counts = new ObjectCounts();
  batches = [];
  sums = [];
  histograms = [];
  answer = ACCEPTED;
  gaugesAnswer = undefined;
  blind = new Set();
  aggregates = createAggregates();
});

afterEach(() => {
  temporary[Symbol.dispose]();
});

function createAggregates(sharedAttributes: Attributes = {}): Aggregates {
  return new Aggregates({
    store: temporary.store,
    counts,
    exporter: {
      gauges: async (batch) => {
        batches.push(batch);
        return gaugesAnswer ?? answer;
      },
      sums: async (points) => {
        sums.push(points);
        return answer;
      },
      histograms: async (points) => {
        histograms.push(points);
        return answer;
      },
    },
    kindOf: (watchId) => (watchId < 9 ? DATABASE_KIND : undefined),
    isBlind: (watchId) => blind.has(watchId),
    clusterName: "moon",
    sharedAttributes,
  });
}

type Step = readonly [before: Health | undefined, after: Health | undefined];

function move(watchId: number, [before, healthAfter]: Step, namespace = "default"): void {
  counts.apply([
    {
      id: 1,
      kindId: 1,
      watchId,
      namespace,
      name: "a",
      before: before && { watchId, health: before },
      healthAfter,
      pointsBefore: undefined,
    },
  ]);
}

function count(by: number, committedAtMs: number, metric = CHANGES): void {
  commit({ metric, attributes: '{"action":"created"}', by }, committedAtMs);
}

/** As an instance with that shard does. */
function countIn(shard: string, by: number): void {
  commit({ metric: CHANGES, attributes: JSON.stringify({ "lifeline.shard": shard }), by }, 10);
}

function commit(delta: UnitOfWork["counterDeltas"][number], committedAtMs: number): void {
  const nothing = { upserts: [], removals: [], positions: [], requests: [] };
  temporary.store.commit({ ...nothing, counterDeltas: [delta], committedAtMs });
}

function lastGauges(): unknown {
  return batches
    .at(-1)
    ?.objects.filter(({ points, ended }) => points.length + ended.length > 0)
    .map(({ identity, points, ended }) => [
      identity["k8s.namespace.name"] ?? "-",
      points.map(({ value, attributes }) => `${String(attributes["health"])}=${value}`).join(),
      ended.map(({ attributes }) => attributes["health"]).join(),
    ]);
}

type Sum = Pick<SumPoint, "value" | "startMs" | "timeMs">;

function allSums(): readonly (readonly Sum[])[] {
  return sums.map((points) =>
    points.map(({ value, startMs, timeMs }) => ({ value, startMs, timeMs })),
  );
}

function lastSums(): unknown {
  return allSums().at(-1);
}

test("objects are counted by kind, namespace and health, whichever watches they belong to", async () => {
  move(1, [undefined, "current"]);
  move(2, [undefined, "current"]);
  move(1, [undefined, "failed"]);
  move(1, [undefined, "current"], "");
  move(9, [undefined, "current"]);

  await aggregates.export(100, NEVER);

  expect(lastGauges()).toEqual([
    ["default", "current=2,failed=1", ""],
    ["-", "current=1", ""],
  ]);
  expect(batches[0]?.objects[0]?.identity).toMatchObject({
    "k8s.object.kind": "CustomDatabase",
    "k8s.cluster.name": "moon",
  });
});

test("a group that empties ends, once; one that comes back begins again", async () => {
  move(1, [undefined, "current"]);
  move(1, [undefined, "failed"], "prod");
  await aggregates.export(100, NEVER);
  move(1, ["current", "failed"]);
  move(1, ["failed", undefined], "prod");

  await aggregates.export(200, NEVER);
  const second = lastGauges();
  await aggregates.export(300, NEVER);
  const third = lastGauges();
  move(1, [undefined, "failed"], "prod");
  await aggregates.export(400, NEVER);

  expect(second).toEqual([
    ["default", "", "current"],
    ["prod", "", "failed"],
    ["default", "failed=1", ""],
  ]);
  expect(third).toEqual([["default", "failed=1", ""]]);
  expect(lastGauges()).toEqual([
    ["default", "failed=1", ""],
    ["prod", "failed=1", ""],
  ]);
});

test("a group that empties while the collector is away ends when it is back, if it may have heard of it", async () => {
  answer = AWAY;
  move(1, [undefined, "current"]);
  await aggregates.export(100, NEVER);
  move(1, ["current", undefined]);
  await aggregates.export(200, NEVER);
  answer = ACCEPTED;

  await aggregates.export(300, NEVER);

  expect(lastGauges()).toEqual([["default", "", "current"]]);
});

test("a counter that is born is first sent as 0 until that was taken, then with its value; each time at the export's time", async () => {
  count(3, 100);
  gaugesAnswer = ACCEPTED;
  answer = AWAY;
  await aggregates.export(150, NEVER);
  answer = ACCEPTED;
  await aggregates.export(200, NEVER);
  count(2, 250);

  await aggregates.export(300, NEVER);

  expect(allSums()).toEqual([
    [{ value: 0, startMs: 100, timeMs: 150 }],
    [{ value: 0, startMs: 100, timeMs: 200 }],
    [{ value: 5, startMs: 100, timeMs: 300 }],
  ]);
});

test("a counter that nobody announced before a restart is announced after it", async () => {
  count(3, 100);
  gaugesAnswer = ACCEPTED;
  answer = AWAY;
  await aggregates.export(200, NEVER);
  answer = ACCEPTED;
  aggregates = createAggregates();

  await aggregates.export(300, NEVER);
  await aggregates.export(400, NEVER);

  expect(allSums().slice(1)).toEqual([
    [{ value: 0, startMs: 100, timeMs: 300 }],
    [{ value: 3, startMs: 100, timeMs: 400 }],
  ]);
});

test("finish() sends the value of a counter that it had to announce", async () => {
  count(3, 100);

  await aggregates.finish(200, NEVER);

  expect(allSums()).toEqual([
    [{ value: 0, startMs: 100, timeMs: 200 }],
    [{ value: 3, startMs: 100, timeMs: 201 }],
  ]);
});

test.each([
  ["all counters are announced", ACCEPTED, [[3, 200]]],
  ["the collector is away", AWAY, [[0, 200]]],
])("finish() exports once where %s", async (_when, ofLast, expected) => {
  count(3, 100);
  if (ofLast === ACCEPTED) await aggregates.export(150, NEVER);
  sums.length = 0;
  gaugesAnswer = ACCEPTED;
  answer = ofLast;

  await aggregates.finish(200, NEVER);

  expect(allSums().map((points) => points.map(({ value, timeMs }) => [value, timeMs]))).toEqual([
    expected,
  ]);
});

test("a restart goes on counting, from the same start, without another zero", async () => {
  count(3, 100);
  await aggregates.export(200, NEVER);

  await createAggregates().export(300, NEVER);

  expect(lastSums()).toEqual([{ value: 3, startMs: 100, timeMs: 300 }]);
});

test("counters of a metric that this program does not know are left alone", async () => {
  count(1, 100, "lifeline.object.smiles");

  await aggregates.export(200, NEVER);

  expect(lastSums()).toEqual([]);
});

test("while the announcement of a counter cannot be written, zeros are sent: no value may come before one", async () => {
  count(3, 100);
  temporary.breakWrites();

  const result = await aggregates.export(200, NEVER);
  await aggregates.export(300, NEVER);

  expect(result).toEqual(ACCEPTED);
  expect(allSums()).toEqual([
    [{ value: 0, startMs: 100, timeMs: 200 }],
    [{ value: 0, startMs: 100, timeMs: 300 }],
  ]);
});

test("sums over the objects of one shard carry it, and what was counted of another stays unsaid", async () => {
  aggregates = createAggregates({ "lifeline.shard": "0/3" });
  count(2, 10);
  countIn("0/3", 1);
  countIn("1/3", 4);
  move(1, [undefined, "current"]);

  await aggregates.export(100, NEVER);
  await aggregates.export(200, NEVER);

  expect(batches[0]?.objects).toMatchObject([{ identity: { "lifeline.shard": "0/3" } }]);
  const told = sums.flat().map(({ attributes, value }) => [attributes["lifeline.shard"], value]);
  expect(told).toEqual([
    ["0/3", 0],
    ["0/3", 1],
  ]);
});

test("counts that a blind watch has a part in are neither sent nor ended; when it sees again they go on", async () => {
  move(1, [undefined, "current"]);
  move(2, [undefined, "failed"], "elsewhere");
  await aggregates.export(100, NEVER);
  blind.add(1);
  move(1, ["current", "failed"]);
  move(2, ["failed", "current"], "elsewhere");

  await aggregates.export(200, NEVER);
  const whileBlind = lastGauges();
  blind.clear();
  await aggregates.export(300, NEVER);

  expect(whileBlind).toEqual([
    ["elsewhere", "", "failed"],
    ["elsewhere", "current=1", ""],
  ]);
  expect(lastGauges()).toContainEqual(["default", "", "current"]);
  expect(lastGauges()).toContainEqual(["default", "failed=1", ""]);
});

test("a histogram is first sent as zeros, then with its buckets and the trace that is its example", async () => {
  const pending = new PendingAggregates();
  const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true };
  const metric = "lifeline.object.convergence.duration";
  const attributes = { outcome: "current" };
  for (const durationMs of [500, 1_000, 1_001, 100_000_000])
    pending.record({ type: "duration", metric, attributes, durationMs, atMs: 7, trace });
  const nothing = { upserts: [], removals: [], positions: [], requests: [] };
  temporary.store.commit({ ...nothing, ...pending.deltas(), committedAtMs: 100 });

  await aggregates.export(200, NEVER);
  await createAggregates().export(300, NEVER);

  const last = DURATION_BOUNDS_S.length;
  expect(histograms.map((points) => points.length)).toEqual([1, 1]);
  expect(histograms[0]?.[0]).toMatchObject({ sum: 0, startMs: 100, timeMs: 200 });
  expect(new Set(histograms[0]?.[0]?.counts)).toEqual(new Set([0]));
  expect(histograms[1]?.[0]).toEqual({
    metric,
    unit: "s",
    attributes,
    counts: Array.from({ length: last + 1 }, (_, index) => ({ 0: 2, 1: 1, [last]: 1 })[index] ?? 0),
    bounds: DURATION_BOUNDS_S,
    sum: 100_002.501,
    startMs: 100,
    timeMs: 300,
    exemplar: { value: 100_000, timeMs: 7, traceId: trace.traceId, spanId: trace.spanId },
  });
});

test("what a histogram has counted goes on, from the same start", async () => {
  const pending = new PendingAggregates();
  const metric = "lifeline.object.phase.duration";
  const nothing = { upserts: [], removals: [], positions: [], requests: [] };
  for (const committedAtMs of [100, 150]) {
    pending.record({ type: "duration", metric, attributes: {}, durationMs: 3_000, atMs: 0 });
    temporary.store.commit({ ...nothing, ...pending.deltas(), committedAtMs });
    pending.clear();
  }
  await aggregates.export(200, NEVER);

  await aggregates.export(300, NEVER);

  expect(histograms[1]?.[0]).toMatchObject({ sum: 6, startMs: 100 });
  expect(histograms[1]?.[0]?.counts[2]).toBe(2);
  expect(histograms[1]?.[0]).not.toHaveProperty("exemplar");
});

test("durations carry the shard that took them, and those of another stay unsaid", async () => {
  aggregates = createAggregates({ "lifeline.shard": "0/3" });
  const metric = "lifeline.object.phase.duration";
  const nothing = { upserts: [], removals: [], positions: [], requests: [] };
  for (const shard of ["0/3", "1/3"]) {
    const pending = new PendingAggregates({ "lifeline.shard": shard });
    pending.record({ type: "duration", metric, attributes: {}, durationMs: 3_000, atMs: 0 });
    temporary.store.commit({ ...nothing, ...pending.deltas(), committedAtMs: 100 });
  }

  await aggregates.export(200, NEVER);
  await aggregates.export(300, NEVER);

  const told = histograms.flat().map(({ attributes, sum }) => [attributes["lifeline.shard"], sum]);
  expect(told).toEqual([
    ["0/3", 0],
    ["0/3", 3],
  ]);
});
