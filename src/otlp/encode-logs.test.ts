import { type HrTime, SeverityNumber, type SpanContext } from "@opentelemetry/api";
import { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { expect, test } from "vitest";
import type { LogSignal, TraceContext } from "../lifecycle/signal.ts";
import { encodeLogs } from "./encode-logs.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { attributesAt, LOGS_REQUEST, treesAt, valueAt, wireTree } from "../testing/wire-tree.ts";

const CONTEXT = {
  resource: { "service.name": "kube-lifeline", "k8s.cluster.name": "prod" },
  scope: { name: "kube-lifeline", version: "1.2.3" },
};

const TIME_MS = Date.UTC(2026, 6, 1, 12, 0, 0, 123);

const RECORD: LogSignal = {
  type: "log",
  eventName: "lifeline.object.condition_changed",
  severity: "WARN",
  timeMs: TIME_MS,
  observedTimeMs: TIME_MS + 250,
  body: "CustomDatabase default/my-app-db became Ready=False — größer als 日本 🎉",
  namespace: "default",
  attributes: {
    "k8s.object.name": "my-app-db",
    "k8s.object.generation": 7,
    "a.negative": -42,
    "a.large": Number.MAX_SAFE_INTEGER,
    "a.double": 1.5,
    "a.huge": 1e300,
    "a.flag": false,
    "an.empty": "",
    "a.list": ["spec.replicas", "", "x".repeat(300)],
    "an.empty.list": [],
    "a.long": "é".repeat(9_000),
  },
};

const TRACE = { traceId: "0123456789abcdef0123456789abcdef", spanId: "00000000000000ff" };

test("encodeLogs writes what the official serializer writes for the same records", () => {
  const signals: LogSignal[] = [
    RECORD,
    { ...RECORD, namespace: "other", severity: "DEBUG", body: "", attributes: {} },
    { ...RECORD, severity: "ERROR", eventName: "lifeline.object.health_changed" },
    { ...withoutNamespace(RECORD), severity: "INFO", eventName: "lifeline.synced" },
    { ...RECORD, trace: { ...TRACE, isSampled: true } },
    { ...RECORD, trace: { ...TRACE, isSampled: false } },
  ];

  const ours = wireTree(encodeLogs(signals, CONTEXT), LOGS_REQUEST);

  const official =
    ProtobufLogsSerializer.serializeRequest(officialRecords(signals)) ?? new Uint8Array();
  expect(ours).toEqual(wireTree(official, LOGS_REQUEST));
});

test("encodeLogs keeps the order of records within each namespace", () => {
  const signals = ["a", "b", "a", "c", "b", "a"].map((namespace, index) =>
    recordIn(namespace, `${index}`),
  );

  const tree = wireTree(encodeLogs(signals, CONTEXT), LOGS_REQUEST);

  const bodies = treesAt(tree, 1).map((logs) => ({
    namespace: attributesAt(treesAt(logs, 1)[0] ?? [], 1)["k8s.namespace.name"],
    bodies: treesAt(logs, 2, 2, 5).map((body) => valueAt(body, 1)),
  }));
  expect(bodies).toEqual([
    { namespace: "a", bodies: ["0", "2", "5"] },
    { namespace: "b", bodies: ["1", "4"] },
    { namespace: "c", bodies: ["3"] },
  ]);
});

test("requests laid end to end are one request with all records", () => {
  const first = encodeLogs([RECORD], CONTEXT);
  const second = encodeLogs([{ ...RECORD, body: "second" }, withoutNamespace(RECORD)], CONTEXT);

  const both = wireTree(Uint8Array.from([...first, ...second]), LOGS_REQUEST);

  expect(both).toEqual([...wireTree(first, LOGS_REQUEST), ...wireTree(second, LOGS_REQUEST)]);
  expect(treesAt(both, 1, 2, 2)).toHaveLength(3);
});

test("encodeLogs lets the object's namespace alone decide the resource's", () => {
  const context = {
    ...CONTEXT,
    resource: { ...CONTEXT.resource, "k8s.namespace.name": "our-own" },
  };

  const tree = wireTree(encodeLogs([RECORD, withoutNamespace(RECORD)], context), LOGS_REQUEST);

  const resources = treesAt(tree, 1, 1).map((resource) => attributesAt(resource, 1));
  expect(resources).toEqual([
    { ...CONTEXT.resource, "k8s.namespace.name": "default" },
    { ...CONTEXT.resource },
  ]);
});

test("encodeLogs gives the same bytes for the same records", () => {
  expect(encodeLogs([RECORD], CONTEXT)).toEqual(encodeLogs([structuredClone(RECORD)], CONTEXT));
});

test("encodeLogs() writes with a writer that is brought again what it writes with a new one", () => {
  const writer = new ProtobufWriter(1);
  encodeLogs([RECORD, { ...RECORD, body: "a longer one than what follows" }], CONTEXT, writer);

  const second = encodeLogs([RECORD], CONTEXT, writer);

  expect(second).toEqual(encodeLogs([RECORD], CONTEXT));
});

test("encodeLogs of nothing is an empty request", () => {
  expect(encodeLogs([], CONTEXT)).toHaveLength(0);
});

function recordIn(namespace: string, body: string): LogSignal {
  return { ...RECORD, namespace, body };
}

function withoutNamespace({ namespace: _namespace, ...signal }: LogSignal): LogSignal {
  return signal;
}

const SEVERITY_NUMBERS = {
  DEBUG: SeverityNumber.DEBUG,
  INFO: SeverityNumber.INFO,
  WARN: SeverityNumber.WARN,
  ERROR: SeverityNumber.ERROR,
} as const;

/** The serializer groups by identity of resource and scope. */
function officialRecords(signals: readonly LogSignal[]): ReadableLogRecord[] {
  const resources = new Map<string | undefined, Resource>();
  return signals.map((signal) => {
    const namespace =
      signal.namespace === undefined ? {} : { "k8s.namespace.name": signal.namespace };
    const resource =
      resources.get(signal.namespace) ??
      resourceFromAttributes({ ...CONTEXT.resource, ...namespace });
    resources.set(signal.namespace, resource);
    return {
      hrTime: hrTime(signal.timeMs),
      hrTimeObserved: hrTime(signal.observedTimeMs),
      severityNumber: SEVERITY_NUMBERS[signal.severity],
      severityText: signal.severity,
      body: signal.body,
      eventName: signal.eventName,
      resource,
      instrumentationScope: CONTEXT.scope,
      attributes: structuredClone(signal.attributes),
      droppedAttributesCount: 0,
      ...(signal.trace === undefined ? {} : { spanContext: spanContextOf(signal.trace) }),
    };
  });
}

function spanContextOf({ isSampled, ...ids }: TraceContext): SpanContext {
  return { ...ids, traceFlags: isSampled ? 1 : 0 };
}

function hrTime(unixMs: number): HrTime {
  return [Math.floor(unixMs / 1000), (unixMs % 1000) * 1e6];
}
