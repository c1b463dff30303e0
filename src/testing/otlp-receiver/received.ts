import type { SignalKind } from "../../otlp/transport.ts";
import { unreachable } from "../../util/unreachable.ts";
import {
  attributesAt,
  hexAt,
  messageAt,
  messagesAt,
  nanosAt,
  numberAt,
  numbersAt,
  type ReceivedAttributes,
  type ReceivedValue,
  textAt,
  valueOf,
} from "./message-fields.ts";
import { logsRequest, metricsRequest, tracesRequest } from "./otlp-messages.ts";
import { type Message, readMessage } from "./protobuf-reader.ts";

/** Whom an item is from. */
type Origin = {
  readonly resource: ReceivedAttributes;
  readonly scope: { readonly name: string; readonly version: string };
};

/** One log record, flat; times are Unix nanoseconds, ids lower-case hex. */
export type ReceivedRecord = Origin & {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: ReceivedValue;
  readonly attributes: ReceivedAttributes;
  readonly droppedAttributesCount: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
};

/** One data point with the metric that it belongs to, flat. */
export type ReceivedPoint = Origin & {
  readonly metric: string;
  readonly description: string;
  readonly unit: string;
  readonly type: "gauge" | "sum" | "histogram";
  /** Absent for gauges. */
  readonly temporality?: "unspecified" | "delta" | "cumulative";
  readonly isMonotonic?: boolean;
  readonly attributes: ReceivedAttributes;
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly flags: number;
  /** Flag NO_RECORDED_VALUE: the series ends here. */
  readonly isEnd: boolean;
  /** Of gauges and sums; absent at a series' end. */
  readonly value?: number;
  readonly valueType?: "int" | "double";
  readonly histogram?: ReceivedHistogram;
  readonly exemplarCount: number;
};

type ReceivedHistogram = {
  readonly count: number;
  readonly sum: number;
  readonly bucketCounts: readonly number[];
  readonly explicitBounds: readonly number[];
};

/** One span, flat; `statusCode` 0 unset, 1 ok, 2 error. */
export type ReceivedSpan = Origin & {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: ReceivedAttributes;
  readonly events: readonly {
    readonly timeUnixNano: bigint;
    readonly name: string;
    readonly attributes: ReceivedAttributes;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: ReceivedAttributes;
  }[];
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly flags: number;
};

/** What one request said. */
export type ReceivedItems = {
  readonly records: readonly ReceivedRecord[];
  readonly points: readonly ReceivedPoint[];
  readonly spans: readonly ReceivedSpan[];
};

const NOTHING: ReceivedItems = { records: [], points: [], spans: [] };
const NO_RECORDED_VALUE = 1;
const TEMPORALITIES = ["unspecified", "delta", "cumulative"] as const;

/** Decodes an `Export…ServiceRequest`; throws on anything that the protocol's tables do not know. */
export function readExportRequest(signal: SignalKind, body: Uint8Array): ReceivedItems {
  switch (signal) {
    case "logs":
      return { ...NOTHING, records: itemsOf(readMessage(body, logsRequest)).map(recordOf) };
    case "metrics":
      return { ...NOTHING, points: itemsOf(readMessage(body, metricsRequest)).flatMap(pointsOf) };
    case "traces":
      return { ...NOTHING, spans: itemsOf(readMessage(body, tracesRequest)).map(spanOf) };
    default:
      return unreachable(signal);
  }
}

type Item = { readonly origin: Origin; readonly message: Message };

function itemsOf(request: Message): readonly Item[] {
  const items: Item[] = [];
  for (const ofResource of messagesAt(request, "resources")) {
    const resource = attributesAt(messageAt(ofResource, "resource"), "attributes");
    for (const ofScope of messagesAt(ofResource, "scopes")) {
      const scope = messageAt(ofScope, "scope");
      const origin = {
        resource,
        scope: { name: textAt(scope, "name"), version: textAt(scope, "version") },
      };
      for (const message of messagesAt(ofScope, "items")) items.push({ origin, message });
    }
  }
  return items;
}

function recordOf({ origin, message }: Item): ReceivedRecord {
  return {
    ...origin,
    timeUnixNano: nanosAt(message, "timeUnixNano"),
    observedTimeUnixNano: nanosAt(message, "observedTimeUnixNano"),
    severityNumber: numberAt(message, "severityNumber"),
    severityText: textAt(message, "severityText"),
    eventName: textAt(message, "eventName"),
    body: valueOf(messageAt(message, "body")),
    attributes: attributesAt(message, "attributes"),
    droppedAttributesCount: numberAt(message, "droppedAttributesCount"),
    traceId: hexAt(message, "traceId"),
    spanId: hexAt(message, "spanId"),
    flags: numberAt(message, "flags"),
  };
}

function pointsOf({ origin, message }: Item): readonly ReceivedPoint[] {
  const type = (["gauge", "sum", "histogram"] as const).find((name) => message[name] !== undefined);
  if (type === undefined) throw new Error(`Metric "${textAt(message, "name")}" has no data`);
  const data = messageAt(message, type);
  const temporality = TEMPORALITIES[numberAt(data, "aggregationTemporality")] ?? "unspecified";
  const common = {
    ...origin,
    metric: textAt(message, "name"),
    description: textAt(message, "description"),
    unit: textAt(message, "unit"),
    type,
    ...(type === "gauge" ? {} : { temporality }),
    ...(type === "sum" ? { isMonotonic: data["isMonotonic"] === true } : {}),
  };
  return messagesAt(data, "dataPoints").map((point) =>
    Object.assign(pointFields(point, type), common),
  );
}

type PointFields = Omit<ReceivedPoint, keyof Origin | "metric" | "description" | "unit" | "type">;

function pointFields(point: Message, type: ReceivedPoint["type"]): PointFields {
  const flags = numberAt(point, "flags");
  const isEnd = (flags & NO_RECORDED_VALUE) !== 0;
  return {
    attributes: attributesAt(point, "attributes"),
    startTimeUnixNano: nanosAt(point, "startTimeUnixNano"),
    timeUnixNano: nanosAt(point, "timeUnixNano"),
    flags,
    isEnd,
    exemplarCount: messagesAt(point, "exemplars").length,
    ...(type === "histogram" ? histogramFields(point) : valueFields(point)),
  };
}

function valueFields(point: Message): Pick<ReceivedPoint, "value" | "valueType"> {
  if (point["asDouble"] !== undefined)
    return { value: numberAt(point, "asDouble"), valueType: "double" };
  if (point["asInt"] !== undefined) return { value: numberAt(point, "asInt"), valueType: "int" };
  return {};
}

function histogramFields(point: Message): Pick<ReceivedPoint, "histogram"> {
  return {
    histogram: {
      count: numberAt(point, "count"),
      sum: numberAt(point, "sum"),
      bucketCounts: numbersAt(point, "bucketCounts"),
      explicitBounds: numbersAt(point, "explicitBounds"),
    },
  };
}

function spanOf({ origin, message }: Item): ReceivedSpan {
  const status = messageAt(message, "status");
  return {
    ...origin,
    traceId: hexAt(message, "traceId"),
    spanId: hexAt(message, "spanId"),
    parentSpanId: hexAt(message, "parentSpanId"),
    name: textAt(message, "name"),
    kind: numberAt(message, "kind"),
    startTimeUnixNano: nanosAt(message, "startTimeUnixNano"),
    endTimeUnixNano: nanosAt(message, "endTimeUnixNano"),
    attributes: attributesAt(message, "attributes"),
    events: messagesAt(message, "events").map((event) => ({
      timeUnixNano: nanosAt(event, "timeUnixNano"),
      name: textAt(event, "name"),
      attributes: attributesAt(event, "attributes"),
    })),
    links: messagesAt(message, "links").map((link) => ({
      traceId: hexAt(link, "traceId"),
      spanId: hexAt(link, "spanId"),
      attributes: attributesAt(link, "attributes"),
    })),
    statusCode: numberAt(status, "code"),
    statusMessage: textAt(status, "message"),
    flags: numberAt(message, "flags"),
  };
}
