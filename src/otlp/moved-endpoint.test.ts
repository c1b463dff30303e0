import dns from "node:dns";
import { createServer, type Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { platform } from "node:os";
import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../util/clock.ts";
import { createGrpcTransport } from "./grpc-transport.ts";
import { createHttpTransport } from "./http-transport.ts";
import type { OpenTransport } from "./open-transport.ts";

const HOST = "collector.observability.test";
const BODY = new Uint8Array([1, 2, 3]);
/** An export response that says nothing, in a frame of gRPC. */
const EMPTY_FRAME = Buffer.alloc(5);
const COMMON = { signalKind: "logs", headers: {}, timeoutMs: 10_000, tls: {} } as const;

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
  vi.restoreAllMocks();
});

/** From now on the collector's name stands for this address. */
function resolveTo(address: string): void {
  vi.spyOn(dns, "lookup").mockImplementation(((
    host: string,
    options: { readonly all?: boolean },
    done: (error: null, found: unknown, family?: number) => void,
  ) => {
    // Listening asks, too, with an address.
    const found = host === HOST ? address : host;
    if (options.all === true) done(null, [{ address: found, family: 4 }]);
    else done(null, found, 4);
  }) as typeof dns.lookup);
}

type Receiver = { readonly port: number; readonly requests: () => number; close(): Promise<void> };

async function listen(
  server: Server | Http2Server,
  at: { readonly host: string; readonly port: number },
): Promise<Receiver> {
  let requests = 0;
  const closers: (() => void)[] = [];
  server.on("request", () => (requests += 1));
  server.on("session", (session) => closers.push(() => session.destroy()));
  await new Promise<void>((resolve) => void server.listen(at.port, at.host, resolve));
  const address = server.address();
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    if ("closeAllConnections" in server) server.closeAllConnections();
    for (const end of closers) end();
    await closed;
  };
  cleanups.push(() => void close());
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, requests: () => requests, close };
}

function createHttpReceiver(): Server {
  return createServer((request, response) => {
    request.resume().on("end", () => response.end());
  });
}

function createGrpcReceiver(): Http2Server {
  return createHttp2Server((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200, { "content-type": "application/grpc" });
      response.addTrailers({ "grpc-status": "0" });
      response.end(EMPTY_FRAME);
    });
  });
}

function openHttp(port: number): OpenTransport {
  const endpoint = `http://${HOST}:${port}/v1/logs`;
  return createHttpTransport({ ...COMMON, endpoint, compression: "none", clock: systemClock });
}

function openGrpc(port: number): OpenTransport {
  return createGrpcTransport({
    ...COMMON,
    endpoint: `http://${HOST}:${port}`,
    compression: "none",
  });
}

// Elsewhere the loopback has one address only.
test.runIf(platform() === "linux").each([
  { protocol: "HTTP", createReceiver: createHttpReceiver, open: openHttp },
  { protocol: "gRPC", createReceiver: createGrpcReceiver, open: openGrpc },
])(
  "a collector that moved to another address under its name is found there, by $protocol",
  async ({ createReceiver, open }) => {
    const first = await listen(createReceiver(), { host: "127.0.0.1", port: 0 });
    resolveTo("127.0.0.1");
    const transport = open(first.port);
    cleanups.push(() => void transport.close());
    const { signal } = new AbortController();
    const before = await transport.send(BODY, signal);
    await first.close();
    const second = await listen(createReceiver(), { host: "127.0.0.2", port: first.port });
    const during = await transport.send(BODY, signal);
    resolveTo("127.0.0.2");

    const after = await transport.send(BODY, signal);

    expect([before.type, during.type, after.type]).toEqual(["accepted", "retryable", "accepted"]);
    expect([first.requests(), second.requests()]).toEqual([1, 1]);
  },
);
