import { fieldAt, isMap } from "../../src/util/json.ts";

/** An OTLP attribute value as plain JavaScript: whole numbers as number where safe, else bigint; bytes as Buffer; an empty value is null. */
type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | Buffer
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

type PlainAttributes = Readonly<Record<string, PlainValue>>;

/** What a record or point came in: the resource and scope around it, and in which request (counted from 0 in order of arrival). */
type Envelope = {
  readonly requestIndex: number;
  readonly resource: PlainAttributes;
  readonly scope: { readonly name: string; readonly version: string };
};

/** One log record (opentelemetry-proto, logs.proto); absent strings are `""`, absent times `0n`. */
export type LogEntry = Envelope & {
  readonly eventName: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: PlainValue;
  readonly attributes: PlainAttributes;
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  /** Lower-case hex, or `""`. */
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  /** The record's JSON as the collector wrote it: equal text means an equal record. */
  readonly raw: string;
};

/** One span (opentelemetry-proto, trace.proto); ids in lower-case hex, `""` for a root's parent; whole milliseconds. */
export type SpanEntry = Envelope & {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: PlainAttributes;
  readonly events: readonly SpanEntryEvent[];
  readonly links: readonly SpanEntryLink[];
  /** 0 unset, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
};

type SpanEntryEvent = {
  readonly timeMs: number;
  readonly name: string;
  readonly attributes: PlainAttributes;
};

type SpanEntryLink = {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: PlainAttributes;
};

type MetricKind = "gauge" | "sum" | "histogram";

/** One data point with what its metric says (opentelemetry-proto, metrics.proto). */
export type MetricPoint = Envelope & {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: MetricKind;
  /** Of gauges and sums; undefined for a histogram, and where no value was recorded. */
  readonly value: number | undefined;
  /** Of histograms only. */
  readonly histogram: HistogramValue | undefined;
  /** Bit 1: no recorded value, the series has ended. */
  readonly flags: number;
  readonly attributes: PlainAttributes;
  readonly timeUnixNano: bigint;
  readonly startTimeUnixNano: bigint;
  /** `1` delta, `2` cumulative, `0` for a gauge. */
  readonly temporality: number;
  readonly isMonotonic: boolean;
  readonly raw: string;
};

type HistogramValue = {
  readonly count: number;
  readonly sum: number;
  readonly bucketCounts: readonly number[];
  readonly explicitBounds: readonly number[];
};

/** The log records of one `ExportLogsServiceRequest` in OTLP/JSON; none for a request of another signal. */
export function logsOf(request: unknown, requestIndex: number): readonly LogEntry[] {
  return itemsOf(request, {
    resources: "resourceLogs",
    scopes: "scopeLogs",
    items: "logRecords",
  }).map(({ item, resource, scope }) => ({
    requestIndex,
    resource,
    scope,
    eventName: text(item, "eventName"),
    severityNumber: number(item, "severityNumber"),
    severityText: text(item, "severityText"),
    body: plainValue(fieldAt(item, "body")),
    attributes: plainAttributes(fieldAt(item, "attributes")),
    timeUnixNano: nanos(item, "timeUnixNano"),
    observedTimeUnixNano: nanos(item, "observedTimeUnixNano"),
    traceId: text(item, "traceId"),
    spanId: text(item, "spanId"),
    flags: number(item, "flags"),
    raw: JSON.stringify(item),
  }));
}

/** The spans of one `ExportTraceServiceRequest` in OTLP/JSON; none for a request of another signal. */
export function spansOf(request: unknown, requestIndex: number): readonly SpanEntry[] {
  const nesting = { resources: "resourceSpans", scopes: "scopeSpans", items: "spans" };
  return itemsOf(request, nesting).map(({ item, resource, scope }) => ({
    requestIndex,
    resource,
    scope,
    traceId: text(item, "traceId"),
    spanId: text(item, "spanId"),
    parentSpanId: text(item, "parentSpanId"),
    name: text(item, "name"),
    startMs: milliseconds(item, "startTimeUnixNano"),
    endMs: milliseconds(item, "endTimeUnixNano"),
    attributes: plainAttributes(fieldAt(item, "attributes")),
    events: listAt(item, "events").map((event) => ({
      timeMs: milliseconds(event, "timeUnixNano"),
      name: text(event, "name"),
      attributes: plainAttributes(fieldAt(event, "attributes")),
    })),
    links: listAt(item, "links").map((link) => ({
      traceId: text(link, "traceId"),
      spanId: text(link, "spanId"),
      attributes: plainAttributes(fieldAt(link, "attributes")),
    })),
    statusCode: number(fieldAt(item, "status"), "code"),
    statusMessage: text(fieldAt(item, "status"), "message"),
  }));
}

/** The data points of one `ExportMetricsServiceRequest` in OTLP/JSON; none for a request of another signal. */
export function pointsOf(request: unknown, requestIndex: number): readonly MetricPoint[] {
  const metrics = itemsOf(request, {
    resources: "resourceMetrics",
    scopes: "scopeMetrics",
    items: "metrics",
  });
  return metrics.flatMap(({ item, resource, scope }) => {
    const kind = METRIC_KINDS.find((name) => fieldAt(item, name) !== undefined);
    if (kind === undefined)
      throw new Error(
        `Cannot read metric: it is neither gauge, sum nor histogram: ${JSON.stringify(item)}`,
      );
    const data = fieldAt(item, kind);
    return listAt(data, "dataPoints").map((point) => ({
      requestIndex,
      resource,
      scope,
      name: text(item, "name"),
      unit: text(item, "unit"),
      description: text(item, "description"),
      kind,
      value: numberValue(point),
      histogram: kind === "histogram" ? histogramValue(point) : undefined,
      flags: number(point, "flags"),
      attributes: plainAttributes(fieldAt(point, "attributes")),
      timeUnixNano: nanos(point, "timeUnixNano"),
      startTimeUnixNano: nanos(point, "startTimeUnixNano"),
      temporality: number(data, "aggregationTemporality"),
      isMonotonic: fieldAt(data, "isMonotonic") === true,
      raw: JSON.stringify(point),
    }));
  });
}

const METRIC_KINDS: readonly MetricKind[] = ["gauge", "sum", "histogram"];

type Nesting = { readonly resources: string; readonly scopes: string; readonly items: string };
type Item = { readonly item: unknown } & Omit<Envelope, "requestIndex">;

function itemsOf(request: unknown, nesting: Nesting): readonly Item[] {
  return listAt(request, nesting.resources).flatMap((group) => {
    const resource = plainAttributes(fieldAt(group, "resource", "attributes"));
    return listAt(group, nesting.scopes).flatMap((scoped) => {
      const scope = {
        name: text(fieldAt(scoped, "scope"), "name"),
        version: text(fieldAt(scoped, "scope"), "version"),
      };
      return listAt(scoped, nesting.items).map((item) => ({ item, resource, scope }));
    });
  });
}

function numberValue(point: unknown): number | undefined {
  const value = fieldAt(point, "asDouble") ?? fieldAt(point, "asInt");
  return value === undefined ? undefined : Number(value);
}

function histogramValue(point: unknown): HistogramValue {
  return {
    count: number(point, "count"),
    sum: number(point, "sum"),
    bucketCounts: listAt(point, "bucketCounts").map(Number),
    explicitBounds: listAt(point, "explicitBounds").map(Number),
  };
}

/** A key that comes twice is a broken record, and said so. */
function plainAttributes(list: unknown): PlainAttributes {
  const entries = (Array.isArray(list) ? list : []).map((entry: unknown): [string, PlainValue] => [
    text(entry, "key"),
    plainValue(fieldAt(entry, "value")),
  ]);
  const attributes = Object.fromEntries(entries);
  if (Object.keys(attributes).length === entries.length) return attributes;
  throw new Error(
    `Cannot read attributes: a key comes twice in ${entries.map(([key]) => key).join(", ")}`,
  );
}

/** The one field that an `AnyValue` has (opentelemetry-proto, common.proto; JSON mapping: 64-bit integers are strings). */
function plainValue(value: unknown): PlainValue {
  if (!isMap(value)) return null;
  const [field] = Object.entries(value);
  if (field === undefined) return null;
  const [type, content] = field;
  switch (type) {
    case "stringValue":
      return String(content);
    case "boolValue":
      return content === true;
    case "intValue":
      return Number.isSafeInteger(Number(content)) ? Number(content) : BigInt(String(content));
    case "doubleValue":
      return Number(content);
    case "bytesValue":
      return Buffer.from(String(content), "base64");
    case "arrayValue":
      return listAt(content, "values").map(plainValue);
    case "kvlistValue":
      return plainAttributes(fieldAt(content, "values"));
    default:
      throw new Error(
        `Cannot read value ${JSON.stringify(value)}: "${type}" is no kind of OTLP value`,
      );
  }
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const list = fieldAt(value, name);
  return Array.isArray(list) ? list : [];
}

function text(value: unknown, name: string): string {
  const field = fieldAt(value, name);
  return typeof field === "string" ? field : "";
}

/** Numbers, and 64-bit ones as strings (the JSON mapping of protobuf). */
function number(value: unknown, name: string): number {
  return Number(fieldAt(value, name) ?? 0);
}

function nanos(value: unknown, name: string): bigint {
  return BigInt(text(value, name));
}

function milliseconds(value: unknown, name: string): number {
  return Number(nanos(value, name) / 1_000_000n);
}
