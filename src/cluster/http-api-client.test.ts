import { createServer as createTlsServer } from "node:https";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { createGzip, gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { listenOnLoopback } from "../testing/listen-on-loopback.ts";
import { TEST_CERTIFICATE as CERTIFICATE, TEST_KEY as KEY } from "../testing/test-certificate.ts";
import type { ApiClient, ApiResult, StreamResult } from "./api-client.ts";
import type { Authorization, Credentials, TlsOptions } from "./credentials.ts";
import { createHttpApiClient } from "./http-api-client.ts";
import type { ClusterReport } from "./report.ts";

type Rig = {
  readonly client: ApiClient;
  readonly seen: IncomingMessage[];
  readonly reports: ClusterReport[];
  readonly signal: AbortSignal;
  readonly clock: FakeClock;
};

async function createRig(handle: RequestListener, more: Partial<Credentials> = {}): Promise<Rig> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    handle(request, response);
  });
  const origin = await listen(server);
  return { ...createClient({ origin, ...more }), seen };
}

async function listen(server: Server): Promise<string> {
  const url = await listenOnLoopback(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return url;
}

function createClient(credentials: Partial<Credentials>): Omit<Rig, "seen"> {
  const reports: ClusterReport[] = [];
  const clock = createFakeClock(Date.parse("2026-01-01T00:00:00Z"));
  const client = createHttpApiClient({
    credentials: {
      origin: "",
      pathPrefix: "",
      source: "a test",
      authorize: async () => authorized("t-1"),
      refresh: async () => authorized("t-2"),
      ...credentials,
    },
    clock,
    report: (report) => void reports.push(report),
    answerTimeoutMs: 2000,
  });
  onTestFinished(() => client.close());
  return { client, reports, signal: new AbortController().signal, clock };
}

function authorized(token: string, tls: TlsOptions = {}): Authorization {
  return { type: "authorized", headers: { authorization: `Bearer ${token}` }, tls };
}

const answerJson: RequestListener = (_, response) => {
  response.setHeader("content-type", "application/json");
  response.end('{"kind":"PodList"}');
};

test("get() sends query, credentials and who we are under the server's path prefix", async () => {
  const { client, seen, signal } = await createRig(answerJson, { pathPrefix: "/k8s/clusters/c-1" });

  const result = await client.get("/api/v1/pods", {
    query: { labelSelector: "tier in (a,b)", continue: undefined },
    signal,
  });

  expect(result).toMatchObject({ type: "ok", body: { kind: "PodList" } });
  expect(seen[0]?.url).toBe("/k8s/clusters/c-1/api/v1/pods?labelSelector=tier+in+%28a%2Cb%29");
  expect(seen[0]?.headers).toMatchObject({
    authorization: "Bearer t-1",
    accept: "application/json",
    "accept-encoding": "gzip",
    "user-agent": expect.stringMatching(/^kube-lifeline\/\d/),
  });
});

test("get() reads an answer in gzip, split in the middle of a character", async () => {
  const { client, signal } = await createRig((_, response) => {
    const bytes = gzipSync(JSON.stringify({ text: "ä".repeat(100_000) }));
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.write(bytes.subarray(0, 57));
    response.end(bytes.subarray(57));
  });

  const result = await client.get("/api/v1/pods", { signal });

  expect(result).toMatchObject({ type: "ok", body: { text: "ä".repeat(100_000) } });
});

test("get() with the tag of what the caller has answers 304, and reads what is new with its own tag", async () => {
  const { client, seen, signal } = await createRig((request, response) => {
    response.setHeader("etag", '"v2"');
    if (request.headers["if-none-match"] === '"v2"') response.writeHead(304).end();
    else answerJson(request, response);
  });

  const first = await client.get("/apis", { signal });
  const stale = await client.get("/apis", { signal, ifNoneMatch: '"v1"' });
  const fresh = await client.get("/apis", { signal, ifNoneMatch: '"v2"' });

  expect(first).toMatchObject({ type: "ok", headers: { etag: '"v2"' } });
  expect(stale).toMatchObject({ type: "ok", body: { kind: "PodList" }, headers: { etag: '"v2"' } });
  expect(fresh).toMatchObject({ type: "status", status: 304 });
  expect(seen.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"v1"', '"v2"']);
});

test("post() sends JSON", async () => {
  const bodies: string[] = [];
  const { client, seen, signal } = await createRig((request, response) => {
    request.on("data", (chunk) => bodies.push(String(chunk)));
    request.on("end", () => answerJson(request, response));
  });

  const result = await client.post(
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    { spec: { verb: "list" } },
    { signal },
  );

  expect(result.type).toBe("ok");
  expect([seen[0]?.method, seen[0]?.headers["content-type"], bodies]).toEqual([
    "POST",
    "application/json",
    ['{"spec":{"verb":"list"}}'],
  ]);
});

test("C14 refresh-once, F02 reread-after-401: get() after a 401 asks once more with fresh credentials", async () => {
  const { client, seen, reports, signal } = await createRig((request, response) => {
    if (request.headers.authorization === "Bearer t-2") answerJson(request, response);
    else
      response
        .writeHead(401, { "content-type": "application/json" })
        .end('{"kind":"Status","code":401,"message":"Unauthorized"}');
  });

  const result = await client.get("/api/v1/pods", { signal });

  expect(result.type).toBe("ok");
  expect(seen).toHaveLength(2);
  expect(reports).toEqual([{ type: "credentials-refreshed", source: "a test" }]);
});

test("C14 openStream() that is answered with 401 twice is a status, and asks no third time", async () => {
  const { client, seen, reports, signal } = await createRig((_, response) => {
    response.writeHead(401).end("no");
  });

  const result = await client.openStream("/api/v1/pods", { signal });

  expect(result).toMatchObject({ type: "status", status: 401, answer: { message: "no" } });
  expect(seen).toHaveLength(2);
  expect(reports).toEqual([]);
});

test("get() with no credentials to be had sends nothing and reports it", async () => {
  const error = new Error("Cannot get credentials from a test: exec failed");
  const { client, seen, reports, signal } = await createRig(answerJson, {
    authorize: async () => ({ type: "failed", error }),
  });

  const result = await client.get("/api/v1/pods", { signal });

  expect(result).toEqual({ type: "failed", error });
  expect(seen).toEqual([]);
  expect(reports).toEqual([{ type: "credentials-failed", source: "a test", error }]);
});

test("C13 retry-after: get() makes a status of an answer that is not 2xx, with the longer of the waits it names", async () => {
  const { client, signal } = await createRig((_, response) => {
    response.writeHead(429, { "content-type": "application/json", "retry-after": "2" });
    response.end(
      JSON.stringify({
        kind: "Status",
        reason: "TooManyRequests",
        message: "slow down",
        details: { retryAfterSeconds: 7 },
      }),
    );
  });

  const result = await client.get("/api/v1/pods", { signal });

  expect(result).toMatchObject({
    type: "status",
    status: 429,
    retryAfterMs: 7000,
    answer: { reason: "TooManyRequests" },
  });
  expect(result).toMatchObject({
    error: {
      message: expect.stringMatching(
        /^Cannot GET \/api\/v1\/pods: API server http:.* answered 429: slow down$/,
      ),
    },
  });
});

test.each([
  {
    name: "HTML with 200",
    contentType: "text/html",
    body: "<html>",
    message: /the answer is "text\/html", not JSON/,
  },
  { name: "half a document", contentType: "application/json", body: '{"kind":', message: /JSON/ },
])("C21 html-200: get() fails on $name", async ({ contentType, body, message }) => {
  const { client, signal } = await createRig((_, response) => {
    response.writeHead(200, { "content-type": contentType }).end(body);
  });

  const result = await client.get("/api/v1/pods", { signal });

  expect(result).toMatchObject({
    type: "failed",
    error: { message: expect.stringMatching(message) },
  });
});

test("C21 html-200: openStream() takes a proxy's page for a failure, not for a stream", async () => {
  const { client, signal } = await createRig((_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<html>");
  });

  const result = await client.openStream("/api/v1/pods", { signal });

  expect(result).toMatchObject({
    type: "failed",
    error: { message: expect.stringMatching(/not JSON/) },
  });
});

test.each(["get", "openStream"] as const)(
  "C20 headers-never-arrive: %s() fails when the server takes the request and answers nothing",
  async (method) => {
    const { client, signal } = await createRig((request) => request.socket.destroy());

    const result = await client[method]("/api/v1/pods", { signal });

    expect(result).toMatchObject({
      type: "failed",
      error: { message: expect.stringMatching(/closed the connection/) },
    });
  },
);

test("C04 get() says what would help when nothing listens", async () => {
  const server = createServer();
  const origin = await listenOnLoopback(server);
  server.close();
  const { client, signal } = createClient({ origin });

  const result = await client.get("/api", { signal });

  expect(result).toMatchObject({
    type: "failed",
    error: {
      message: `Cannot GET /api from API server ${origin}: ECONNREFUSED, nothing listens there: is the API server up, and is the address right?`,
    },
  });
});

test("E05 get() fails without a word to the server when its signal has been aborted", async () => {
  const { client, seen } = await createRig(answerJson);

  const result = await client.get("/api", { signal: AbortSignal.abort() });

  expect(result.type).toBe("failed");
  expect(seen).toEqual([]);
});

test("F10 one-socket-per-watch: openStream() gives bytes as they come, on a socket of its own, and closes it when the reader leaves", async () => {
  const sockets = new Set<unknown>();
  let ended = 0;
  const { client, seen, signal } = await createRig((request, response) => {
    sockets.add(request.socket);
    response.on("close", () => void ended++);
    response.writeHead(200, { "content-type": "application/json" });
    response.write("first\n");
  });

  const streams = await Promise.all(
    Array.from({ length: 8 }, () => client.openStream("/api/v1/pods", { signal })),
  );
  const firsts = [];
  for (const stream of streams) {
    if (stream.type !== "open") throw stream.error;
    for await (const chunk of stream.body) {
      firsts.push(Buffer.from(chunk).toString());
      break;
    }
  }
  await expect.poll(() => ended).toBe(8);

  expect(firsts).toEqual(Array.from({ length: 8 }, () => "first\n"));
  expect(sockets.size).toBe(8);
  expect(seen[0]?.headers["accept-encoding"]).toBe("identity");
});

const never = (): Promise<Authorization> => new Promise(() => undefined);

test.each(["authorize", "refresh"] as const)(
  "E05 get() fails and says so when %s() hangs, and ends at once when it is aborted",
  async (method) => {
    const { client, seen, reports, signal, clock } = await createRig(
      (_, response) => response.writeHead(401).end("no"),
      { [method]: never },
    );
    const stop = new AbortController();

    const late = client.get("/api", { signal });
    const stopped = client.get("/api", { signal: stop.signal });
    await expect
      .poll(() => [seen.length, clock.pending().length])
      .toEqual([method === "refresh" ? 2 : 0, 2]);
    stop.abort();
    const aborted = await stopped;
    const before = [...reports];
    await clock.advance(35_000);

    const failed = method === "authorize" ? { type: "failed" } : { type: "status", status: 401 };
    expect([await late, aborted]).toMatchObject([failed, failed]);
    expect(before).toEqual([]);
    expect(reports).toEqual([
      {
        type: "credentials-failed",
        source: "a test",
        error: new Error("Cannot get credentials from a test: nothing came within 35 s"),
      },
    ]);
    expect(clock.pending()).toEqual([]);
  },
);

test.each([
  { code: 503, method: "get", expected: { type: "status", answer: { message: "busy" } } },
  { code: 503, method: "openStream", expected: { type: "status", answer: { message: "busy" } } },
  { code: 200, method: "get", expected: { type: "failed" } },
  { code: 200, method: "openStream", expected: { type: "failed" } },
] as const)("C22 $method() waits no longer for a page with $code that never ends", async (row) => {
  const { client, signal, clock } = await createRig((_, response) => {
    response.writeHead(row.code, { "content-type": "text/html" });
    response.write("<html>busy");
  });

  const asked: Promise<ApiResult | StreamResult> = client[row.method]("/api", { signal });
  // First the credentials, then the page.
  await clock.untilPending(1);
  await expect.poll(() => clock.pending().map(({ delayMs }) => delayMs)).toEqual([2000]);
  await expect.poll(() => advanced(clock, asked)).toMatchObject(row.expected);

  expect(clock.pending()).toEqual([]);
});

/** The page's first piece may come later than its headers: time moves on until there is an answer. */
async function advanced<Result>(clock: FakeClock, asked: Promise<Result>): Promise<Result> {
  await clock.advance(2000);
  return await asked;
}

test.each([false, true])(
  "C22 get() reads 64 KiB of an endless refusal (gzip: %s)",
  async (isGzip) => {
    const text = "x".repeat(40_000);
    const { client, signal } = await createRig((_, response) => {
      const encoding = isGzip ? { "content-encoding": "gzip" } : {};
      response.writeHead(500, { "content-type": "text/plain", ...encoding });
      const zip = createGzip();
      const body = isGzip ? zip : response;
      if (isGzip) zip.pipe(response);
      const write = (): void => {
        while (!response.destroyed && body.write(isGzip ? randomBytes(30_000) : text));
        if (!response.destroyed) body.once("drain", write);
      };
      body.write(text);
      write();
    });

    const result = await client.get("/api", { signal });

    expect(result).toMatchObject({
      type: "status",
      status: 500,
      answer: { message: "x".repeat(200) },
    });
  },
);

test("get() says where a document is not JSON, and quotes none of it", async () => {
  const { client, signal } = await createRig((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end('{"password":hunter2}');
  });

  const result = await client.get("/api", { signal });

  expect(result.type === "failed" && inspect(result.error)).toMatch(/the answer is not JSON/);
  expect(inspect(result)).not.toContain("hunter2");
});

test("get() uses few sockets, again and again", async () => {
  const sockets = new Set<unknown>();
  const { client, signal } = await createRig((request, response) => {
    sockets.add(request.socket);
    answerJson(request, response);
  });

  for (let round = 0; round < 2; round++) {
    await Promise.all(Array.from({ length: 10 }, () => client.get("/api", { signal })));
  }

  expect(sockets.size).toBeLessThanOrEqual(4);
});

test("get() asks at most 20 times a second, and watches wait for none of it", async () => {
  const { client, seen, signal, clock } = await createRig((request, response) => {
    if (request.url === "/watch") {
      response.writeHead(200, { "content-type": "application/json" }).write("{}\n");
    } else answerJson(request, response);
  });
  const stop = new AbortController();

  const asked = Promise.all(Array.from({ length: 45 }, () => client.get("/api", { signal })));
  const given = client.get("/api", { signal: stop.signal });
  const documents = (): number => seen.filter(({ url }) => url === "/api").length;
  const seconds: number[] = [];
  await expect.poll(documents).toBe(20);
  const watches = await Promise.all(
    Array.from({ length: 30 }, () => client.openStream("/watch", { signal })),
  );
  seconds.push(documents());
  stop.abort();
  const aborted = await given;
  await clock.advance(999);
  seconds.push(documents());
  await clock.advance(1);
  await expect.poll(documents).toBe(40);
  await clock.advance(1000);
  const results = await asked;

  expect(seconds).toEqual([20, 20]);
  expect(aborted.type).toBe("failed");
  expect(results.filter(({ type }) => type === "ok")).toHaveLength(45);
  expect(documents()).toBe(45);
  expect(watches.filter(({ type }) => type === "open")).toHaveLength(30);
});

test.each<{ name: string; tls: TlsOptions; type: string; message: RegExp }>([
  {
    name: "the CA and a client certificate",
    tls: { ca: CERTIFICATE, cert: CERTIFICATE, key: KEY },
    type: "ok",
    message: /^$/,
  },
  {
    name: "verification off",
    tls: { rejectUnauthorized: false, cert: CERTIFICATE, key: KEY },
    type: "ok",
    message: /^$/,
  },
  {
    name: "the name of the certificate",
    tls: { ca: CERTIFICATE, cert: CERTIFICATE, key: KEY, servername: "api.test" },
    type: "ok",
    message: /^$/,
  },
  {
    name: "another name",
    tls: { ca: CERTIFICATE, cert: CERTIFICATE, key: KEY, servername: "other.test" },
    type: "failed",
    message: /ERR_TLS_CERT_ALTNAME_INVALID, its certificate is for another name/,
  },
  {
    name: "no CA",
    tls: { cert: CERTIFICATE, key: KEY },
    type: "failed",
    message: /not signed by the cluster's CA/,
  },
  {
    name: "no client certificate",
    tls: { ca: CERTIFICATE },
    type: "failed",
    message: /^Cannot GET \/api/,
  },
])("F07 tls: get() over TLS with $name is $type", async ({ tls, type, message }) => {
  const server = createTlsServer(
    { cert: CERTIFICATE, key: KEY, ca: CERTIFICATE, requestCert: true },
    answerJson,
  );
  const url = await listen(server);
  const origin = url.replace("http:", "https:");
  const { client, signal } = createClient({
    origin,
    authorize: async () => authorized("t-1", tls),
  });

  const result = await client.get("/api", { signal });

  expect(result.type).toBe(type);
  expect(result.type === "ok" ? "" : result.error.message).toMatch(message);
});

test("F03 running-watch, F05 client-certificate: get() connects anew when the client certificate changes, and leaves running streams alone", async () => {
  const server = createTlsServer(
    { cert: CERTIFICATE, key: KEY, ca: CERTIFICATE, requestCert: true },
    (request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      if (request.url === "/stream") setImmediate(() => response.write("x\n"));
      else response.end("{}");
    },
  );
  const url = await listen(server);
  let tls: TlsOptions = { ca: CERTIFICATE, cert: CERTIFICATE, key: KEY };
  const { client, signal } = createClient({
    origin: url.replace("http:", "https:"),
    authorize: async () => authorized("t-1", tls),
  });
  const stream = await client.openStream("/stream", { signal });

  tls = { ...tls, servername: "api.test" };
  const result = await client.get("/api", { signal });

  expect(result.type).toBe("ok");
  if (stream.type !== "open") throw stream.error;
  for await (const chunk of stream.body) {
    expect(Buffer.from(chunk).toString()).toBe("x\n");
    break;
  }
});
