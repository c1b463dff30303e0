import { createServer as createHttpsServer } from "node:https";
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { type ConnectProxy, startConnectProxy } from "../testing/connect-proxy.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { listenOnLoopback } from "../testing/listen-on-loopback.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../testing/test-certificate.ts";
import type { ApiClient } from "./api-client.ts";
import { createProxyConnector } from "./connect-through-proxy.ts";
import { createHttpApiClient } from "./http-api-client.ts";

const identity = { cert: TEST_CERTIFICATE, key: TEST_KEY };
const { signal } = new AbortController();

type TestServer = {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly sockets: Set<Socket>;
};

/** Answers everything with `{}`, and `/watch` with a line and no end. */
async function startServer({ isTls }: { readonly isTls: boolean }): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server: Server = isTls
    ? createHttpsServer({ ...identity, ca: TEST_CERTIFICATE, requestCert: true })
    : createServer();
  server.on("request", (request, response) => {
    sockets.add(request.socket);
    response.writeHead(200, { "content-type": "application/json" });
    if (request.url === "/watch") response.write("{}\n");
    else response.end("{}");
  });
  const url = await listenOnLoopback(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: new URL(url).host, sockets };
}

async function startProxy(...options: Parameters<typeof startConnectProxy>): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(...options);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

function createClient(origin: string, proxy: URL): ApiClient {
  const tls = { ca: TEST_CERTIFICATE, ...identity };
  const client = createHttpApiClient({
    credentials: {
      origin,
      pathPrefix: "",
      proxy,
      source: "a test",
      authorize: async () => ({ type: "authorized", headers: {}, tls }),
      refresh: async () => ({ type: "authorized", headers: {}, tls }),
    },
    clock: createFakeClock(),
    report: () => undefined,
    answerTimeoutMs: 2000,
  });
  onTestFinished(() => client.close());
  return client;
}

test.each([
  { isTls: true, proxyIsTls: false },
  { isTls: true, proxyIsTls: true },
  { isTls: false, proxyIsTls: false },
  { isTls: false, proxyIsTls: true },
])(
  "F08 proxy: get() passes a proxy (https: $proxyIsTls) to a server (https: $isTls)",
  async (row) => {
    const server = await startServer(row);
    const proxy = await startProxy({
      leadsTo: server.address,
      ...(row.proxyIsTls ? { tls: identity } : {}),
    });
    const url = new URL(proxy.url);
    url.username = "me";
    url.password = "p@ss/word";
    const client = createClient(row.isTls ? "https://api.test" : "http://api.test:8080", url);

    const result = await client.get("/api", { signal });

    expect(result).toMatchObject({ type: "ok" });
    expect(proxy.asked.map(({ method, url: asked }) => [method, asked])).toEqual([
      ["CONNECT", row.isTls ? "api.test:443" : "api.test:8080"],
    ]);
    expect(proxy.asked[0]?.headers["proxy-authorization"]).toBe(
      `Basic ${Buffer.from("me:p@ss/word").toString("base64")}`,
    );
  },
);

test("F08 proxy: an IPv6 server is asked for in brackets", async () => {
  const server = await startServer({ isTls: false });
  const proxy = await startProxy({ leadsTo: server.address });
  const client = createClient("http://[fd00::1]:6443", proxy.url);

  const result = await client.get("/api", { signal });

  expect(result).toMatchObject({ type: "ok" });
  expect(proxy.asked.map(({ url }) => url)).toEqual(["[fd00::1]:6443"]);
  expect(proxy.asked[0]?.headers["proxy-authorization"]).toBeUndefined();
});

test("F08 proxy: each watch has a tunnel to itself, requests take turns, and all end with the client", async () => {
  const server = await startServer({ isTls: true });
  const proxy = await startProxy({ leadsTo: server.address });
  const client = createClient("https://api.test", proxy.url);

  const watches = await Promise.all(
    Array.from({ length: 5 }, () => client.openStream("/watch", { signal })),
  );
  for (let round = 0; round < 20; round++) await client.get("/api", { signal });
  const socketsOfWatches = 5;
  const before = proxy.tunnels();
  const [left, ...others] = watches;
  if (left?.type !== "open") throw new Error("no watch");
  for await (const _ of left.body) break;
  await expect.poll(() => proxy.tunnels()).toBe(before - 1);
  for (const other of others) {
    if (other.type !== "open") throw other.error;
    // An ended watch errs, and nobody reads it here.
    void other.body[Symbol.asyncIterator]()
      .next()
      .catch(() => undefined);
  }
  await client.close();

  expect(server.sockets.size).toBe(before);
  expect(before).toBeGreaterThan(socketsOfWatches);
  expect(before).toBeLessThanOrEqual(socketsOfWatches + 4);
  await expect.poll(() => proxy.tunnels()).toBe(0);
});

test.each([
  { status: 407, message: /answered api\.test:443 with 407 No: it wants a name and a password/ },
  { status: 403, message: /with 403 No: it does not allow this; NO_PROXY/ },
  { status: 502, message: /with 502 No$/ },
])("F08 proxy: get() names the proxy that answers $status, not its password", async (row) => {
  const proxy = await startProxy({ status: row.status });
  const url = new URL(proxy.url);
  url.username = "me";
  url.password = "hunter2";
  const client = createClient("https://api.test", url);

  const result = await client.get("/api", { signal });

  const message = result.type === "failed" ? result.error.message : result.type;
  expect(message).toMatch(row.message);
  expect(message).toContain(`from API server https://api.test through proxy ${proxy.url.origin}:`);
  expect(inspect(result, { depth: 9 })).not.toMatch(
    new RegExp(`hunter2|${Buffer.from("me:hunter2").toString("base64")}`),
  );
});

test("F08 proxy: get() says that it is the proxy where nothing listens", async () => {
  const proxy = await startProxy();
  const { url } = proxy;
  await proxy[Symbol.asyncDispose]();
  const client = createClient("https://api.test", url);

  const result = await client.get("/api", { signal });

  expect(result).toMatchObject({
    type: "failed",
    error: {
      message: expect.stringMatching(/ECONNREFUSED, nothing listens there: is the proxy up/),
    },
  });
});

test("F08 proxy: get() is no request of a proxy whose certificate is another's", async () => {
  const proxy = await startProxy({ tls: identity });
  const url = new URL(proxy.url);
  url.hostname = "localhost";
  const client = createClient("https://api.test", url);

  const result = await client.get("/api", { signal });

  expect(result).toMatchObject({
    type: "failed",
    error: { message: expect.stringMatching(/the proxy cannot be passed: ERR_TLS_CERT_ALTNAME/) },
  });
  expect(proxy.asked).toEqual([]);
});

test("F08 proxy: one that answers nothing is given up, and takes no socket along", async () => {
  const proxy = await startProxy({ status: 0 });
  const connect = createProxyConnector({ proxy: proxy.url, tls: {}, timeoutMs: 20, signal });

  const error = await new Promise<Error | null>((resolve) => {
    const target = { hostname: "api.test", protocol: "https:", port: "" };
    connect(target, (...[problem]) => resolve(problem));
  });

  expect(error?.message).toBe("the proxy cannot be passed: it answered nothing within 0.02 s");
  await expect.poll(() => proxy.sockets()).toBe(0);
});

test("E04 no-sockets-left: close() ends a request for a tunnel that nobody has answered", async () => {
  const proxy = await startProxy({ status: 0 });
  const client = createClient("https://api.test", proxy.url);

  const waiting = client.get("/api", { signal });
  await expect.poll(() => proxy.asked.length).toBe(1);
  await client.close();
  const result = await waiting;

  expect(result.type).toBe("failed");
  await expect.poll(() => proxy.sockets()).toBe(0);
});
