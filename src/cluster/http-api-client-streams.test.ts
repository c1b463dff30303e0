import { createServer as createTlsServer } from "node:https";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { listenOnLoopback } from "../testing/listen-on-loopback.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../testing/test-certificate.ts";
import { writeInPieces } from "../testing/write-in-pieces.ts";
import type { ApiClient } from "./api-client.ts";
import { createHttpApiClient } from "./http-api-client.ts";
import { splitLines } from "./split-lines.ts";

const TRANSPORTS = ["http", "https"] as const;
const JSON_TYPE = { "content-type": "application/json" };

type Rig = {
  readonly client: ApiClient;
  readonly signal: AbortSignal;
  /** Counted by the server. */
  readonly sockets: { opened: number; readonly open: Set<Socket> };
};

async function createRig(
  handle: RequestListener,
  more: {
    readonly transport?: (typeof TRANSPORTS)[number];
    readonly answerTimeoutMs?: number;
  } = {},
): Promise<Rig> {
  const { transport = "http", answerTimeoutMs = 2000 } = more;
  const server: Server =
    transport === "http"
      ? createServer(handle)
      : createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, handle);
  const sockets = { opened: 0, open: new Set<Socket>() };
  server.on("connection", (socket: Socket) => {
    sockets.opened++;
    sockets.open.add(socket.on("close", () => sockets.open.delete(socket)));
  });
  const url = await listenOnLoopback(server);
  onTestFinished(() => {
    server.closeAllConnections();
    for (const socket of sockets.open) socket.destroy();
    server.close();
  });
  const client = createClient(url.replace("http:", `${transport}:`), answerTimeoutMs);
  return { client, signal: new AbortController().signal, sockets };
}

function createClient(origin: string, answerTimeoutMs: number): ApiClient {
  const authorization = {
    type: "authorized",
    headers: {},
    tls: origin.startsWith("https:") ? { ca: TEST_CERTIFICATE } : {},
  } as const;
  const client = createHttpApiClient({
    credentials: {
      origin,
      pathPrefix: "",
      source: "a test",
      authorize: async () => authorization,
      refresh: async () => authorization,
    },
    clock: createFakeClock(),
    report: () => undefined,
    answerTimeoutMs,
  });
  onTestFinished(() => client.close());
  return client;
}

type Read = { readonly lines: readonly string[]; readonly end: string };

/** All whole lines of a watch, and how it ended. */
async function readLines({ client, signal }: Rig, lineBytesMax?: number): Promise<Read> {
  const stream = await client.openStream("/watch", { signal });
  if (stream.type !== "open") return { lines: [], end: stream.error.message };
  const lines: string[] = [];
  try {
    for await (const some of splitLines(stream.body, lineBytesMax)) lines.push(...some);
    return { lines, end: "closed" };
  } catch (error) {
    return { lines, end: error instanceof Error ? `broken: ${error.message}` : "?" };
  }
}

/** A watch that says these pieces, apart, and then ends as the test wants. */
function saying(
  pieces: readonly Uint8Array[],
  end: (response: ServerResponse) => void = (response) => void response.end(),
  headers: Readonly<Record<string, string>> = {},
): RequestListener {
  return (_, response) => {
    response.writeHead(200, { ...JSON_TYPE, ...headers });
    void writeInPieces(response, pieces).then(() => end(response));
  };
}

function bytesOf(text: string): readonly Uint8Array[] {
  return Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte));
}

test.each(TRANSPORTS)(
  "B08 line-split: over %s, lines and characters split at every byte come whole",
  async (transport) => {
    const rig = await createRig(saying(bytesOf('{"a":"ä€😀"}\n\r\n\n{"b":2}\r\n')), { transport });

    const read = await readLines(rig);

    expect(read).toEqual({ lines: ['{"a":"ä€😀"}', '{"b":2}'], end: "closed" });
  },
);

test.each(TRANSPORTS)("B09 huge-line: over %s, a line of 10 MB comes whole", async (transport) => {
  const line = JSON.stringify({ text: "ä€😀".repeat(1_200_000) });
  const rig = await createRig(saying([Buffer.from(`${line}\nnext\n`)]), { transport });

  const { lines, end } = await readLines(rig);

  expect(Buffer.byteLength(line)).toBeGreaterThan(10 * 1024 * 1024);
  expect([lines.length, lines[0] === line, lines[1], end]).toEqual([2, true, "next", "closed"]);
});

test("B09 huge-line: a line beyond the bound breaks the watch and closes its socket", async () => {
  let isEnded = false;
  const rig = await createRig((_, response) => {
    response.writeHead(200, JSON_TYPE).write("first\n");
    response.on("close", () => (isEnded = true));
    const write = (): void => {
      while (response.write("x".repeat(64 * 1024)));
    };
    response.on("drain", write);
    write();
  });

  const read = await readLines(rig, 1024 * 1024);

  expect(read.lines).toEqual(["first"]);
  expect(read.end).toMatch(/^broken: Cannot read a line longer than 1048576 bytes/);
  await expect.poll(() => [isEnded, rig.sockets.open.size]).toEqual([true, 0]);
});

const members = ["one\n", '{"two":"ä', '€"}\nthree\n'].map((text) => gzipSync(text));
const GZIP = { "content-encoding": "gzip" };

test.each([
  { name: "B10 gzip-multi-member: all members in one piece", pieces: [Buffer.concat(members)] },
  { name: "B10 gzip-multi-member: members split at every byte", pieces: bytesOfAll(members) },
  { name: "B11 gzip-member-ends-at-chunk-end: a piece for each member", pieces: members },
])("$name, on a watch that did not ask for gzip", async ({ pieces }) => {
  const rig = await createRig(saying(pieces, undefined, GZIP));

  const read = await readLines(rig);

  expect(read).toEqual({ lines: ["one", '{"two":"ä€"}', "three"], end: "closed" });
});

function bytesOfAll(buffers: readonly Buffer[]): readonly Uint8Array[] {
  return Array.from(Buffer.concat(buffers), (byte) => Uint8Array.of(byte));
}

test("B10 gzip-multi-member: a member is read while the watch goes on, and leaving it closes the socket", async () => {
  const rig = await createRig(saying(members.slice(0, 1), () => undefined, GZIP));
  const stream = await rig.client.openStream("/watch", rig);
  if (stream.type !== "open") throw stream.error;

  const lines: string[] = [];
  for await (const some of splitLines(stream.body)) {
    lines.push(...some);
    break;
  }

  expect(lines).toEqual(["one"]);
  await expect.poll(() => rig.sockets.open.size).toBe(0);
});

test.each([
  { name: "a member that is cut", pieces: [members[0], members[2]?.subarray(0, -9)] },
  { name: "something else after a member", pieces: [members[0], Buffer.from("<html>\n")] },
])("B10 gzip-multi-member: $name breaks the watch after what came whole", async ({ pieces }) => {
  const given = pieces.map((piece) => piece ?? Buffer.alloc(0));
  const rig = await createRig(saying(given, undefined, GZIP));

  const read = await readLines(rig);

  expect(read.lines[0]).toBe("one");
  expect(read.end).toMatch(/^broken: /);
});

test("B10 a watch in an encoding that nobody asked for is no watch", async () => {
  const rig = await createRig(
    saying([Buffer.from("?")], () => undefined, { "content-encoding": "br" }),
  );

  const read = await readLines(rig);

  expect(read.end).toMatch(/not asked for \(content-encoding: br\)$/);
  await expect.poll(() => rig.sockets.open.size).toBe(0);
});

test.each([
  {
    name: "C05 reset: over http, a reset",
    transport: "http",
    end: (response) => response.socket?.resetAndDestroy(),
    expected: "broken",
  },
  ...TRANSPORTS.flatMap((transport): readonly EndRow[] => [
    {
      name: `C05 terminated: over ${transport}, a socket that is gone`,
      transport,
      end: (response) => response.socket?.destroy(),
      expected: "broken",
    },
    {
      name: `C05 terminated: over ${transport}, a socket that ends without the last chunk`,
      transport,
      end: (response) => response.socket?.end(),
      expected: "broken",
    },
    {
      name: `C23 eof-in-line: over ${transport}, an orderly end`,
      transport,
      end: (response) => response.end(),
      expected: "closed",
    },
  ]),
] satisfies readonly EndRow[])(
  "$name in the middle of a line gives nothing of that line",
  async (row) => {
    const responses: ServerResponse[] = [];
    const rig = await createRig((_, response) => {
      responses.push(response);
      response.writeHead(200, JSON_TYPE).write('{"a":1}\n{"b":2}\n{"c":');
    }, row);
    const stream = await rig.client.openStream("/watch", rig);
    if (stream.type !== "open") throw stream.error;

    const lines: string[] = [];
    let end = "closed";
    try {
      for await (const some of splitLines(stream.body)) {
        lines.push(...some);
        for (const response of responses) row.end(response);
      }
    } catch {
      end = "broken";
    }

    expect([end, lines]).toEqual([row.expected, ['{"a":1}', '{"b":2}']]);
    const socketsLeft = row.expected === "broken" ? 0 : 1;
    await expect.poll(() => rig.sockets.open.size).toBe(socketsLeft);
  },
);

type EndRow = {
  readonly name: string;
  readonly transport: (typeof TRANSPORTS)[number];
  readonly end: (response: ServerResponse) => void;
  readonly expected: "broken" | "closed";
};

test.each([
  {
    name: "shorter than its length",
    handle: (response: ServerResponse) => {
      response.writeHead(200, { ...JSON_TYPE, "content-length": "100" }).write('{"items":[]}');
      setImmediate(() => response.socket?.end());
    },
  },
  {
    name: "without its last chunk",
    handle: (response: ServerResponse) => {
      response.writeHead(200, JSON_TYPE).write('{"items":[]}');
      setImmediate(() => response.socket?.end());
    },
  },
  {
    name: "of half a gzip",
    handle: (response: ServerResponse) => {
      response.writeHead(200, { ...JSON_TYPE, ...GZIP });
      response.end(gzipSync('{"items":[]}').subarray(0, -4));
    },
  },
  {
    name: "that stops in the middle",
    handle: (response: ServerResponse) => {
      response.writeHead(200, JSON_TYPE).write('{"items":[');
    },
  },
])("C05 get() fails on a document $name", async ({ handle }) => {
  const rig = await createRig((_, response) => handle(response), { answerTimeoutMs: 100 });

  const result = await rig.client.get("/api", rig);

  expect(result.type).toBe("failed");
});

test.each(["get", "openStream"] as const)(
  "C20 headers-never-arrive: %s() is given up, and its socket closed",
  async (method) => {
    const rig = await createRig(() => undefined, { answerTimeoutMs: 100 });

    const result = await rig.client[method]("/api", rig);

    expect(result).toMatchObject({
      type: "failed",
      error: { message: expect.stringMatching(/took the request and answered nothing in time$/) },
    });
    await expect.poll(() => rig.sockets.open.size).toBe(0);
  },
);

test.each(
  [502, 503, 504].flatMap((status) =>
    (["get", "openStream"] as const).map((method) => ({ status, method })),
  ),
)(
  "C22 html-$status: $method() is that status, with what the page says and its Retry-After",
  async (row) => {
    const rig = await createRig((_, response) => {
      response.writeHead(row.status, { "content-type": "text/html", "retry-after": "3" });
      response.end("<html><h1>Bad gateway</h1></html>");
    });

    const result = await rig.client[row.method]("/api", rig);

    expect(result).toMatchObject({ type: "status", status: row.status, retryAfterMs: 3000 });
    expect(result.type === "status" && result.error.message).toMatch(/Bad gateway/);
  },
);

test.each(TRANSPORTS)(
  "C17 connection-close: over %s, what comes before the end is read, and the next watch connects anew",
  async (transport) => {
    const close = saying([Buffer.from("one\ntwo\n")], undefined, { connection: "close" });
    const rig = await createRig(close, { transport });

    const reads = [await readLines(rig), await readLines(rig)];

    expect(reads).toEqual(reads.map(() => ({ lines: ["one", "two"], end: "closed" })));
    expect(rig.sockets.opened).toBe(2);
    await expect.poll(() => rig.sockets.open.size).toBe(0);
  },
);

test("C04 refused: openStream() says so, and opens once somebody listens", async () => {
  const server = createServer(saying([Buffer.from("one\n")]));
  const origin = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  const client = createClient(origin, 2000);
  const { signal } = new AbortController();

  const refused = await client.openStream("/watch", { signal });
  server.listen(Number(new URL(origin).port), "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const opened = await client.openStream("/watch", { signal });

  expect(refused).toMatchObject({
    type: "failed",
    error: { message: expect.stringMatching(/ECONNREFUSED, nothing listens there/) },
  });
  expect(opened.type).toBe("open");
});
