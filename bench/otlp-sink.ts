import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import type { SignalKind } from "../src/otlp/transport.ts";
import { listenOnLoopback } from "../src/testing/listen-on-loopback.ts";

const SIGNALS: readonly SignalKind[] = ["logs", "metrics", "traces"];

/** One request as it came: compressed, and when its last byte was there (`performance.now()`). */
export type ReceivedBody = {
  readonly signal: SignalKind;
  readonly body: Buffer;
  readonly receivedMs: number;
};

/** An OTLP/HTTP receiver that says yes at once and keeps all: decoding comes later, so as not to compete for the processors. */
export interface OtlpSink extends AsyncDisposable {
  readonly url: string;
  readonly bodies: readonly ReceivedBody[];
  /** Resolves when a request for logs holds these characters. */
  arrival(text: string): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 until it is disposed. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const bodies: ReceivedBody[] = [];
  const waiters = new Set<{ readonly text: string; readonly resolve: () => void }>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const signal = SIGNALS.find((one) => request.url === `/v1/${one}`) ?? "metrics";
    bodies.push({ signal, body, receivedMs: performance.now() });
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    if (signal !== "logs" || waiters.size === 0) return;
    const plain = gunzipSync(body);
    for (const waiter of waiters) {
      if (!plain.includes(waiter.text)) continue;
      waiter.resolve();
      waiters.delete(waiter);
    }
  };
  const server = createServer((request, response) => void take(request, response));
  server.keepAliveTimeout = 0;
  return {
    url: await listenOnLoopback(server),
    bodies,
    arrival: (text) => new Promise((resolve) => void waiters.add({ text, resolve })),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
