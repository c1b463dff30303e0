import type { HrTime, SpanContext } from "@opentelemetry/api";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import { expect, test } from "vitest";
import type { Span, TraceSignal } from "../lifecycle/signal.ts";
import { readExportRequest } from "../testing/otlp-receiver/received.ts";
import { TRACES_REQUEST, type WireTree, wireTree } from "../testing/wire-tree.ts";
import { divideRequest } from "./divide-request.ts";
import { encodeTraces } from "./encode-traces.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

const CONTEXT = {
  resource: { "service.name": "kube-lifeline", "k8s.cluster.name": "prod" },
  scope: { name: "kube-lifeline", version: "1.2.3" },
};
const TIME_MS = Date.UTC(2026, 6, 1, 12, 0, 0, 123);
const TRACE_ID = "0123456789abcdef0123456789abcdef";

const ROOT: Span = {
  spanId: "00000000000000ff",
  name: "CustomDatabase converge — größer 🎉",
  startMs: TIME_MS,
  endMs: TIME_MS + 4_321,
  attributes: { "lifeline.outcome": "failed", "lifeline.duration": 4.5, "a.list": ["x", ""] },
  events: [],
  links: [
    {
      traceId: "f".repeat(32),
      spanId: "e".repeat(16),
      attributes: { "lifeline.role": "converge" },
    },
  ],
  error: "Ready is False: no room",
};

const CHILD: Span = {
  spanId: "1111111111111111",
  parentSpanId: ROOT.spanId,
  name: "condition Ready",
  startMs: TIME_MS + 1,
  endMs: TIME_MS + 1,
  attributes: {},
  events: [
    {
      timeMs: TIME_MS + 1,
      name: "lifeline.object.condition_changed",
      attributes: { "lifeline.condition.reason": "Waiting" },
    },
  ],
  links: [],
};

const TRACE: TraceSignal = {
  type: "trace",
  traceId: TRACE_ID,
  namespace: "default",
  spans: [ROOT, CHILD],
};

test("encodeTraces writes what the official serializer writes for the same spans", () => {
  const { namespace: _namespace, ...clusterWide } = TRACE;
  const traces: TraceSignal[] = [TRACE, { ...TRACE, traceId: "a".repeat(32) }, clusterWide];

  const ours = wireTree(encodeTraces(traces, CONTEXT), TRACES_REQUEST);

  const official = ProtobufTraceSerializer.serializeRequest(officialSpans(traces));
  expect(ours).toEqual(withoutUnsetStatus(wireTree(official ?? new Uint8Array(), TRACES_REQUEST)));
});

test("encodeTraces() writes with a writer that is brought again what it writes with a new one", () => {
  const writer = new ProtobufWriter(1);
  encodeTraces([TRACE, TRACE], CONTEXT, writer);

  const second = encodeTraces([TRACE], CONTEXT, writer);

  expect(second).toEqual(encodeTraces([TRACE], CONTEXT));
});

test("encodeTraces marks every span as sampled", () => {
  const { spans } = readExportRequest("traces", encodeTraces([TRACE], CONTEXT));

  expect(spans.map(({ flags, traceId, kind }) => [flags & 1, traceId, kind])).toEqual([
    [1, TRACE_ID, 1],
    [1, TRACE_ID, 1],
  ]);
});

test("a request of spans is divided like one of records", () => {
  const divided = divideRequest(encodeTraces([TRACE], CONTEXT));

  const second = readExportRequest("traces", divided?.slice(1, 2) ?? new Uint8Array());
  expect(divided?.records).toBe(2);
  expect(second.spans).toMatchObject([
    { name: "condition Ready", resource: { "k8s.namespace.name": "default" } },
  ]);
});

/** The official serializer spells out a status that is not set; to leave it away says the same. */
function withoutUnsetStatus(tree: WireTree): WireTree {
  return tree
    .filter(([number, value]) => number !== 15 || String(value) !== "3,0")
    .map(([number, value]) => [
      number,
      typeof value === "object" ? withoutUnsetStatus(value) : value,
    ]);
}

type OfficialSpan = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];

/** The serializer groups by identity of resource and scope. */
function officialSpans(traces: readonly TraceSignal[]): OfficialSpan[] {
  const resources = new Map<string | undefined, Resource>();
  return traces.flatMap(({ traceId, namespace, spans }) => {
    const own = namespace === undefined ? {} : { "k8s.namespace.name": namespace };
    const resource =
      resources.get(namespace) ?? resourceFromAttributes({ ...CONTEXT.resource, ...own });
    resources.set(namespace, resource);
    return spans.map((span) => officialSpan(span, { traceId, resource }));
  });
}

function officialSpan(
  span: Span,
  { traceId, resource }: { readonly traceId: string; readonly resource: Resource },
): OfficialSpan {
  return {
    name: span.name,
    kind: 0,
    spanContext: () => contextOf({ traceId, spanId: span.spanId }),
    ...(span.parentSpanId === undefined
      ? {}
      : { parentSpanContext: contextOf({ traceId, spanId: span.parentSpanId }) }),
    startTime: hrTime(span.startMs),
    endTime: hrTime(span.endMs),
    duration: [0, 0],
    status: span.error === undefined ? { code: 0 } : { code: 2, message: span.error },
    attributes: structuredClone(span.attributes),
    events: span.events.map(({ timeMs, name, attributes }) => ({
      time: hrTime(timeMs),
      name,
      attributes: structuredClone(attributes),
    })),
    links: span.links.map(({ attributes, ...ids }) => ({
      context: contextOf(ids),
      attributes: structuredClone(attributes),
    })),
    resource,
    instrumentationScope: CONTEXT.scope,
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  } as unknown as OfficialSpan;
}

function contextOf(ids: { readonly traceId: string; readonly spanId: string }): SpanContext {
  return { ...ids, traceFlags: 1 };
}

function hrTime(unixMs: number): HrTime {
  return [Math.floor(unixMs / 1000), (unixMs % 1000) * 1e6];
}
