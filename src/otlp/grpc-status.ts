import { Buffer } from "node:buffer";
import { decodeRpcStatus } from "./rpc-status.ts";
import type { SendResult } from "./transport.ts";

/** A call's status as the receiver, or what stands before it, gave it; `afterMs` if it said when to come again. */
export type GrpcStatus = {
  readonly code: number;
  readonly message: string;
  readonly afterMs?: number;
};

/** Header fields as node:http2 gives them; numbers for those it knows to be numbers. */
export type HeaderFields = Readonly<
  Record<string, string | number | readonly string[] | undefined>
>;

/** In the order of their numbers, 0 to 16 (google/rpc/code.proto). */
const NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

const RESOURCE_EXHAUSTED = 8;

/** OTLP specification, "Failures": CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS. */
const RETRYABLE: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15]);

/**
 * NOT_FOUND, PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED: about the endpoint and who may use it, not about the data.
 * The specification calls them "not retryable" like INVALID_ARGUMENT, but there is nothing in the data to be refused.
 */
const ABOUT_ENDPOINT: ReadonlySet<number> = new Set([5, 7, 12, 16]);

/** grpc-go and grpc-js: "received message larger than max"; grpc-java: "exceeds maximum size"; proxies vary. */
const ABOUT_SIZE =
  /larger than|too large|exceed\w* (?:the )?(?:max|limit|allowed)|(?:message|request) (?:size|length)|max\w* (?:message|size)/i;

/** The status in trailers, or in the headers of an answer that has nothing else; undefined if there is none. */
export function readGrpcStatus(fields: HeaderFields): GrpcStatus | undefined {
  const text = textAt(fields, "grpc-status");
  if (text === undefined) return undefined;
  const code = /^\d+$/.test(text) ? Number(text) : 2;
  const message = percentDecode(textAt(fields, "grpc-message") ?? "");
  const details = textAt(fields, "grpc-status-details-bin");
  const afterMs =
    details === undefined
      ? undefined
      : decodeRpcStatus(Buffer.from(details, "base64"))?.retryAfterMs;
  return { code, message, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** What an HTTP status other than 200 means where no gRPC server answered (gRPC, doc/http-grpc-status-mapping.md). */
export function statusOfHttp(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/**
 * What to do about a status other than OK; `errorOf` words the failure.
 *
 * RESOURCE_EXHAUSTED is retryable with RetryInfo alone (OTLP specification, "Failures"); else it is a size, which halves
 * help against, or a quota, which is nobody's data's fault.
 */
export function resultOfStatus(status: GrpcStatus, errorOf: (what: string) => Error): SendResult {
  const { code, message, afterMs } = status;
  const error = errorOf(
    `receiver answered ${NAMES[code] ?? `status ${code}`}${message === "" ? "" : ` ${JSON.stringify(message)}`}`,
  );
  const after = afterMs === undefined ? {} : { afterMs };
  if (code === RESOURCE_EXHAUSTED) {
    if (afterMs !== undefined) return { type: "retryable", error, ...after };
    return { type: ABOUT_SIZE.test(message) ? "too-large" : "unwelcome", error };
  }
  if (ABOUT_ENDPOINT.has(code)) return { type: "unwelcome", error };
  return RETRYABLE.has(code) ? { type: "retryable", error, ...after } : { type: "refused", error };
}

/** The text of one header field; of several the first. */
export function textAt(fields: HeaderFields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  return typeof value === "object" ? value[0] : String(value);
}

/** `grpc-message` is percent-encoded UTF-8; what is not stays as it is (gRPC, PROTOCOL-HTTP2.md, "Responses"). */
function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
