import { Buffer } from "node:buffer";
import { type ProtobufField, readFields, textOf } from "./protobuf-reader.ts";

/** One record of a request as people want to read it; integers beyond 2^53 as text. */
export type DecodedRecord = {
  /** Unix milliseconds; 0 is OTLP's "unknown". */
  readonly timeMs: number;
  readonly severity: string;
  readonly eventName: string;
  readonly body: DecodedValue;
  readonly resource: DecodedAttributes;
  readonly attributes: DecodedAttributes;
};

type DecodedAttributes = Readonly<Record<string, DecodedValue>>;

/** Bytes are base64, an empty `AnyValue` is null. */
export type DecodedValue =
  | string
  | number
  | boolean
  | null
  | readonly DecodedValue[]
  | { readonly [key: string]: DecodedValue };

const NANOS_PER_MS = 1_000_000n;

/**
 * Reads an `ExportLogsServiceRequest` (or, of `traces`, an `ExportTraceServiceRequest`) of our own; undefined if it is
 * none. For people who ask, not for the hot path.
 */
export function decodeRequest(
  request: Uint8Array,
  signal: string,
): readonly DecodedRecord[] | undefined {
  const decode = signal === "traces" ? decodeSpan : decodeRecord;
  try {
    return messagesAt(readFields(request), 1).flatMap((ofResource) => {
      const resource = attributesAt(messagesAt(ofResource, 1)[0] ?? [], 1);
      return messagesAt(ofResource, 2).flatMap((ofScope) =>
        messagesAt(ofScope, 2).map((record) => decode(record, resource)),
      );
    });
  } catch {
    return undefined;
  }
}

type Fields = readonly ProtobufField[];

/** `LogRecord` (opentelemetry/proto/logs/v1/logs.proto). */
function decodeRecord(record: Fields, resource: DecodedAttributes): DecodedRecord {
  const time = fieldAt(record, 1);
  const body = messagesAt(record, 5)[0];
  return {
    timeMs: time?.type === "fixed64" ? Number(time.value / NANOS_PER_MS) : 0,
    severity: textAt(record, 3),
    eventName: textAt(record, 12),
    body: body === undefined ? null : decodeValue(body),
    resource,
    attributes: attributesAt(record, 6),
  };
}

/** `Span` (opentelemetry/proto/trace/v1/trace.proto), as a record of when it began, by its name. */
function decodeSpan(span: Fields, resource: DecodedAttributes): DecodedRecord {
  const start = fieldAt(span, 7);
  const traceId = fieldAt(span, 1);
  const id = traceId?.type === "bytes" ? Buffer.from(traceId.value).toString("hex") : "";
  return {
    timeMs: start?.type === "fixed64" ? Number(start.value / NANOS_PER_MS) : 0,
    severity: "",
    eventName: textAt(span, 5),
    body: `span of trace ${id}`,
    resource,
    attributes: attributesAt(span, 9),
  };
}

function attributesAt(message: Fields, number: number): DecodedAttributes {
  return Object.fromEntries(
    messagesAt(message, number).map((keyValue) => [
      textAt(keyValue, 1),
      decodeValue(messagesAt(keyValue, 2)[0] ?? []),
    ]),
  );
}

/** `AnyValue` (opentelemetry/proto/common/v1/common.proto): at most one field. */
function decodeValue([field]: Fields): DecodedValue {
  if (field === undefined) return null;
  return field.type === "bytes" ? decodeBytes(field) : decodeNumber(field.number, field.value);
}

function decodeBytes({
  number,
  value,
}: Extract<ProtobufField, { readonly type: "bytes" }>): DecodedValue {
  switch (number) {
    case 1:
      return Buffer.from(value).toString("utf8");
    case 5:
      return messagesAt(readFields(value), 1).map(decodeValue);
    case 6:
      return attributesAt(readFields(value), 1);
    default:
      return Buffer.from(value).toString("base64");
  }
}

function decodeNumber(number: number, value: bigint): DecodedValue {
  if (number === 2) return value !== 0n;
  if (number === 4) return new Float64Array(BigUint64Array.of(value).buffer)[0] ?? null;
  const integer = BigInt.asIntN(64, value);
  const rounded = Number(integer);
  return Number.isSafeInteger(rounded) ? rounded : integer.toString();
}

function messagesAt(message: Fields, number: number): readonly Fields[] {
  return message.flatMap((field) =>
    field.number === number && field.type === "bytes" ? [readFields(field.value)] : [],
  );
}

function fieldAt(message: Fields, number: number): ProtobufField | undefined {
  return message.find((field) => field.number === number);
}

function textAt(message: Fields, number: number): string {
  const field = fieldAt(message, number);
  return field === undefined ? "" : textOf(field);
}
