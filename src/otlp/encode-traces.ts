import type { Span, SpanEvent, SpanLink, TraceSignal } from "../lifecycle/signal.ts";
import {
  type EncodeContext,
  resourceIn,
  writeAttributes,
  writeResource,
  writeScope,
} from "./encode-attributes.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** `Span.SpanKind.SPAN_KIND_INTERNAL` and `Status.StatusCode.STATUS_CODE_ERROR`. */
const INTERNAL = 1;
const ERROR = 2;
/** `SpanFlags`: sampled, and that it is known that no parent is remote. */
const SAMPLED = 0x101;

/**
 * An `ExportTraceServiceRequest` with one `ResourceSpans` per namespace, traces in the given order, each whole.
 *
 * Only what is sampled comes here. As of records, requests laid end to end are one valid request, and the bytes stay the
 * writer's.
 */
export function encodeTraces(
  traces: readonly TraceSignal[],
  context: EncodeContext,
  writer: ProtobufWriter = new ProtobufWriter(4096),
): Uint8Array {
  writer.truncate(0);
  for (const [namespace, some] of Map.groupBy(traces, (trace) => trace.namespace)) {
    const resourceSpans = writer.begin(1);
    writeResource(writer, resourceIn(context.resource, namespace));
    const scopeSpans = writer.begin(2);
    writeScope(writer, context.scope);
    for (const { traceId, spans } of some)
      for (const span of spans) writeSpan(writer, traceId, span);
    writer.end(scopeSpans);
    writer.end(resourceSpans);
  }
  return writer.view();
}

/** `Span` (opentelemetry/proto/trace/v1/trace.proto). */
function writeSpan(writer: ProtobufWriter, traceId: string, span: Span): void {
  const message = writer.begin(2);
  writer.hex(1, traceId);
  writer.hex(2, span.spanId);
  if (span.parentSpanId !== undefined) writer.hex(4, span.parentSpanId);
  writer.string(5, span.name);
  writer.uint(6, INTERNAL);
  writer.time(7, span.startMs);
  writer.time(8, span.endMs);
  writeAttributes(writer, 9, span.attributes);
  for (const event of span.events) writeEvent(writer, event);
  for (const link of span.links) writeLink(writer, link);
  if (span.error !== undefined) {
    const status = writer.begin(15);
    writer.string(2, span.error);
    writer.uint(3, ERROR);
    writer.end(status);
  }
  writer.fixed32(16, SAMPLED);
  writer.end(message);
}

function writeEvent(writer: ProtobufWriter, { timeMs, name, attributes }: SpanEvent): void {
  const message = writer.begin(11);
  writer.time(1, timeMs);
  writer.string(2, name);
  writeAttributes(writer, 3, attributes);
  writer.end(message);
}

function writeLink(writer: ProtobufWriter, { traceId, spanId, attributes }: SpanLink): void {
  const message = writer.begin(13);
  writer.hex(1, traceId);
  writer.hex(2, spanId);
  writeAttributes(writer, 4, attributes);
  writer.end(message);
}
