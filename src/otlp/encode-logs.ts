import type { LogSignal, Severity } from "../lifecycle/signal.ts";
import {
  type EncodeContext,
  resourceIn,
  writeAnyValue,
  writeAttributes,
  writeResource,
  writeScope,
} from "./encode-attributes.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** OpenTelemetry's logs data model, "Field: SeverityNumber". */
const SEVERITY_NUMBERS: Readonly<Record<Severity, number>> = {
  DEBUG: 5,
  INFO: 9,
  WARN: 13,
  ERROR: 17,
};

/**
 * An `ExportLogsServiceRequest` with one `ResourceLogs` per namespace, the records of each in the given order.
 *
 * The object's namespace alone decides `k8s.namespace.name`: our own, should the resource bring one, is left out.
 * All fields of a request are repeated, so requests laid end to end are one valid request. The bytes stay the writer's:
 * who brings one, so as not to grow it anew for each request, has them until it is brought again.
 */
export function encodeLogs(
  signals: readonly LogSignal[],
  context: EncodeContext,
  writer: ProtobufWriter = new ProtobufWriter(4096),
): Uint8Array {
  writer.truncate(0);
  for (const [namespace, records] of groupByNamespace(signals)) {
    const resourceLogs = writer.begin(1);
    writeResource(writer, resourceIn(context.resource, namespace));
    const scopeLogs = writer.begin(2);
    writeScope(writer, context.scope);
    for (const record of records) writeRecord(writer, record);
    writer.end(scopeLogs);
    writer.end(resourceLogs);
  }
  return writer.view();
}

function groupByNamespace(
  signals: readonly LogSignal[],
): ReadonlyMap<string | undefined, readonly LogSignal[]> {
  return Map.groupBy(signals, (signal) => signal.namespace);
}

/** `LogRecord` (opentelemetry/proto/logs/v1/logs.proto). */
function writeRecord(writer: ProtobufWriter, signal: LogSignal): void {
  const record = writer.begin(2);
  writer.time(1, signal.timeMs);
  writer.uint(2, SEVERITY_NUMBERS[signal.severity]);
  writer.string(3, signal.severity);
  const body = writer.begin(5);
  writeAnyValue(writer, signal.body);
  writer.end(body);
  writeAttributes(writer, 6, signal.attributes);
  if (signal.trace !== undefined) {
    if (signal.trace.isSampled) writer.fixed32(8, 1);
    writer.hex(9, signal.trace.traceId);
    writer.hex(10, signal.trace.spanId);
  }
  writer.time(11, signal.observedTimeMs);
  writer.string(12, signal.eventName);
  writer.end(record);
}
