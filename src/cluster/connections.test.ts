import { createServer as createTlsServer } from "node:https";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import dns from "node:dns";
import { once } from "node:events";
import type { LookupFunction, Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { listenOnLoopback } from "../testing/listen-on-loopback.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../testing/test-certificate.ts";
import type { ApiClient, StreamResult } from "./api-client.ts";
import { createHttpApiClient } from "./http-api-client.ts";

const WATCHES = 4;
const RECONNECTS = 1_000;
/** So many take seconds on a machine that does much else. */
const PATIENCE_MS = 30_000;
/** Those that take turns at everything that is no watch. */
const REQUEST_SOCKETS = 4;
const { signal } = new AbortController();

/** Counted by the server. */
type Sockets = { opened: number; most: number; readonly open: Set<Socket> };

function countSockets(server: Server): Sockets {
  const sockets: Sockets = { opened: 0, most: 0, open: new Set() };
  server.on("connection", (socket: Socket) => {
    sockets.open.add(socket.on("close", () => sockets.open.delete(socket)));
    sockets.opened++;
    sockets.most = Math.max(sockets.most, sockets.open.size);
  });
  return sockets;
}

function endWithTest(server: Server, sockets: Sockets): void {
  onTestFinished(() => {
    for (const socket of sockets.open) socket.destroy();
    server.close();
  });
}

function createClient(origin: string): ApiClient {
  const tls = { ca: TEST_CERTIFICATE };
  const client = createHttpApiClient({
    credentials: {
      origin,
      pathPrefix: "",
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

async function createRig(
  transport: "http" | "https",
  handle: RequestListener,
): Promise<{ readonly client: ApiClient; readonly sockets: Sockets }> {
  const server: Server =
    transport === "http"
      ? createServer(handle)
      : createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, handle);
  const sockets = countSockets(server);
  endWithTest(server, sockets);
  const url = await listenOnLoopback(server);
  return { client: createClient(url.replace("http:", `${transport}:`)), sockets };
}

/** Reads to the end; whether that was an orderly one. */
async function readAll(stream: StreamResult): Promise<boolean> {
  if (stream.type !== "open") throw stream.error;
  try {
    for await (const _ of stream.body);
    return true;
  } catch {
    return false;
  }
}

function answerJson(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { "content-type": "application/json" });
}

test.each(["http", "https"] as const)(
  "F09 connection-count: over %s, 1,000 watches that end in order open one socket for each that is open at a time",
  async (transport) => {
    let served = 0;
    const { client, sockets } = await createRig(transport, (request, response) => {
      if (request.url === "/watch") served++;
      answerJson(response).end("{}\n");
    });

    const follow = async (): Promise<void> => {
      for (let turn = 0; turn < RECONNECTS / WATCHES; turn++) {
        await readAll(await client.openStream("/watch", { signal }));
        if (turn % 50 === 0) await client.get("/api", { signal });
      }
    };
    await Promise.all(Array.from({ length: WATCHES }, follow));

    expect(served).toBe(RECONNECTS);
    expect(sockets.opened).toBeLessThanOrEqual(2 * WATCHES + REQUEST_SOCKETS);
    expect(sockets.most).toBe(sockets.opened);
  },
  PATIENCE_MS,
);

test(
  "F09 connection-count: 1,000 watches that are cut off leave no socket behind",
  { timeout: PATIENCE_MS },
  async () => {
    let cut = 0;
    const { client, sockets } = await createRig("http", (_, response) => {
      answerJson(response).write("{}\n", () => {
        cut++;
        response.socket?.destroy();
      });
    });

    const follow = async (): Promise<void> => {
      for (let turn = 0; turn < RECONNECTS / WATCHES; turn++) {
        const stream = await client.openStream("/watch", { signal });
        if (stream.type === "open") await readAll(stream);
      }
    };
    await Promise.all(Array.from({ length: WATCHES }, follow));

    expect(cut).toBe(RECONNECTS);
    expect(sockets.most).toBeLessThanOrEqual(2 * WATCHES);
    await expect.poll(() => sockets.open.size).toBe(0);
  },
);

test(
  "F09 connection-count: 1,000 watches that their reader leaves are closed, none is held unread",
  { timeout: PATIENCE_MS },
  async () => {
    let closed = 0;
    const { client, sockets } = await createRig("http", (_, response) => {
      response.on("close", () => closed++);
      answerJson(response).write("{}\n");
    });

    for (let turn = 0; turn < RECONNECTS; turn++) {
      const stream = await client.openStream("/watch", { signal });
      if (stream.type !== "open") throw stream.error;
      for await (const _ of stream.body) break;
    }

    await expect.poll(() => [closed, sockets.open.size]).toEqual([RECONNECTS, 0]);
    // The server hears of an end a little after the client.
    expect(sockets.most).toBeLessThanOrEqual(10);
  },
);

test("F11 dns-change: the next watch goes to where the name leads now", async () => {
  const servers = ["127.0.0.1", "127.0.0.2"].map((address) => {
    const server = createServer((_, response) => answerJson(response).write("{}\n"));
    const sockets = countSockets(server);
    endWithTest(server, sockets);
    return { address, server, sockets };
  });
  const [first, second] = servers;
  if (first === undefined || second === undefined) throw new Error("no servers");
  const { port } = new URL(await listenOnLoopback(first.server));
  second.server.listen(Number(port), second.address);
  await once(second.server, "listening");
  const names = nameServer(first.address);
  const client = createClient(`http://api.test:${port}`);

  const ended = readAll(await client.openStream("/watch", { signal }));
  names.leadTo(second.address);
  for (const socket of first.sockets.open) socket.destroy();
  const wasInOrder = await ended;
  const next = await client.openStream("/watch", { signal });

  expect(wasInOrder).toBe(false);
  expect(next.type).toBe("open");
  expect([first.sockets.opened, second.sockets.opened]).toEqual([1, 1]);
});

/** Every name leads where the test says, as long as the test runs. */
function nameServer(address: string): { leadTo(address: string): void } {
  let current = address;
  const fake: LookupFunction = (_name, _options, callback) => {
    callback(null, [{ address: current, family: 4 }]);
  };
  const spy = vi.spyOn(dns, "lookup").mockImplementation(fake as typeof dns.lookup);
  onTestFinished(() => spy.mockRestore());
  return {
    leadTo(next) {
      current = next;
    },
  };
}

test("F12 ipv6: an API server at an IPv6 address is reached, and named in brackets", async () => {
  const server = createServer((_, response) => answerJson(response).end("{}"));
  const sockets = countSockets(server);
  endWithTest(server, sockets);
  server.listen(0, "::1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://[::1]:${address.port}`;
  const client = createClient(origin);

  const found = await client.get("/api", { signal });
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  const gone = await client.get("/api", { signal });

  expect(found.type).toBe("ok");
  expect(gone.type === "failed" && gone.error.message).toContain(
    `from API server ${origin}: ECONN`,
  );
});

test.each([
  { name: "before the headers of a watch", path: "/silent", method: "openStream" },
  { name: "before the headers of a document", path: "/silent", method: "get" },
  { name: "in the middle of a document", path: "/half", method: "get" },
] as const)("E01 E05 stop: an abort $name ends the request and its socket", async (row) => {
  let asked = 0;
  const { client, sockets } = await createRig("http", (request, response) => {
    asked++;
    if (request.url === "/half") answerJson(response).write("{");
  });
  const stop = new AbortController();

  const waiting = client[row.method](row.path, { signal: stop.signal });
  await expect.poll(() => asked).toBe(1);
  stop.abort();
  const result = await waiting;

  expect(result.type).toBe("failed");
  await expect.poll(() => sockets.open.size).toBe(0);
});

test.each(["http", "https"] as const)(
  "E04 no-sockets-left: over %s, close() ends watches, requests and idle sockets",
  async (transport) => {
    const { client, sockets } = await createRig(transport, (request, response) => {
      if (request.url === "/watch") answerJson(response).write("{}\n");
      if (request.url === "/api") answerJson(response).end("{}");
    });
    const watch = readAll(await client.openStream("/watch", { signal }));
    await client.get("/api", { signal });
    const silent = client.get("/silent", { signal });
    await expect.poll(() => sockets.open.size).toBeGreaterThanOrEqual(2);

    await client.close();
    const late = await client.get("/api", { signal });

    expect(await watch).toBe(false);
    expect([(await silent).type, late.type]).toEqual(["failed", "failed"]);
    await expect.poll(() => sockets.open.size).toBe(0);
  },
);
