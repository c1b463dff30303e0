import {
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import { SeverityNumber, SpanKind, SpanStatusCode, ValueType } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AggregationTemporality, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { readExportRequest } from "./received.ts";

const RESOURCE = resourceFromAttributes({ "service.name": "test", "k8s.namespace.name": "prod" });
const SCOPE = { name: "scope", version: "1.0" };
const SPAN_CONTEXT = {
  traceId: "0102030405060708090a0b0c0d0e0f10",
  spanId: "a1a2a3a4a5a6a7a8",
  traceFlags: 1,
};
const ORIGIN = { resource: { "service.name": "test", "k8s.namespace.name": "prod" }, scope: SCOPE };

test("readExportRequest reads what the official serializer wrote of log records", () => {
  const bytes = ProtobufLogsSerializer.serializeRequest([
    {
      hrTime: [1_700_000_000, 123_000_000],
      hrTimeObserved: [1_700_000_001, 0],
      spanContext: SPAN_CONTEXT,
      severityNumber: SeverityNumber.WARN,
      severityText: "WARN",
      eventName: "test.event",
      body: "größer als 日本 🎉",
      attributes: {
        text: "a",
        empty: "",
        yes: true,
        no: false,
        integer: -3,
        large: Number.MAX_SAFE_INTEGER,
        double: 0.25,
        list: ["a", "b"],
      },
      droppedAttributesCount: 2,
      resource: RESOURCE,
      instrumentationScope: SCOPE,
    },
  ]);

  const { records } = readExportRequest("logs", bytes ?? new Uint8Array());

  expect(records).toEqual([
    {
      ...ORIGIN,
      timeUnixNano: 1_700_000_000_123_000_000n,
      observedTimeUnixNano: 1_700_000_001_000_000_000n,
      severityNumber: 13,
      severityText: "WARN",
      eventName: "test.event",
      body: "größer als 日本 🎉",
      attributes: {
        text: "a",
        empty: "",
        yes: true,
        no: false,
        integer: -3n,
        large: BigInt(Number.MAX_SAFE_INTEGER),
        double: 0.25,
        list: ["a", "b"],
      },
      droppedAttributesCount: 2,
      traceId: SPAN_CONTEXT.traceId,
      spanId: SPAN_CONTEXT.spanId,
      flags: expect.any(Number),
    },
  ]);
});

const TIMES = { startTime: [10, 0] as [number, number], endTime: [20, 5] as [number, number] };
const METRICS: MetricData[] = [
  {
    descriptor: {
      name: "a.gauge",
      description: "d",
      unit: "s",
      valueType: ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints: [{ ...TIMES, attributes: { a: "b" }, value: 1.5 }],
  },
  {
    descriptor: {
      name: "a.sum",
      description: "",
      unit: "{x}",
      valueType: ValueType.INT,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: [{ ...TIMES, attributes: {}, value: 7 }],
  },
  {
    descriptor: {
      name: "a.histogram",
      description: "",
      unit: "s",
      valueType: ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.DELTA,
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: [
      {
        ...TIMES,
        attributes: {},
        value: { buckets: { boundaries: [1, 2.5], counts: [3, 0, 1] }, count: 4, sum: 9.5 },
      },
    ],
  },
];

test("readExportRequest reads what the official serializer wrote of metrics", () => {
  const bytes = ProtobufMetricsSerializer.serializeRequest({
    resource: RESOURCE,
    scopeMetrics: [{ scope: SCOPE, metrics: METRICS }],
  });

  const { points } = readExportRequest("metrics", bytes ?? new Uint8Array());

  const times = { startTimeUnixNano: 10_000_000_000n, timeUnixNano: 20_000_000_005n };
  const plain = { ...ORIGIN, ...times, flags: 0, isEnd: false, exemplarCount: 0 };
  expect(points).toEqual([
    {
      ...plain,
      metric: "a.gauge",
      description: "d",
      unit: "s",
      type: "gauge",
      attributes: { a: "b" },
      value: 1.5,
      valueType: "double",
    },
    {
      ...plain,
      metric: "a.sum",
      description: "",
      unit: "{x}",
      type: "sum",
      temporality: "cumulative",
      isMonotonic: true,
      attributes: {},
      value: 7,
      valueType: "int",
    },
    {
      ...plain,
      metric: "a.histogram",
      description: "",
      unit: "s",
      type: "histogram",
      temporality: "delta",
      attributes: {},
      histogram: { count: 4, sum: 9.5, bucketCounts: [3, 0, 1], explicitBounds: [1, 2.5] },
    },
  ]);
});

test("readExportRequest sees the end of a series", () => {
  // resource_metrics{scope_metrics{metrics{name: "a", gauge{data_points{time: 1, flags: 1}}}}}, by hand.
  const point = "1901000000000000004001";
  const metric = `0a01612a0d0a0b${point}`;
  const bytes = Buffer.from(`0a1612141212${metric}`, "hex");

  const { points } = readExportRequest("metrics", bytes);

  expect(points).toMatchObject([
    { metric: "a", type: "gauge", timeUnixNano: 1n, flags: 1, isEnd: true },
  ]);
  expect(points[0]?.value).toBeUndefined();
});

test("readExportRequest reads what the official serializer wrote of spans", () => {
  const bytes = ProtobufTraceSerializer.serializeRequest([
    {
      name: "Widget converge",
      kind: SpanKind.INTERNAL,
      spanContext: () => SPAN_CONTEXT,
      parentSpanContext: { ...SPAN_CONTEXT, spanId: "b1b2b3b4b5b6b7b8" },
      ...TIMES,
      status: { code: SpanStatusCode.ERROR, message: "failed" },
      attributes: { outcome: "failed" },
      links: [{ context: SPAN_CONTEXT, attributes: { why: "owner" } }],
      events: [{ time: [11, 0], name: "reason", attributes: { reason: "Bad" } }],
      duration: [10, 5],
      ended: true,
      resource: RESOURCE,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    },
  ]);

  const { spans } = readExportRequest("traces", bytes ?? new Uint8Array());

  expect(spans).toMatchObject([
    {
      ...ORIGIN,
      traceId: SPAN_CONTEXT.traceId,
      spanId: SPAN_CONTEXT.spanId,
      parentSpanId: "b1b2b3b4b5b6b7b8",
      name: "Widget converge",
      startTimeUnixNano: 10_000_000_000n,
      endTimeUnixNano: 20_000_000_005n,
      attributes: { outcome: "failed" },
      statusCode: 2,
      statusMessage: "failed",
      events: [{ timeUnixNano: 11_000_000_000n, name: "reason", attributes: { reason: "Bad" } }],
      links: [
        {
          traceId: SPAN_CONTEXT.traceId,
          spanId: SPAN_CONTEXT.spanId,
          attributes: { why: "owner" },
        },
      ],
    },
  ]);
});
