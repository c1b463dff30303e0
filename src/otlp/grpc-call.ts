import { Buffer } from "node:buffer";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type OutgoingHttpHeaders,
} from "node:http2";
import { toError } from "../util/to-error.ts";
import { MAX_RESPONSE_BYTES } from "./compress.ts";
import type { HeaderFields } from "./grpc-status.ts";

/** What came back on the stream of one unary call. */
export type GrpcAnswer = {
  /** Undefined if the stream ended before the receiver's first header. */
  readonly headers: HeaderFields | undefined;
  /** Empty if there were none. */
  readonly trailers: HeaderFields;
  /** What came, up to `MAX_RESPONSE_BYTES`. */
  readonly data: Uint8Array;
  /** What broke, if something did; an answer that was complete before counts nevertheless. */
  readonly error: Error | undefined;
};

export type GrpcCall = {
  readonly headers: OutgoingHttpHeaders;
  /** The message's frame, in pieces. */
  readonly frame: readonly Uint8Array[];
  readonly signal: AbortSignal;
  /** How long to wait for an answer before asking the connection whether it still lives, and then for that. */
  readonly keepaliveMs: number;
};

/**
 * Sends one request and gathers its answer; never rejects, and ends at once when the signal aborts.
 *
 * The signal, not this function, bounds the time. Of a waiting connection one ping is asked and no more: gRPC servers
 * count pings that come in quick succession as abuse and close (grpc-go: more than two within five minutes).
 */
export function callGrpc(session: ClientHttp2Session, call: GrpcCall): Promise<GrpcAnswer> {
  const { promise, resolve } = Promise.withResolvers<GrpcAnswer>();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let headers: HeaderFields | undefined;
  let trailers: HeaderFields = {};
  let error: Error | undefined;
  const stream = openStream(session, call.headers);
  if (stream instanceof Error)
    return Promise.resolve({ headers, trailers, data: Buffer.alloc(0), error: stream });
  const stopKeepalive = pingOnce(session, call.keepaliveMs);
  const finish = (): void => {
    stopKeepalive();
    call.signal.removeEventListener("abort", cancel);
    resolve({ headers, trailers, data: Buffer.concat(chunks), error });
  };
  const cancel = (): void => {
    error ??= new Error("cancelled");
    cancelStream(stream);
    finish();
  };
  call.signal.addEventListener("abort", cancel, { once: true });
  stream.on("response", (fields) => (headers = fields));
  stream.on("trailers", (fields) => (trailers = fields));
  stream.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= MAX_RESPONSE_BYTES) chunks.push(chunk);
  });
  // The answer is whole; a receiver that refused early does not want the rest of the request.
  stream.on("end", () => {
    if (!stream.writableFinished) cancelStream(stream);
  });
  stream.on("error", (thrown: unknown) => (error ??= toError(thrown)));
  stream.once("close", () => {
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR)
      error ??= new Error(`stream reset with HTTP/2 code ${stream.rstCode}`);
    finish();
  });
  if (call.signal.aborted) cancel();
  else sendFrame(stream, call.frame);
  return promise;
}

function openStream(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
): ClientHttp2Stream | Error {
  try {
    return session.request(headers);
  } catch (thrown) {
    return toError(thrown);
  }
}

function sendFrame(stream: ClientHttp2Stream, frame: readonly Uint8Array[]): void {
  stream.cork();
  for (const piece of frame) stream.write(piece);
  stream.end();
  stream.uncork();
}

/** A stream whose session is not connected yet has nothing to reset. */
function cancelStream(stream: ClientHttp2Stream): void {
  if (stream.pending) stream.destroy();
  else stream.close(constants.NGHTTP2_CANCEL);
}

/** Destroys a session that does not answer a ping; returns what stops it. */
function pingOnce(session: ClientHttp2Session, keepaliveMs: number): () => void {
  let timer = setTimeout(() => {
    if (session.destroyed || session.connecting) return;
    timer = setTimeout(() => {
      session.destroy(new Error(`connection gave no answer to a ping for ${keepaliveMs} ms`));
    }, keepaliveMs);
    session.ping(() => {
      clearTimeout(timer);
    });
  }, keepaliveMs);
  return () => {
    clearTimeout(timer);
  };
}
