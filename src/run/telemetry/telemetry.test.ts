import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { createOwnLog } from "../own-log.ts";
import { measureEventLoopDelay } from "./event-loop-delay.ts";
import { type Observations, observe } from "./observe.ts";
import { COUNTERS, GAUGES, HISTOGRAMS, OBSERVED_COUNTERS } from "./self-metrics.ts";
import { createTelemetry, type Telemetry } from "./telemetry.ts";

type Rig = {
  readonly telemetry: Telemetry;
  readonly lines: unknown[];
  readonly provider: MeterProvider;
  readonly clock: { nowMs: number };
  /** By name: unit, description and points as `[attributes, value]`. */
  readonly collect: () => Promise<Readonly<Record<string, unknown>>>;
};

function createRig(): Rig {
  const lines: unknown[] = [];
  const clock = { nowMs: 0 };
  const now = (): number => clock.nowMs;
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
  const ownLog = createOwnLog({
    level: "info",
    clock: { now },
    write: (line) => lines.push(JSON.parse(line)),
  });
  const telemetry = createTelemetry({ ownLog, meter: provider.getMeter("test"), clock: { now } });
  const collect = async (): Promise<Readonly<Record<string, unknown>>> => {
    await provider.forceFlush();
    const metrics =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    return Object.fromEntries(
      metrics.map(({ descriptor: { name, unit, description }, dataPoints }) => [
        name,
        {
          unit,
          description,
          points: dataPoints.map(({ attributes, value }) => [attributes, value]),
        },
      ]),
    );
  };
  return { telemetry, lines, provider, clock, collect };
}

const OBSERVATIONS: Observations = {
  watches: () => [
    {
      watch: "pods",
      events: 12,
      objects: 3,
      silenceMs: 1_500,
      state: "watching",
      formerStates: ["starting"],
    },
    {
      watch: "jobs.batch",
      events: 0,
      objects: 0,
      silenceMs: 400_000,
      state: "forbidden",
      formerStates: [],
    },
  ],
  forbidden: () => 2,
  outbox: () => ({ records: 4, sizeBytes: 1_024, ageMs: 2_500 }),
  behind: () => 7,
  liveSeries: () => 99,
  memory: () => ({ rss: 3, heapUsed: 2, external: 1 }),
  eventLoopDelay: () => ({ p50Ms: 1, p99Ms: 20, maxMs: 50 }),
};

test("telemetry counts each report and tells it once, with the number of those that it held", async () => {
  const { telemetry, lines, clock, collect } = createRig();
  const failed = { type: "export-failed", signal: "logs", error: new Error("down") } as const;

  for (let attempt = 0; attempt < 10; attempt++) telemetry.reportPipeline(failed);
  clock.nowMs = 5 * 60_000;
  telemetry.reportPipeline(failed);
  telemetry.reportPipeline({ type: "export-recovered", signal: "logs", failedMs: 300_000 });

  const metrics = await collect();
  expect(metrics["lifeline.export.requests"]).toMatchObject({
    points: [[{ signal: "logs", outcome: "failed" }, 11]],
  });
  expect(lines).toMatchObject([
    { level: "warn" },
    { level: "warn", repeats: 9 },
    { level: "info", message: expect.stringMatching(/^The collector takes logs again after /) },
  ]);
});

test("telemetry says that a watch is back only after it had failed", () => {
  const { telemetry, lines } = createRig();
  const watching = { type: "watch-state", watch: "pods", state: "watching" } as const;

  telemetry.reportCluster(watching);
  telemetry.reportCluster({
    type: "request-failed",
    watch: "pods",
    verb: "watch",
    status: 500,
    error: new Error("no"),
    retryInMs: 1,
  });
  telemetry.reportCluster(watching);
  telemetry.reportCluster(watching);

  expect(lines).toMatchObject([
    { level: "warn", message: "Cannot watch pods: no", status: 500 },
    { level: "info", message: "Watching pods again" },
  ]);
});

test("telemetry tells a kind that is forbidden once, whoever reports it", () => {
  const { telemetry, lines } = createRig();

  telemetry.reportPipeline({
    type: "watch-forbidden",
    watch: "pods",
    missing: 'needs verb "list" on "pods"',
  });
  telemetry.reportCluster({
    type: "kind-forbidden",
    watch: "pods",
    verb: "list",
    error: new Error("403"),
    retryInMs: 1,
  });

  expect(lines).toHaveLength(1);
});

test("observe() gives every observed instrument its values, in seconds and bytes", async () => {
  const { provider, collect } = createRig();

  observe(provider.getMeter("test"), OBSERVATIONS);

  const metrics = await collect();
  expect(metrics).toMatchObject({
    "lifeline.watch.silence": {
      unit: "s",
      points: [
        [{ watch: "pods" }, 1.5],
        [{ watch: "jobs.batch" }, 400],
      ],
    },
    "lifeline.watch.state": {
      points: [
        [{ watch: "pods", state: "watching" }, 1],
        [{ watch: "pods", state: "starting" }, 0],
        [{ watch: "jobs.batch", state: "forbidden" }, 1],
      ],
    },
    "lifeline.watch.events": {
      points: [
        [{ watch: "pods" }, 12],
        [{ watch: "jobs.batch" }, 0],
      ],
    },
    "lifeline.history.objects": {
      points: [
        [{ watch: "pods" }, 3],
        [{ watch: "jobs.batch" }, 0],
      ],
    },
    "lifeline.watch.forbidden": { unit: "{watch}", points: [[{}, 2]] },
    "lifeline.outbox.records": { points: [[{}, 4]] },
    "lifeline.outbox.size": { unit: "By", points: [[{}, 1_024]] },
    "lifeline.outbox.age": { unit: "s", points: [[{}, 2.5]] },
    "lifeline.outbox.behind": { points: [[{}, 7]] },
    "lifeline.export.series": { points: [[{}, 99]] },
    "lifeline.process.memory": {
      points: [
        [{ type: "rss" }, 3],
        [{ type: "heap_used" }, 2],
        [{ type: "external" }, 1],
      ],
    },
    "lifeline.process.event_loop.delay": {
      points: [
        [{ quantile: "0.5" }, 0.001],
        [{ quantile: "0.99" }, 0.02],
        [{ quantile: "1" }, 0.05],
      ],
    },
  });
});

test("every observed instrument of the tables is fed, with the attributes that it declares", async () => {
  const { provider, collect } = createRig();
  observe(provider.getMeter("test"), OBSERVATIONS);

  const metrics = await collect();

  for (const [name, facts] of Object.entries({ ...GAUGES, ...OBSERVED_COUNTERS })) {
    const { attributes, unit, description } = facts;
    const names = Object.fromEntries(
      attributes.map((attribute) => [attribute, expect.any(String)]),
    );
    expect(metrics[name]).toMatchObject({
      unit,
      description,
      points: expect.arrayContaining([[names, expect.any(Number)]]),
    });
  }
});

test.each(Object.entries({ ...COUNTERS, ...HISTOGRAMS, ...GAUGES, ...OBSERVED_COUNTERS }))(
  "self-metric %s has a unit that is not 1 and a description",
  (name, facts) => {
    const { unit, description } = facts;

    expect(name).toMatch(/^lifeline\.(watch|history|outbox|export|process)\.[a-z_.]+$/);
    expect(unit).toMatch(/^(s|By|\{[a-z]+\})$/);
    expect(description.length).toBeGreaterThan(10);
  },
);

test("measureEventLoopDelay() tells plain numbers from the start and again after each reset", () => {
  const measure = measureEventLoopDelay();

  const delays = [measure(), measure()];

  for (const { p50Ms, p99Ms, maxMs } of delays)
    expect([p50Ms, p99Ms, maxMs].every((delay) => Number.isFinite(delay) && delay >= 0)).toBe(true);
});
