import { Buffer } from "node:buffer";
import { Agent, request } from "undici";
import type { Clock } from "../util/clock.ts";
import { parseRetryAfter } from "../util/parse-retry-after.ts";
import { toError } from "../util/to-error.ts";
import { startAttempt } from "./attempt.ts";
import { MAX_RESPONSE_BYTES, payloadOf } from "./compress.ts";
import type { OpenTransport } from "./open-transport.ts";
import { decodePartialSuccess } from "./partial-success.ts";
import { decodeRpcStatus } from "./rpc-status.ts";
import type { TlsMaterial } from "./tls-material.ts";
import type { SendResult, SignalKind } from "./transport.ts";
import { USER_AGENT } from "./user-agent.ts";

export type HttpTransportOptions = {
  /** The whole URL, path included, such as `http://localhost:4318/v1/logs`. */
  readonly endpoint: string;
  readonly signalKind: SignalKind;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "gzip" | "none";
  /** For one attempt, answer included; 0 is no limit. */
  readonly timeoutMs: number;
  readonly tls: TlsMaterial;
  /** For a `Retry-After` that is a date. */
  readonly clock: Clock;
};

/** OTLP specification, "OTLP/HTTP Response": all others are not to be sent again. */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * About the endpoint and who may use it, not about the data: 401 and 407 credentials, 402 and 403 rights, 404, 405, 415,
 * 421, 426 and 501 another path, port or kind of server, 408 a slow way there, 511 a portal in between. So are redirects, which are not followed.
 */
const ABOUT_ENDPOINT: ReadonlySet<number> = new Set([
  401, 402, 403, 404, 405, 407, 408, 415, 421, 426, 501, 511,
]);

/** Longer than the interval of metrics, so that they don't connect each time; shorter than receivers keep idle ones. */
const KEEP_ALIVE_MS = 30_000;

/** Of an answer that is text: enough to recognise it by. */
const MAX_QUOTED_CHARS = 300;

type Answer = {
  readonly statusCode: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  /** Undefined if it was longer than `MAX_RESPONSE_BYTES`. */
  readonly body: Uint8Array | undefined;
};

/** OTLP/HTTP with protobuf bodies: one POST per request over connections of its own. */
export function createHttpTransport(options: HttpTransportOptions): OpenTransport {
  // The attempt's own time limit covers everything; undici's would only cut in below it.
  const agent = new Agent({
    connect: { ...options.tls },
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  return {
    send: (body, signal) => send(body, signal, { ...options, agent }),
    close: () => agent.destroy(),
  };
}

async function send(
  body: Uint8Array,
  signal: AbortSignal,
  options: HttpTransportOptions & { readonly agent: Agent },
): Promise<SendResult> {
  const attempt = startAttempt(signal, options.timeoutMs);
  try {
    return resultOf(await post(body, attempt.signal, options), options);
  } catch (thrown) {
    if (attempt.endedBy() === "caller") return { type: "aborted" };
    const cause = toError(thrown);
    const what =
      attempt.endedBy() === "time"
        ? `no answer within ${options.timeoutMs} ms`
        : cause.message || cause.name;
    return { type: "retryable", error: errorOf(options, what, cause) };
  } finally {
    attempt.end();
  }
}

async function post(
  body: Uint8Array,
  signal: AbortSignal,
  options: HttpTransportOptions & { readonly agent: Agent },
): Promise<Answer> {
  const payload = await payloadOf(body, options.compression);
  signal.throwIfAborted();
  const response = await request(options.endpoint, {
    dispatcher: options.agent,
    method: "POST",
    headers: {
      "user-agent": USER_AGENT,
      ...options.headers,
      "content-type": "application/x-protobuf",
      ...(options.compression === "gzip" ? { "content-encoding": "gzip" } : {}),
    },
    body: payload,
    signal,
  });
  const { headers } = response;
  return {
    statusCode: response.statusCode,
    contentType: headerText(headers["content-type"]) ?? "",
    retryAfter: headerText(headers["retry-after"]),
    body: await readBounded(response.body),
  };
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** Leaving the loop early destroys the body, and with it the connection. */
async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_RESPONSE_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function resultOf(answer: Answer, options: HttpTransportOptions): SendResult {
  const { statusCode } = answer;
  if (statusCode >= 200 && statusCode <= 299) return successOf(answer, options);
  const error = errorOf(options, `receiver answered ${statusCode}${quoteOf(answer)}`);
  if (statusCode === 413) return { type: "too-large", error };
  if (isAboutEndpoint(statusCode)) return { type: "unwelcome", error };
  if (!RETRYABLE_CODES.has(statusCode)) return { type: "refused", error };
  const afterMs = parseRetryAfter(answer.retryAfter, options.clock.now());
  return { type: "retryable", error, ...(afterMs === undefined ? {} : { afterMs }) };
}

function isAboutEndpoint(statusCode: number): boolean {
  return ABOUT_ENDPOINT.has(statusCode) || (statusCode >= 300 && statusCode <= 399);
}

/** A page for people with status 200 comes from something in between that is no OTLP receiver: nothing was taken, and it may go away. */
function successOf(answer: Answer, options: HttpTransportOptions): SendResult {
  if (answer.contentType.startsWith("text/html")) {
    const error = errorOf(
      options,
      `it answered ${answer.statusCode} with a web page, needs the URL of an OTLP receiver`,
    );
    return { type: "retryable", error };
  }
  if (answer.body === undefined) {
    return {
      type: "accepted",
      rejected: 0,
      message: `The answer is longer than ${MAX_RESPONSE_BYTES} bytes`,
    };
  }
  // Some receivers answer JSON whatever they were sent; that they took the request is in the status.
  if (answer.contentType.startsWith("application/json"))
    return { type: "accepted", rejected: 0, message: "" };
  return { type: "accepted", ...decodePartialSuccess(answer.body) };
}

function quoteOf(answer: Answer): string {
  if (answer.body === undefined || answer.body.length === 0) return "";
  const text = answer.contentType.startsWith("application/x-protobuf")
    ? (decodeRpcStatus(answer.body)?.message ?? "")
    : Buffer.from(answer.body.subarray(0, MAX_QUOTED_CHARS)).toString("utf8");
  return text === "" ? "" : ` ${JSON.stringify(text.slice(0, MAX_QUOTED_CHARS))}`;
}

/** The query is left out: people put keys there. */
function errorOf(options: HttpTransportOptions, what: string, cause?: Error): Error {
  const { origin, pathname } = new URL(options.endpoint);
  return new Error(`Cannot send ${options.signalKind} to ${origin}${pathname}: ${what}`, { cause });
}
