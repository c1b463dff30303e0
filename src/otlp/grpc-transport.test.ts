import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcpServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import {
  compressionAlgorithms,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status,
} from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../test/testbed/certificate.ts";
import { exportResponse, rpcStatus } from "../testing/otlp-receiver/responses.ts";
import { createGrpcTransport, type GrpcTransportOptions } from "./grpc-transport.ts";
import type { OpenTransport } from "./open-transport.ts";
import type { SendResult } from "./transport.ts";

const BODY = Uint8Array.from({ length: 5_000 }, (_, index) => index % 7);
const NONE = { type: "accepted", rejected: 0, message: "" };
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Call = ServerUnaryCall<Buffer, Buffer>;
type Answer =
  | Buffer
  | { readonly code: status; readonly details?: string; readonly metadata?: Metadata }
  | "never";

function plain(bytes: Buffer): Buffer {
  return bytes;
}

/** The official server; it unpacks gzip by itself, and answers for each OTLP service. */
async function serve(
  answer: (call: Call) => Answer,
  options: { port?: number; credentials?: ServerCredentials; limits?: object } = {},
) {
  const server = new Server(options.limits ?? {});
  for (const service of [
    "logs.v1.LogsService",
    "metrics.v1.MetricsService",
    "trace.v1.TraceService",
  ]) {
    const path = `/opentelemetry.proto.collector.${service}/Export`;
    const codec = {
      requestSerialize: plain,
      requestDeserialize: plain,
      responseSerialize: plain,
      responseDeserialize: plain,
    };
    server.addService(
      { Export: { path, requestStream: false, responseStream: false, ...codec } },
      {
        Export(call: Call, respond: (error: object | null, bytes?: Buffer) => void) {
          const result = answer(call);
          if (result === "never") return;
          if (Buffer.isBuffer(result)) respond(null, result);
          else respond(result);
        },
      },
    );
  }
  const credentials = options.credentials ?? ServerCredentials.createInsecure();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, bound) =>
    error ? reject(error) : resolve(bound),
  );
  const port = await promise;
  cleanups.push(() => {
    server.forceShutdown();
  });
  return { server, port, url: `http://127.0.0.1:${port}` };
}

function open(endpoint: string, options: Partial<GrpcTransportOptions> = {}): OpenTransport {
  const transport = createGrpcTransport({
    endpoint,
    signalKind: "logs",
    headers: {},
    compression: "gzip",
    timeoutMs: 5_000,
    tls: {},
    ...options,
  });
  cleanups.push(() => transport.close());
  return transport;
}

function send(transport: OpenTransport, body = BODY): Promise<SendResult> {
  return transport.send(body, new AbortController().signal);
}

function messageOf(result: SendResult): string {
  return "error" in result ? result.error.message : result.type;
}

test.each(["gzip", "none"] as const)(
  "the gRPC transport sends the body with compression %s",
  async (compression) => {
    const requests: { body: Uint8Array; metadata: Metadata; path: string; deadline: unknown }[] =
      [];
    const { url } = await serve((call) => {
      requests.push({
        body: new Uint8Array(call.request),
        metadata: call.metadata,
        path: call.getPath(),
        deadline: call.getDeadline(),
      });
      return Buffer.alloc(0);
    });

    const result = await send(open(url, { compression, headers: { "x-team": "gold digger" } }));

    expect(result).toEqual(NONE);
    expect(requests[0]?.body).toEqual(BODY);
    expect(requests[0]?.path).toBe("/opentelemetry.proto.collector.logs.v1.LogsService/Export");
    expect(requests[0]?.metadata.get("x-team")).toEqual(["gold digger"]);
    expect(requests[0]?.deadline).not.toBe(Infinity);
  },
);

test.each([
  ["metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"],
  ["traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"],
] as const)("the gRPC transport calls the service of %s", async (signalKind, path) => {
  const paths: string[] = [];
  const { url } = await serve((call) => {
    paths.push(call.getPath());
    return Buffer.alloc(0);
  });

  await send(open(url, { signalKind }));

  expect(paths).toEqual([path]);
});

test("a partial success is accepted, from a compressed answer too", async () => {
  const answer = Buffer.from(exportResponse({ rejected: 4, message: "too old ".repeat(50) }));
  const { url } = await serve(() => answer);
  const packing = await serve(() => answer, {
    limits: { "grpc.default_compression_algorithm": compressionAlgorithms.gzip },
  });

  const results = [await send(open(url)), await send(open(packing.url))];

  const expected = { type: "accepted", rejected: 4, message: "too old ".repeat(50) };
  expect(results).toEqual([expected, expected]);
});

test("statuses are told as the receiver words them", async () => {
  const { url } = await serve(() => ({
    code: status.INVALID_ARGUMENT,
    details: "größer: 100% \n",
  }));

  const result = await send(open(url));

  expect(result.type).toBe("refused");
  expect(messageOf(result)).toBe(
    `Cannot send logs to ${url}: receiver answered INVALID_ARGUMENT "größer: 100% \\n"`,
  );
});

test("RetryInfo is honoured", async () => {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(rpcStatus(8, "slow down", 7)));
  const { url } = await serve(() => ({
    code: status.RESOURCE_EXHAUSTED,
    details: "slow down",
    metadata,
  }));

  expect(await send(open(url))).toMatchObject({ type: "retryable", afterMs: 7_000 });
});

test("the official server's refusal of a large message is too-large, compressed or not", async () => {
  const { url } = await serve(() => Buffer.alloc(0), {
    limits: { "grpc.max_receive_message_length": 1_000 },
  });

  const results = [await send(open(url, { compression: "none" })), await send(open(url))];

  expect(results.map((result) => result.type)).toEqual(["too-large", "too-large"]);
});

test("an unknown service is unwelcome, whatever is sent there", async () => {
  const { server, url } = await serve(() => Buffer.alloc(0));
  server.unregister("/opentelemetry.proto.collector.logs.v1.LogsService/Export");

  const result = await send(open(url));

  expect([result.type, messageOf(result)]).toEqual([
    "unwelcome",
    expect.stringContaining("UNIMPLEMENTED"),
  ]);
});

test("large bodies arrive whole, several at once, on one connection", async () => {
  const peers = new Set<string>();
  const sizes: number[] = [];
  const { url } = await serve(
    (call) => {
      peers.add(call.getPeer());
      sizes.push(call.request.length);
      return Buffer.alloc(0);
    },
    { limits: { "grpc.max_receive_message_length": -1 } },
  );
  const transport = open(url, { compression: "none" });
  const large = new Uint8Array(3 * 1024 * 1024).fill(3);

  const results = await Promise.all(Array.from({ length: 4 }, () => send(transport, large)));

  expect(results).toEqual([NONE, NONE, NONE, NONE]);
  expect(sizes).toEqual(Array.from({ length: 4 }, () => large.length));
  expect(peers.size).toBe(1);
});

test("a receiver that is stopped and started on the same port is found again", async () => {
  const first = await serve(() => Buffer.alloc(0));
  const transport = open(first.url);
  const before = await send(transport);
  const { promise, resolve } = Promise.withResolvers<void>();
  first.server.tryShutdown(() => {
    resolve();
  });
  await promise;

  const during = await send(transport);
  await serve(() => Buffer.alloc(0), { port: first.port });
  const after = await send(transport);

  expect([before.type, during.type, after.type]).toEqual(["accepted", "retryable", "accepted"]);
});

test("a receiver that is killed amid a request makes it retryable", async () => {
  const { server, url } = await serve(() => {
    setImmediate(() => {
      server.forceShutdown();
    });
    return "never";
  });

  expect(await send(open(url))).toMatchObject({ type: "retryable" });
});

test("a request that was under way at a GOAWAY finishes, the next one takes a new connection", async () => {
  const peers: string[] = [];
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    peers.push(String(stream.session?.socket.remotePort));
    if (peers.length === 1) stream.session?.goaway(0);
    stream.resume().on("end", () => {
      answerOk(stream);
    });
  });
  const transport = open(await listen(server));

  const results = [await send(transport), await send(transport), await send(transport)];

  expect(results).toEqual([NONE, NONE, NONE]);
  expect(peers[1]).not.toBe(peers[0]);
  expect(peers[2]).toBe(peers[1]);
});

test("no answer in time is retryable and gives the connection up", async () => {
  const peers = new Set<string>();
  let silent = true;
  const { url } = await serve((call) => {
    peers.add(call.getPeer());
    return silent ? "never" : Buffer.alloc(0);
  });
  const transport = open(url, { timeoutMs: 60 });

  const first = await send(transport);
  silent = false;
  const second = await send(transport);

  expect([first.type, messageOf(first)]).toEqual([
    "retryable",
    `Cannot send logs to ${url}: no answer within 60 ms`,
  ]);
  expect(second).toEqual(NONE);
  expect(peers.size).toBe(2);
});

test("a connection that does not answer a ping is given up long before the request's time is over", async () => {
  const url = await listenTcp(() => undefined);

  const result = await send(open(url, { keepaliveMs: 20, timeoutMs: 60_000 }));

  expect([result.type, messageOf(result)]).toEqual([
    "retryable",
    expect.stringContaining("no answer to a ping for 20 ms"),
  ]);
});

test("a TLS handshake that never ends is given up", async () => {
  const url = await listenTcp(() => undefined);

  const result = await send(
    open(url.replace("http:", "https:"), { connectTimeoutMs: 20, timeoutMs: 60_000 }),
  );

  expect([result.type, messageOf(result)]).toEqual([
    "retryable",
    expect.stringContaining("no connection within 20 ms"),
  ]);
});

test("a refused connection is retryable and says so", async () => {
  const url = await listenTcp((socket) => socket.destroy());
  for (const cleanup of cleanups.splice(0)) await cleanup();

  const result = await send(open(url));

  expect([result.type, messageOf(result)]).toEqual([
    "retryable",
    expect.stringContaining("ECONNREFUSED"),
  ]);
});

test("gRPC spoken to an HTTP/1.1 port is retryable with a hint", async () => {
  const server = createHttpServer((_request, response) => response.end("hello"));
  const url = await listen(server);

  const result = await send(open(url));

  expect([result.type, messageOf(result)]).toEqual([
    "retryable",
    expect.stringContaining("4318 speaks http/protobuf"),
  ]);
});

test("the caller's signal ends an attempt as aborted: before, while connecting, while waiting", async () => {
  const controller = new AbortController();
  const { url } = await serve(() => {
    controller.abort();
    return "never";
  });
  const connecting = new AbortController();
  const nowhere = await listenTcp(() => {
    connecting.abort();
  });

  const waiting = await open(url).send(BODY, controller.signal);
  const handshake = await open(nowhere.replace("http:", "https:")).send(BODY, connecting.signal);
  const before = await open(url).send(BODY, AbortSignal.abort());

  expect([waiting, handshake, before]).toEqual([
    { type: "aborted" },
    { type: "aborted" },
    { type: "aborted" },
  ]);
});

test("close ends what is under way, and a later request connects anew", async () => {
  let calls = 0;
  const { url } = await serve(() => {
    calls += 1;
    if (calls > 1) return Buffer.alloc(0);
    void transport.close();
    return "never";
  });
  const transport = open(url);

  const first = await send(transport);
  const second = await send(transport);

  expect([first.type, second.type]).toEqual(["retryable", "accepted"]);
});

test("the gRPC transport verifies TLS by the given authority and shows its own certificate", async () => {
  const authority = createAuthority();
  const certificate = issueCertificate(authority, { commonName: "localhost", usage: "server" });
  const client = issueCertificate(authority, { commonName: "kube-lifeline", usage: "client" });
  const ca = authority.certificatePem;
  const pair = {
    cert_chain: Buffer.from(certificate.certificatePem),
    private_key: Buffer.from(certificate.keyPem),
  };
  const credentials = ServerCredentials.createSsl(Buffer.from(ca), [pair], true);
  const { port } = await serve(() => Buffer.alloc(0), { credentials });
  const url = `https://localhost:${port}`;

  const trusted = await send(
    open(url, { tls: { ca, cert: client.certificatePem, key: client.keyPem } }),
  );
  const anonymous = await send(open(url, { tls: { ca } }));
  const distrusted = await send(open(url));

  expect([trusted.type, anonymous.type, distrusted.type]).toEqual([
    "accepted",
    "retryable",
    "retryable",
  ]);
});

test.each([
  ["HTTP 503 of a proxy", { ":status": 503, "content-type": "text/plain" }, "retryable"],
  ["HTTP 429 of a proxy", { ":status": 429 }, "retryable"],
  ["HTTP 401 of a proxy", { ":status": 401 }, "unwelcome"],
  ["HTTP 404 of a proxy", { ":status": 404 }, "unwelcome"],
  ["HTTP 413 of a proxy", { ":status": 413 }, "too-large"],
  ["HTTP 200 with a web page", { ":status": 200, "content-type": "text/html" }, "retryable"],
  [
    "trailers only, unavailable",
    { ":status": 200, "content-type": "application/grpc", "grpc-status": "14" },
    "retryable",
  ],
  [
    "trailers only, OK",
    { ":status": 200, "content-type": "application/grpc", "grpc-status": "0" },
    "accepted",
  ],
  ["HTTP 503 with a gRPC status", { ":status": 503, "grpc-status": "3" }, "refused"],
  ["no status at all", { ":status": 200, "content-type": "application/grpc" }, "retryable"],
])("an answer of nothing but headers: %s", async (_what, headers, type) => {
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    stream.respond(headers, { endStream: true });
  });

  const result = await send(open(await listen(server)));

  expect(result.type).toBe(type);
});

test("a receiver that refuses while the request is still coming does not wait for its end", async () => {
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    // Never reads: the upload stands at the window of 64 KiB.
    stream.respond(
      {
        ":status": 200,
        "content-type": "application/grpc",
        "grpc-status": "8",
        "grpc-message": "message larger than max",
      },
      { endStream: true },
    );
  });
  const transport = open(await listen(server), { compression: "none" });

  const result = await send(transport, new Uint8Array(1024 * 1024));

  expect(result.type).toBe("too-large");
});

test.each([
  ["cut within the frame", Buffer.of(0, 0, 0, 0, 9, 1)],
  ["shorter than a frame", Buffer.of(0, 0)],
  ["compressed without saying how", Buffer.concat([Buffer.of(1, 0, 0, 0, 3), Buffer.from("abc")])],
  ["not protobuf", Buffer.concat([Buffer.of(0, 0, 0, 0, 6), Buffer.from("<html>")])],
  ["larger than we hold", Buffer.concat([Buffer.of(0, 0, 0x50, 0, 0), Buffer.alloc(0x50_00_00)])],
])("an OK with a message that is %s is accepted with a remark", async (_what, data) => {
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.resume().on("end", () => {
      answerOk(stream, data);
    });
  });

  const result = await send(open(await listen(server)));

  expect(result).toEqual({ type: "accepted", rejected: 0, message: expect.stringMatching(/./) });
});

test("an answer that is a gzip bomb is not unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const prefix = Buffer.of(1, 0, 0, 0, 0);
  prefix.writeUInt32BE(bomb.length, 1);
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.resume().on("end", () => {
      answerOk(stream, Buffer.concat([prefix, bomb]), { "grpc-encoding": "gzip" });
    });
  });

  const result = await send(open(await listen(server)));

  expect(result).toEqual({
    type: "accepted",
    rejected: 0,
    message: expect.stringContaining("larger than"),
  });
});

test("a header that HTTP/2 forbids does not throw", async () => {
  const { url } = await serve(() => Buffer.alloc(0));

  const result = await send(open(url, { headers: { connection: "close" } }));

  expect(result.type).toBe("retryable");
});

function answerOk(
  stream: ServerHttp2Stream,
  data = Buffer.alloc(5),
  headers: Record<string, string> = {},
): void {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc", ...headers },
    { waitForTrailers: true },
  );
  stream.on("wantTrailers", () => {
    stream.sendTrailers({ "grpc-status": "0" });
  });
  stream.end(data);
}

async function listen(
  server: ReturnType<typeof createHttp2Server> | ReturnType<typeof createHttpServer>,
): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

async function listenTcp(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer(onConnection).listen(0, "127.0.0.1");
  server.on("connection", (socket) => {
    socket.on("error", () => undefined).resume();
    cleanups.push(() => socket.destroy());
  });
  await once(server, "listening");
  cleanups.push(() => {
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}
