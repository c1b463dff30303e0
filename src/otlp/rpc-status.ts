import { type ProtobufField, readFields, textOf } from "./protobuf-reader.ts";

/** The parts of `google.rpc.Status` that OTLP uses; `retryAfterMs` only if it holds a `google.rpc.RetryInfo`. */
export type RpcStatus = { readonly message: string; readonly retryAfterMs?: number };

const RETRY_INFO = "google.rpc.RetryInfo";

/** Reads `grpc-status-details-bin`, or the body of a failed OTLP/HTTP answer; undefined if it is something else. */
export function decodeRpcStatus(bytes: Uint8Array): RpcStatus | undefined {
  try {
    let message = "";
    let retryAfterMs: number | undefined;
    for (const field of readFields(bytes)) {
      if (field.number === 2) message = textOf(field);
      if (field.number === 3) retryAfterMs = retryDelayOf(field) ?? retryAfterMs;
    }
    return retryAfterMs === undefined ? { message } : { message, retryAfterMs };
  } catch {
    return undefined;
  }
}

/** `google.protobuf.Any` holding `RetryInfo { Duration retry_delay = 1 }`; one without a delay means: at once. */
function retryDelayOf(any: ProtobufField): number | undefined {
  const type = fieldOf(any, 1);
  if (type === undefined || !textOf(type).endsWith(`/${RETRY_INFO}`)) return undefined;
  const info = fieldOf(any, 2);
  const duration = info === undefined ? undefined : fieldOf(info, 1);
  if (duration === undefined) return 0;
  return Math.max(
    0,
    Math.ceil(intOf(fieldOf(duration, 1)) * 1000 + intOf(fieldOf(duration, 2)) / 1e6),
  );
}

function fieldOf(message: ProtobufField, number: number): ProtobufField | undefined {
  return message.type === "bytes"
    ? readFields(message.value).find((field) => field.number === number)
    : undefined;
}

function intOf(field: ProtobufField | undefined): number {
  return field === undefined || field.type === "bytes" ? 0 : Number(BigInt.asIntN(64, field.value));
}
