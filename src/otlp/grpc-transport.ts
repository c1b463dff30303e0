import type { OutgoingHttpHeaders } from "node:http2";
import { toError } from "../util/to-error.ts";
import { type Attempt, startAttempt } from "./attempt.ts";
import { payloadOf } from "./compress.ts";
import { callGrpc, type GrpcAnswer } from "./grpc-call.ts";
import { framePrefix, readFrame } from "./grpc-frame.ts";
import { GrpcSession } from "./grpc-session.ts";
import { readGrpcStatus, resultOfStatus, statusOfHttp, textAt } from "./grpc-status.ts";
import type { OpenTransport } from "./open-transport.ts";
import { decodePartialSuccess } from "./partial-success.ts";
import type { TlsMaterial } from "./tls-material.ts";
import type { SendResult, SignalKind } from "./transport.ts";
import { USER_AGENT } from "./user-agent.ts";

export type GrpcTransportOptions = {
  /** Scheme, host and port, such as `http://localhost:4317`; `https` is TLS, `http` cleartext HTTP/2. */
  readonly endpoint: string;
  readonly signalKind: SignalKind;
  /** Sent as metadata; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "gzip" | "none";
  /** For one attempt, connecting and answer included; 0 is no limit. */
  readonly timeoutMs: number;
  readonly tls: TlsMaterial;
  /** For tests; defaults 10 s and 5 s. */
  readonly connectTimeoutMs?: number;
  readonly keepaliveMs?: number;
};

const PATHS: Readonly<Record<SignalKind, string>> = {
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
};

/** `grpc-timeout` takes at most eight digits. */
const MAX_TIMEOUT_MS = 99_999_999;

/**
 * OTLP/gRPC: unary calls over one HTTP/2 connection of its own.
 *
 * Ours and not grpc-js, because that compresses at zlib's level 6 and takes no ready-made compressed bytes.
 */
export function createGrpcTransport(options: GrpcTransportOptions): OpenTransport {
  const { endpoint: origin, tls, connectTimeoutMs = 10_000 } = options;
  const session = new GrpcSession({ origin, tls, connectTimeoutMs });
  return {
    send: (body, signal) => send(body, signal, { ...options, session }),
    close() {
      session.close();
      return Promise.resolve();
    },
  };
}

type SendOptions = GrpcTransportOptions & { readonly session: GrpcSession };

async function send(
  body: Uint8Array,
  signal: AbortSignal,
  options: SendOptions,
): Promise<SendResult> {
  const attempt = startAttempt(signal, options.timeoutMs);
  try {
    return await call(body, attempt, options);
  } catch (thrown) {
    if (attempt.endedBy() === "caller") return { type: "aborted" };
    const cause = toError(thrown);
    return { type: "retryable", error: errorOf(options, cause.message, cause) };
  } finally {
    attempt.end();
  }
}

async function call(body: Uint8Array, attempt: Attempt, options: SendOptions): Promise<SendResult> {
  const message = await payloadOf(body, options.compression);
  attempt.signal.throwIfAborted();
  return await options.session.use(async (session) => {
    const answer = await callGrpc(session, {
      headers: headersOf(options),
      frame: [framePrefix(message.length, options.compression === "gzip"), message],
      signal: attempt.signal,
      keepaliveMs: options.keepaliveMs ?? 5_000,
    });
    const endedBy = attempt.endedBy();
    if (endedBy === "caller") return { type: "aborted" };
    if (endedBy === undefined) return await resultOf(answer, options);
    // Perhaps only this connection leads nowhere: the next attempt makes a new one.
    options.session.giveUp(session);
    return {
      type: "retryable",
      error: errorOf(options, `no answer within ${options.timeoutMs} ms`),
    };
  });
}

function headersOf(options: SendOptions): OutgoingHttpHeaders {
  const timeout =
    options.timeoutMs > 0
      ? { "grpc-timeout": `${Math.min(Math.ceil(options.timeoutMs), MAX_TIMEOUT_MS)}m` }
      : {};
  return {
    "user-agent": USER_AGENT,
    ...options.headers,
    ":method": "POST",
    ":path": PATHS[options.signalKind],
    "content-type": "application/grpc",
    te: "trailers",
    "grpc-accept-encoding": "identity,gzip",
    ...(options.compression === "gzip" ? { "grpc-encoding": "gzip" } : {}),
    ...timeout,
  };
}

async function resultOf(answer: GrpcAnswer, options: SendOptions): Promise<SendResult> {
  const { headers = {}, trailers, error } = answer;
  const fail = (what: string): Error => errorOf(options, what, error);
  const status = readGrpcStatus(trailers) ?? readGrpcStatus(headers);
  if (status !== undefined)
    return status.code === 0 ? await acceptedBy(answer) : resultOfStatus(status, fail);
  const httpStatus = textAt(headers, ":status");
  if (httpStatus !== undefined && httpStatus !== "200") {
    if (httpStatus === "413") return { type: "too-large", error: fail("proxy answered HTTP 413") };
    return resultOfStatus(
      { code: statusOfHttp(Number(httpStatus)), message: `HTTP ${httpStatus}` },
      fail,
    );
  }
  const contentType = textAt(headers, "content-type") ?? "";
  // Something in between answers pages for people: nothing was taken, and it may go away.
  if (httpStatus === "200" && !contentType.startsWith("application/grpc")) {
    return {
      type: "retryable",
      error: fail(
        `it answered HTTP 200 with content type "${contentType}", needs an OTLP/gRPC receiver`,
      ),
    };
  }
  const what =
    error === undefined
      ? "the answer ended without a gRPC status"
      : `${error.message}${hintOf(error)}`;
  return { type: "retryable", error: fail(what) };
}

/** A status of OK says that the request was taken; what can't be read of the rest changes nothing about it. */
async function acceptedBy(answer: GrpcAnswer): Promise<SendResult> {
  try {
    const encoding = textAt(answer.headers ?? {}, "grpc-encoding") ?? "identity";
    return { type: "accepted", ...decodePartialSuccess(await readFrame(answer.data, encoding)) };
  } catch (thrown) {
    return { type: "accepted", rejected: 0, message: toError(thrown).message };
  }
}

/** The commonest mistake: gRPC spoken to the port that takes HTTP/1.1. */
function hintOf(error: Error): string {
  return /protocol error/i.test(error.message)
    ? " (is it an OTLP/gRPC endpoint? 4317 by default; 4318 speaks http/protobuf)"
    : "";
}

function errorOf(options: SendOptions, what: string, cause?: Error): Error {
  return new Error(`Cannot send ${options.signalKind} to ${options.endpoint}: ${what}`, { cause });
}
