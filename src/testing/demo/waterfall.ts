import type { Span, TraceSignal } from "../../lifecycle/signal.ts";
import { formatTrace } from "../../otlp/console/format-trace.ts";
import type { LineOptions } from "../../otlp/console/line.ts";
import type { ReceivedSpan } from "../otlp-receiver/received.ts";
import { plainAttributes } from "./record-line.ts";

/** The trace with the most stages of those that came to their goal, in the looks of the program's own console; none if there is none. */
export function waterfall(spans: readonly ReceivedSpan[], options: LineOptions): readonly string[] {
  const traces = [...Map.groupBy(spans, ({ traceId }) => traceId).values()];
  const finished = traces.filter((trace) => outcomeOf(trace) === "current");
  const [richest] = finished.toSorted((a, b) => b.length - a.length);
  const trace = richest && traceOf(richest);
  return trace === undefined ? [] : formatTrace(trace, options);
}

function outcomeOf(trace: readonly ReceivedSpan[]): unknown {
  return rootOf(trace)?.attributes["lifeline.outcome"];
}

function rootOf(trace: readonly ReceivedSpan[]): ReceivedSpan | undefined {
  return trace.find(({ parentSpanId }) => parentSpanId === "");
}

function traceOf(received: readonly ReceivedSpan[]): TraceSignal | undefined {
  const root = rootOf(received);
  if (root === undefined) return undefined;
  const namespace = root.resource["k8s.namespace.name"];
  const others = received.filter((span) => span !== root);
  return {
    type: "trace",
    traceId: root.traceId,
    spans: [spanOf(root), ...others.map(spanOf)],
    ...(typeof namespace === "string" ? { namespace } : {}),
  };
}

function spanOf(span: ReceivedSpan): Span {
  return {
    spanId: span.spanId,
    ...(span.parentSpanId === "" ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    startMs: Number(span.startTimeUnixNano / 1_000_000n),
    endMs: Number(span.endTimeUnixNano / 1_000_000n),
    attributes: plainAttributes(span.attributes),
    events: [],
    links: [],
  };
}
