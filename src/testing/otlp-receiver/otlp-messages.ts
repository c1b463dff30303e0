import type { Field, MessageTable, ScalarType } from "./protobuf-reader.ts";

/** OTLP's messages, field by field (opentelemetry-proto 1.9: common, resource, logs, metrics, trace, collector). */

function one(name: string, type: ScalarType | (() => MessageTable)): Field {
  return { name, type };
}

function many(name: string, type: ScalarType | (() => MessageTable)): Field {
  return { name, type, isRepeated: true };
}

const anyValue: MessageTable = {
  1: one("stringValue", "string"),
  2: one("boolValue", "bool"),
  3: one("intValue", "int64"),
  4: one("doubleValue", "double"),
  5: one("arrayValue", () => ({ 1: many("values", () => anyValue) })),
  6: one("kvlistValue", () => ({ 1: many("values", () => keyValue) })),
  7: one("bytesValue", "bytes"),
};

const keyValue: MessageTable = { 1: one("key", "string"), 2: one("value", () => anyValue) };

const resource: MessageTable = {
  1: many("attributes", () => keyValue),
  2: one("droppedAttributesCount", "uint32"),
};

const scope: MessageTable = {
  1: one("name", "string"),
  2: one("version", "string"),
  3: many("attributes", () => keyValue),
  4: one("droppedAttributesCount", "uint32"),
};

/** `Export…ServiceRequest` → `Resource…` → `Scope…` → items: the same shape for all three signals. */
function exportRequest(item: () => MessageTable): MessageTable {
  const ofScope: MessageTable = {
    1: one("scope", () => scope),
    2: many("items", item),
    3: one("schemaUrl", "string"),
  };
  const ofResource: MessageTable = {
    1: one("resource", () => resource),
    2: many("scopes", () => ofScope),
    3: one("schemaUrl", "string"),
  };
  return { 1: many("resources", () => ofResource) };
}

const logRecord: MessageTable = {
  1: one("timeUnixNano", "fixed64"),
  2: one("severityNumber", "enum"),
  3: one("severityText", "string"),
  5: one("body", () => anyValue),
  6: many("attributes", () => keyValue),
  7: one("droppedAttributesCount", "uint32"),
  8: one("flags", "fixed32"),
  9: one("traceId", "bytes"),
  10: one("spanId", "bytes"),
  11: one("observedTimeUnixNano", "fixed64"),
  12: one("eventName", "string"),
};

const exemplar: MessageTable = {
  2: one("timeUnixNano", "fixed64"),
  3: one("asDouble", "double"),
  4: one("spanId", "bytes"),
  5: one("traceId", "bytes"),
  6: one("asInt", "sfixed64"),
  7: many("filteredAttributes", () => keyValue),
};

const numberDataPoint: MessageTable = {
  2: one("startTimeUnixNano", "fixed64"),
  3: one("timeUnixNano", "fixed64"),
  4: one("asDouble", "double"),
  5: many("exemplars", () => exemplar),
  6: one("asInt", "sfixed64"),
  7: many("attributes", () => keyValue),
  8: one("flags", "uint32"),
};

const histogramDataPoint: MessageTable = {
  2: one("startTimeUnixNano", "fixed64"),
  3: one("timeUnixNano", "fixed64"),
  4: one("count", "fixed64"),
  5: one("sum", "double"),
  6: many("bucketCounts", "fixed64"),
  7: many("explicitBounds", "double"),
  8: many("exemplars", () => exemplar),
  9: many("attributes", () => keyValue),
  10: one("flags", "uint32"),
  11: one("min", "double"),
  12: one("max", "double"),
};

const sum: MessageTable = {
  1: many("dataPoints", () => numberDataPoint),
  2: one("aggregationTemporality", "enum"),
  3: one("isMonotonic", "bool"),
};

const metric: MessageTable = {
  1: one("name", "string"),
  2: one("description", "string"),
  3: one("unit", "string"),
  5: one("gauge", () => ({ 1: many("dataPoints", () => numberDataPoint) })),
  7: one("sum", () => sum),
  9: one("histogram", () => ({
    1: many("dataPoints", () => histogramDataPoint),
    2: one("aggregationTemporality", "enum"),
  })),
  12: many("metadata", () => keyValue),
};

const spanEvent: MessageTable = {
  1: one("timeUnixNano", "fixed64"),
  2: one("name", "string"),
  3: many("attributes", () => keyValue),
  4: one("droppedAttributesCount", "uint32"),
};

const spanLink: MessageTable = {
  1: one("traceId", "bytes"),
  2: one("spanId", "bytes"),
  3: one("traceState", "string"),
  4: many("attributes", () => keyValue),
  5: one("droppedAttributesCount", "uint32"),
  6: one("flags", "fixed32"),
};

const span: MessageTable = {
  1: one("traceId", "bytes"),
  2: one("spanId", "bytes"),
  3: one("traceState", "string"),
  4: one("parentSpanId", "bytes"),
  5: one("name", "string"),
  6: one("kind", "enum"),
  7: one("startTimeUnixNano", "fixed64"),
  8: one("endTimeUnixNano", "fixed64"),
  9: many("attributes", () => keyValue),
  10: one("droppedAttributesCount", "uint32"),
  11: many("events", () => spanEvent),
  12: one("droppedEventsCount", "uint32"),
  13: many("links", () => spanLink),
  14: one("droppedLinksCount", "uint32"),
  15: one("status", () => ({ 2: one("message", "string"), 3: one("code", "enum") })),
  16: one("flags", "fixed32"),
};

export const logsRequest: MessageTable = exportRequest(() => logRecord);
export const metricsRequest: MessageTable = exportRequest(() => metric);
export const tracesRequest: MessageTable = exportRequest(() => span);
