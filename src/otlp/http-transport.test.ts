import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Socket } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../test/testbed/certificate.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { listenOnLoopback } from "../testing/listen-on-loopback.ts";
import { exportResponse, rpcStatus } from "../testing/otlp-receiver/responses.ts";
import { createHttpTransport, type HttpTransportOptions } from "./http-transport.ts";
import type { SendResult } from "./transport.ts";

const BODY = Uint8Array.from({ length: 5_000 }, (_, index) => index % 7);
const clock = createFakeClock(Date.UTC(2026, 6, 1, 12));
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  return await listen(server);
}

async function listen(server: Server): Promise<string> {
  const url = await listenOnLoopback(server);
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return url;
}

function open(endpoint: string, options: Partial<HttpTransportOptions> = {}) {
  const transport = createHttpTransport({
    endpoint: `${endpoint}/v1/logs`,
    signalKind: "logs",
    headers: {},
    compression: "gzip",
    timeoutMs: 5_000,
    tls: {},
    clock,
    ...options,
  });
  cleanups.push(() => transport.close());
  return transport;
}

function sendTo(
  endpoint: string,
  options: Partial<HttpTransportOptions> = {},
): Promise<SendResult> {
  return open(endpoint, options).send(BODY, new AbortController().signal);
}

type Seen = {
  url: string | undefined;
  method: string | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
};

async function serveSeeing(seen: Seen[]): Promise<string> {
  return await serve((request, response) => {
    async function see(): Promise<void> {
      const { url, method, headers } = request;
      seen.push({ url, method, headers, body: Buffer.concat(await request.toArray()) });
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    }
    void see();
  });
}

test("the HTTP transport posts gzip with its headers to the endpoint's path", async () => {
  const seen: Seen[] = [];
  const url = await serveSeeing(seen);

  const result = await sendTo(url, { headers: { authorization: "Bearer x y" } });

  expect(result).toEqual({ type: "accepted", rejected: 0, message: "" });
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ method: "POST", url: "/v1/logs" });
  expect(seen[0]?.headers).toMatchObject({
    "content-type": "application/x-protobuf",
    "content-encoding": "gzip",
    authorization: "Bearer x y",
  });
  expect(new Uint8Array(gunzipSync(seen[0]?.body ?? ""))).toEqual(BODY);
});

test("the HTTP transport sends plain bytes without compression", async () => {
  const seen: Seen[] = [];
  const url = await serveSeeing(seen);

  await sendTo(url, { compression: "none" });

  expect(seen[0]?.headers["content-encoding"]).toBeUndefined();
  expect(new Uint8Array(seen[0]?.body ?? [])).toEqual(BODY);
});

test("a receiver that answers before it has read all reads what was sent, though the body is written over by then", async () => {
  const answered = Promise.withResolvers<Socket>();
  const server = createTcpServer((socket) => {
    socket.once("readable", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      answered.resolve(socket);
    });
  });
  cleanups.push(() => server.close());
  // More than lies in the buffers of both sockets.
  const body = new Uint8Array(16 * 1024 * 1024).fill(1);
  const url = await listenOnLoopback(server);

  const result = await open(url, { compression: "none" }).send(body, new AbortController().signal);
  body.fill(2);
  let readBytes = 0;
  let isOverwritten = false;
  for await (const chunk of (await answered.promise).iterator()) {
    readBytes += Buffer.from(chunk).length;
    isOverwritten ||= Buffer.from(chunk).includes(2);
    if (readBytes >= body.length) break;
  }

  expect(result.type).toBe("accepted");
  expect(isOverwritten).toBe(false);
});

const answerNothing: RequestListener = (request, response) => {
  request.resume().on("end", () => response.end());
};

test("a receiver that is replaced by another at the same name is found by the next attempts", async () => {
  const first = createServer(answerNothing);
  const url = await listenOnLoopback(first);
  const transport = open(url);
  const { signal } = new AbortController();
  const before = await transport.send(BODY, signal);
  const closed = new Promise((resolve) => first.close(resolve));
  first.closeAllConnections();
  await closed;
  const during = await transport.send(BODY, signal);
  const second = createServer(answerNothing);
  cleanups.push(() => second.close());
  await new Promise<void>((resolve) => {
    second.listen(Number(new URL(url).port), "127.0.0.1", resolve);
  });

  const after = await transport.send(BODY, signal);

  expect([before.type, during.type, after.type]).toEqual(["accepted", "retryable", "accepted"]);
});

test("the HTTP transport uses one connection for one request after another", async () => {
  const ports = new Set<number | undefined>();
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    request.resume().on("end", () => response.end());
  });
  const transport = open(url);

  for (let count = 0; count < 3; count += 1)
    await transport.send(BODY, new AbortController().signal);

  expect(ports.size).toBe(1);
});

test("a partial success is accepted with what was rejected", async () => {
  const url = await serve((_request, response) => {
    response
      .writeHead(200, { "content-type": "application/x-protobuf" })
      .end(exportResponse({ rejected: 2, message: "too old" }));
  });

  expect(await sendTo(url)).toEqual({ type: "accepted", rejected: 2, message: "too old" });
});

test.each([
  [200, "accepted"],
  [202, "accepted"],
  [204, "accepted"],
  [301, "unwelcome"],
  [400, "refused"],
  [401, "unwelcome"],
  [403, "unwelcome"],
  [404, "unwelcome"],
  [408, "unwelcome"],
  [413, "too-large"],
  [429, "retryable"],
  [500, "refused"],
  [501, "unwelcome"],
  [502, "retryable"],
  [503, "retryable"],
  [504, "retryable"],
])("HTTP %i is %s, as the OTLP specification says", async (statusCode, type) => {
  const url = await serve((_request, response) =>
    response.writeHead(statusCode, { location: "/elsewhere" }).end(),
  );

  const result = await sendTo(url);

  expect(result).toMatchObject({ type });
  expect(result).not.toHaveProperty("afterMs");
});

test.each([
  ["7", 7_000],
  ["0", 0],
  ["Wed, 01 Jul 2026 12:00:30 GMT", 30_000],
  ["Wed, 01 Jul 2026 11:00:00 GMT", 0],
  ["soon", undefined],
  ["-5", undefined],
  ["1.5", undefined],
])("Retry-After %j gives %s ms", async (retryAfter, afterMs) => {
  const url = await serve((_request, response) =>
    response.writeHead(503, { "retry-after": retryAfter }).end(),
  );

  const result = await sendTo(url);

  expect(result.type === "retryable" ? result.afterMs : "not retryable").toBe(afterMs);
});

test("an error says what was tried, where, and what the receiver said", async () => {
  const url = await serve((_request, response) => {
    response
      .writeHead(400, { "content-type": "application/x-protobuf" })
      .end(rpcStatus(3, "bad \u001B[31m record"));
  });

  const result = await sendTo(url, { endpoint: `${url}/v1/logs?api_key=hush` });

  expect(result).toMatchObject({
    type: "refused",
    error: new Error(
      `Cannot send logs to ${url}/v1/logs: receiver answered 400 "bad \\u001b[31m record"`,
    ),
  });
});

test("a web page in place of an OTLP receiver is retryable: nothing was taken", async () => {
  const url = await serve((_request, response) =>
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<h1>Login</h1>"),
  );

  expect(await sendTo(url)).toMatchObject({ type: "retryable" });
});

test("an answer without end is given up", async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { "content-type": "application/x-protobuf" });
    const pour = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(1024 * 1024), pour);
    };
    pour();
  });

  expect(await sendTo(url)).toMatchObject({ type: "accepted", rejected: 0 });
});

test("a time-out, a refused connection and a broken connection are retryable", async () => {
  const silent = await serve(() => undefined);
  const broken = await serve((request) => request.socket.destroy());
  const closed = createTcpServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const address = closed.address();
  closed.close();
  const port = typeof address === "object" ? address?.port : undefined;

  const results = await Promise.all([
    sendTo(silent, { timeoutMs: 30 }),
    sendTo(broken),
    sendTo(`http://127.0.0.1:${port}`),
  ]);

  expect(results).toEqual([
    {
      type: "retryable",
      error: expect.objectContaining({
        message: `Cannot send logs to ${silent}/v1/logs: no answer within 30 ms`,
      }),
    },
    { type: "retryable", error: expect.any(Error) },
    {
      type: "retryable",
      error: expect.objectContaining({ message: expect.stringContaining("ECONNREFUSED") }),
    },
  ]);
});

test("the caller's signal ends an attempt as aborted, before and while it waits", async () => {
  const controller = new AbortController();
  const url = await serve(() => {
    controller.abort();
  });
  const transport = open(url);

  const waiting = await transport.send(BODY, controller.signal);
  const before = await transport.send(BODY, AbortSignal.abort());

  expect([waiting, before]).toEqual([{ type: "aborted" }, { type: "aborted" }]);
});

test("the HTTP transport verifies TLS by the given authority and shows its own certificate", async () => {
  const authority = createAuthority();
  const server = issueCertificate(authority, { commonName: "localhost", usage: "server" });
  const client = issueCertificate(authority, { commonName: "kube-lifeline", usage: "client" });
  const ca = authority.certificatePem;
  const tls = createTlsServer(
    {
      cert: server.certificatePem,
      key: server.keyPem,
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (_request, response) => {
      response.end();
    },
  );
  const url = (await listen(tls)).replace("http:", "https:");

  const trusted = await sendTo(url, {
    tls: { ca, cert: client.certificatePem, key: client.keyPem },
  });
  const anonymous = await sendTo(url, { tls: { ca } });
  const distrusted = await sendTo(url);

  expect([trusted.type, anonymous.type, distrusted.type]).toEqual([
    "accepted",
    "retryable",
    "retryable",
  ]);
});
