import { expect, test } from "vitest";
import type { ReceivedPoint, ReceivedRecord } from "../otlp-receiver/received.ts";
import { renderSummary } from "./summary.ts";

const ORIGIN = { resource: {}, scope: { name: "kube-lifeline", version: "1" } };
const IDENTITY = {
  "k8s.object.kind": "CustomDatabase",
  "k8s.namespace.name": "shop",
  "k8s.object.name": "orders-db",
};

function point(
  metric: string,
  timeUnixNano: bigint,
  more: Partial<ReceivedPoint> = {},
): ReceivedPoint {
  return {
    ...ORIGIN,
    metric,
    description: "",
    unit: "{object}",
    type: "gauge",
    attributes: IDENTITY,
    startTimeUnixNano: 0n,
    timeUnixNano,
    flags: 0,
    isEnd: false,
    exemplarCount: 0,
    value: 1,
    ...more,
  };
}

function record(eventName: string): ReceivedRecord {
  return {
    ...ORIGIN,
    timeUnixNano: 0n,
    observedTimeUnixNano: 0n,
    severityNumber: 9,
    severityText: "INFO",
    eventName,
    body: "",
    attributes: {},
    droppedAttributesCount: 0,
    traceId: "",
    spanId: "",
    flags: 0,
  };
}

test("renderSummary counts by signal and name, live and ended series, and shows one database's gauges", () => {
  const phase = (name: string): Partial<ReceivedPoint> => ({
    attributes: { ...IDENTITY, phase: name },
  });

  const lines = renderSummary({
    records: [record("b.event"), record("a.event"), record("b.event"), record("")],
    points: [
      point("lifeline.object.phase", 1n, phase("Pending")),
      point("lifeline.object.phase", 2n, { ...phase("Pending"), isEnd: true }),
      point("lifeline.object.phase", 2n, phase("Ready")),
      point("lifeline.object.status.ready_replicas", 2n, { value: 3, unit: "" }),
      point("lifeline.object.healthy", 2n, {
        attributes: { ...IDENTITY, "k8s.object.name": "other" },
      }),
    ],
    spans: [],
    database: { namespace: "shop", name: "orders-db" },
  });

  expect(lines).toEqual([
    "What the receiver got over OTLP",
    "",
    "signal      name                                   count",
    "──────────  ─────────────────────────────────────  ─────",
    "log record  (kube-lifeline)                            1",
    "log record  a.event                                    1",
    "log record  b.event                                    2",
    "data point  lifeline.object.healthy                    1",
    "data point  lifeline.object.phase                      3",
    "data point  lifeline.object.status.ready_replicas      1",
    "all                                                    9",
    "",
    "Series: 3 live, 1 ended by a marker (NoRecordedValue)",
    "",
    "Gauges of CustomDatabase shop/orders-db at the end",
    "",
    "metric                                 attributes   value  unit",
    "─────────────────────────────────────  ───────────  ─────  ────────",
    "lifeline.object.phase                  phase=Ready      1  {object}",
    "lifeline.object.status.ready_replicas                   3",
  ]);
});
