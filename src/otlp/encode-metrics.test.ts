import { type HrTime, ValueType } from "@opentelemetry/api";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AggregationTemporality, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import type { Point } from "../lifecycle/signal.ts";
import {
  encodeGauges,
  encodeHistograms,
  encodeSums,
  type GaugeObject,
  type SumPoint,
} from "./encode-metrics.ts";
import { readExportRequest } from "../testing/otlp-receiver/received.ts";
import { SpareWriters } from "./spare-writers.ts";
import {
  attributesAt,
  METRICS_REQUEST,
  treesAt,
  valueAt,
  wireTree,
  type WireTree,
} from "../testing/wire-tree.ts";

const TIME_MS = Date.UTC(2026, 6, 1, 12, 0, 0, 123);

const CONTEXT = {
  resource: { "service.name": "kube-lifeline" },
  scope: { name: "kube-lifeline", version: "1.2.3" },
  timeMs: TIME_MS,
};

function pointOf(metric: string, value: number, attributes: Point["attributes"] = {}): Point {
  return { metric, unit: "{object}", value, attributes };
}

function objectOf(
  name: string,
  points: readonly Point[],
  ended: readonly Point[] = [],
): GaugeObject {
  return {
    identity: { "k8s.object.kind": "CustomDatabase", "k8s.object.name": name },
    points,
    ended,
  };
}

function pointsIn(bodies: readonly Uint8Array[]): readonly WireTree[] {
  return bodies.flatMap((body) => treesAt(wireTree(body, METRICS_REQUEST), 1, 2, 2, 5, 1));
}

test("encodeGauges writes what the official serializer writes for the same points", () => {
  const objects = [
    objectOf("a", [
      pointOf("lifeline.object.healthy", 1),
      pointOf("lifeline.object.phase", 1, { phase: "Ready" }),
    ]),
    objectOf("ü", [
      pointOf("lifeline.object.phase", 0, { phase: "Failed" }),
      pointOf("lifeline.object.healthy", -1.5),
    ]),
  ];

  const bodies = encodeGauges(objects, CONTEXT);

  const official = officialRequest(
    ["lifeline.object.healthy", "lifeline.object.phase"].map((name) =>
      officialGauge(name, objects),
    ),
  );
  expect(bodies).toHaveLength(1);
  // The official gauge points have a start time, which gauges may have; ours have none.
  const trees = bodies.map((body) => wireTree(body, METRICS_REQUEST));
  expect(trees).toEqual([withoutStartTimes(wireTree(official, METRICS_REQUEST))]);
});

test("encodeSums writes what the official serializer writes for the same counters", () => {
  const points: SumPoint[] = [
    {
      metric: "lifeline.object.changes",
      unit: "{change}",
      attributes: { action: "created" },
      value: 3,
      startMs: 1000,
      timeMs: TIME_MS,
    },
    {
      metric: "lifeline.object.changes",
      unit: "{change}",
      attributes: { action: "deleted" },
      value: 0,
      startMs: 2000,
      timeMs: TIME_MS,
    },
  ];

  const bodies = encodeSums(points, CONTEXT);

  const official = officialRequest([officialSum(points)]);
  expect(bodies.map((body) => wireTree(body, METRICS_REQUEST))).toEqual([
    wireTree(official, METRICS_REQUEST),
  ]);
});

test("encodeGauges writes the same with writers that have written before", () => {
  const writers = new SpareWriters();
  const objects = [objectOf("a", [pointOf("lifeline.object.healthy", 1)])];
  const others = [objectOf("others", [pointOf("lifeline.object.created_time", 1e9)])];
  const first = encodeGauges(objects, CONTEXT);
  encodeGauges(others, { ...CONTEXT, writers });

  const second = encodeGauges(objects, { ...CONTEXT, writers });

  expect(second).toEqual(first);
});

test("an ended series is a point with the flag, all attributes, and no value", () => {
  const ended = pointOf("lifeline.object.phase", 1, { phase: "Pending" });

  const [point] = pointsIn(encodeGauges([objectOf("a", [], [ended])], CONTEXT));

  expect(point?.map(([field]) => field)).toEqual([3, 7, 7, 7, 8]);
  expect(valueAt(point ?? [], 8)).toBe(1n);
  expect(valueAt(point ?? [], 3)).toBe(BigInt(TIME_MS) * 1_000_000n);
  expect(attributesAt(point ?? [], 7)).toEqual({
    "k8s.object.kind": "CustomDatabase",
    "k8s.object.name": "a",
    phase: "Pending",
  });
});

test("a present point has no flags field", () => {
  const [point] = pointsIn(encodeGauges([objectOf("a", [pointOf("m", 1)])], CONTEXT));

  expect(point?.map(([field]) => field)).toEqual([3, 4, 7, 7]);
});

test("encodeGauges keeps apart two units of one metric", () => {
  const seconds = { ...pointOf("lifeline.object.status.x", 1), unit: "s" };
  const plain = { ...pointOf("lifeline.object.status.x", 2), unit: "" };

  const [body = new Uint8Array()] = encodeGauges(
    [objectOf("a", [seconds]), objectOf("b", [plain, seconds])],
    CONTEXT,
  );

  const metrics = treesAt(wireTree(body, METRICS_REQUEST), 1, 2, 2);
  expect(metrics.map((metric) => [valueAt(metric, 3), treesAt(metric, 5, 1).length])).toEqual([
    ["s", 2],
    [undefined, 1],
  ]);
});

test("encodeGauges cuts bodies below maxBytes and loses no point", () => {
  const names = Array.from(
    { length: 500 },
    (_, index) => `object-${index}-é${"x".repeat(index % 40)}`,
  );
  const objects = names.map((name, index) =>
    objectOf(name, [pointOf(`metric.${index % 17}.€`, index), pointOf("both", index)]),
  );

  for (const maxBytes of [600, 1_000, 4_096, 65_536]) {
    const bodies = encodeGauges(objects, { ...CONTEXT, maxBytes });

    const seen = pointsIn(bodies).map(
      (point) =>
        `${String(attributesAt(point, 7)["k8s.object.name"])} ${String(valueAt(point, 4))}`,
    );
    expect(Math.max(...bodies.map((body) => body.length))).toBeLessThanOrEqual(maxBytes);
    expect(seen).toHaveLength(1_000);
    expect(new Set(seen).size).toBe(500);
  }
});

test("encodeGauges fills bodies well", () => {
  const objects = Array.from({ length: 2_000 }, (_, index) =>
    objectOf(`object-${index}`, [pointOf("a", 1), pointOf("b", 2)]),
  );

  const bodies = encodeGauges(objects, { ...CONTEXT, maxBytes: 65_536 });

  expect(Math.min(...bodies.slice(0, -1).map((body) => body.length))).toBeGreaterThan(64_000);
});

test("a point larger than maxBytes goes out alone", () => {
  const objects = [
    objectOf("a", [pointOf("m", 1)]),
    objectOf("b".repeat(5_000), [pointOf("m", 2)]),
    objectOf("c", [pointOf("m", 3)]),
  ];

  const bodies = encodeGauges(objects, { ...CONTEXT, maxBytes: 1_000 });

  expect(bodies.map((body) => pointsIn([body]).length)).toEqual([1, 1, 1]);
});

test("nothing to say gives no bodies", () => {
  expect(encodeGauges([objectOf("a", [])], CONTEXT)).toEqual([]);
  expect(encodeSums([], CONTEXT)).toEqual([]);
});

function officialRequest(metrics: MetricData[]): Uint8Array {
  const resource = resourceFromAttributes(CONTEXT.resource);
  return (
    ProtobufMetricsSerializer.serializeRequest({
      resource,
      scopeMetrics: [{ scope: CONTEXT.scope, metrics }],
    }) ?? new Uint8Array()
  );
}

function officialGauge(name: string, objects: readonly GaugeObject[]): MetricData {
  return {
    descriptor: { name, description: "", unit: "{object}", valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints: objects.flatMap((object) =>
      object.points
        .filter((point) => point.metric === name)
        .map((point) => officialPoint({ ...object.identity, ...point.attributes }, point.value, 0)),
    ),
  };
}

function officialSum(points: readonly SumPoint[]): MetricData {
  return {
    descriptor: {
      name: "lifeline.object.changes",
      description: "",
      unit: "{change}",
      valueType: ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: points.map((point) => officialPoint(point.attributes, point.value, point.startMs)),
  };
}

function officialPoint(
  attributes: Point["attributes"],
  value: number,
  startMs: number,
): MetricData["dataPoints"][number] & { value: number } {
  return {
    startTime: hrTime(startMs),
    endTime: hrTime(TIME_MS),
    attributes,
    value,
  };
}

function hrTime(unixMs: number): HrTime {
  return [Math.floor(unixMs / 1000), (unixMs % 1000) * 1e6];
}

function withoutStartTimes(tree: WireTree): WireTree {
  return tree
    .filter(([field, value]) => !(field === 2 && value === 0n))
    .map(([field, value]) => [field, typeof value === "object" ? withoutStartTimes(value) : value]);
}

test("encodeHistograms writes cumulative points with their buckets and exemplars", () => {
  const [body] = encodeHistograms(
    [
      {
        metric: "lifeline.object.convergence.duration",
        unit: "s",
        attributes: { outcome: "current" },
        counts: [2, 2 ** 40, 0],
        bounds: [1, 2.5],
        sum: 12.5,
        startMs: 1_000,
        timeMs: 2_000,
        exemplar: { value: 2.25, timeMs: 1_500, traceId: "a".repeat(32), spanId: "b".repeat(16) },
      },
    ],
    CONTEXT,
  );

  const { points } = readExportRequest("metrics", body ?? new Uint8Array());
  expect(points).toMatchObject([
    {
      metric: "lifeline.object.convergence.duration",
      unit: "s",
      type: "histogram",
      temporality: "cumulative",
      attributes: { outcome: "current" },
      startTimeUnixNano: 1_000_000_000n,
      timeUnixNano: 2_000_000_000n,
      exemplarCount: 1,
      histogram: {
        count: 2 + 2 ** 40,
        sum: 12.5,
        bucketCounts: [2, 2 ** 40, 0],
        explicitBounds: [1, 2.5],
      },
    },
  ]);
});
