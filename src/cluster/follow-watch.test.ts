import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { createRandom } from "../testing/demo/random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { listenOnLoopback } from "../testing/listen-on-loopback.ts";
import {
  createRig,
  KEY,
  queries,
  type Reader,
  type Rig,
  WIDGETS,
} from "../testing/reflector-rig.ts";
import { createHttpApiClient } from "./http-api-client.ts";

const WATCH = { verb: "watch", isStream: false } as const;
const MINUTE_MS = 60_000;

type Open = ReturnType<Rig["server"]["watches"]>[number];

function last(rig: Rig): Open {
  const watch = rig.server.watches().at(-1);
  if (watch === undefined) throw new Error("No watch is open");
  return watch;
}

async function untilOpened(rig: Rig, count: number): Promise<void> {
  await rig.server.until(
    () => rig.server.counts().watchesOpened === count && rig.server.watches().length > 0,
  );
}

/** A reflector that has seen object `a` and follows. */
async function follow(rig: Rig): Promise<Reader> {
  const reader = rig.start();
  await reader.until("resync-end");
  const applied = reader.until("applied a");
  rig.create("a");
  await applied;
  return reader;
}

/** Resolves when these are the waits that the clock holds. */
async function waitsFor(rig: Rig, delaysMs: readonly number[]): Promise<void> {
  await expect.poll(() => rig.clock.pending().map(({ delayMs }) => delayMs)).toEqual(delaysMs);
}

async function bookmark(rig: Rig, reader: Reader): Promise<void> {
  const position = reader.until("position");
  await rig.clock.untilPending(1);
  last(rig).sendBookmark();
  await position;
}

test("B03 bookmark-only: bookmarks alone move the position that a watch goes on from", async () => {
  const rig = await createRig();
  const reader = await follow(rig);
  rig.server.cluster.skipRevisions(500);
  await bookmark(rig, reader);
  const at = rig.server.cluster.resourceVersion;

  const failed = reader.until("failed");
  last(rig).reset();
  await failed;
  const next = reader.next();
  await rig.clock.untilPending(1);
  await rig.clock.advance(800);
  await untilOpened(rig, 2);
  rig.create("b");

  expect(await next).toEqual(["applied b"]);
  expect(queries(rig.server)).toEqual(["stream", `watch ${at}`]);
});

test("B04 selector-leave: who leaves the selection is deleted, who comes back is applied", async () => {
  const rig = await createRig();
  const reader = rig.start({ key: { ...KEY, labelSelector: "tier=gold" } });
  await reader.until("resync-end");
  const ref = { resource: WIDGETS, namespace: "prod", name: "a" };
  rig.create("a");

  const words = reader.until("deleted a");
  rig.server.cluster.update(ref, { metadata: { labels: { tier: "gold" } } });
  rig.server.cluster.update(ref, { metadata: { labels: { tier: "tin" } } });
  const left = await words;
  const back = reader.until("applied a");
  rig.server.cluster.update(ref, { metadata: { labels: { tier: "gold" } } });

  expect(left).toEqual(["applied a", "deleted a"]);
  expect(await back).toEqual(["applied a"]);
});

test.each([
  ["B05 unknown-type", '{"type":"RENAMED","object":{}}'],
  ["B06 object-without-metadata", '{"type":"MODIFIED","object":{"kind":"Widget"}}'],
])("%s: the stream is dropped, and resumed where it was", async (_id, line) => {
  const rig = await createRig();
  const reader = await follow(rig);
  const at = rig.server.cluster.resourceVersion;

  const words = reader.until("applied b");
  last(rig).sendRaw(`${line}\n`);
  await untilOpened(rig, 2);
  rig.create("b");

  expect(await words).toEqual(["failed", "applied b"]);
  expect(queries(rig.server)).toEqual(["stream", `watch ${at}`]);
});

/** A client of a server that answers every watch with these pieces, in gzip though nobody asked for it. */
async function readGzip(pieces: readonly Uint8Array[]): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    const [first = Buffer.alloc(0), ...others] = pieces;
    response.write(first, () => {
      for (const piece of others) response.write(piece);
      response.end();
    });
  });
  const origin = await listenOnLoopback(server);
  onTestFinished(() => void server.close());
  const authorized = { type: "authorized", headers: {}, tls: {} } as const;
  const authorize = async () => authorized;
  const client = createHttpApiClient({
    credentials: { origin, pathPrefix: "", source: "a test", authorize, refresh: authorize },
    clock: createFakeClock(),
    report: () => undefined,
  });
  onTestFinished(() => client.close());
  const opened = await client.openStream("/", { signal: new AbortController().signal });
  if (opened.type !== "open") return opened.error.message;
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const MEMBERS = ["a ü\n", "b\n", "c\n"].map((text) => gzipSync(text));

test("B10 gzip-multi-member: all members are read, wherever the bytes are split", async () => {
  const whole = Buffer.concat(MEMBERS);

  const texts = await Promise.all(
    [1, 5, 20, whole.length - 3].map((at) => readGzip([whole.subarray(0, at), whole.subarray(at)])),
  );

  expect(new Set(texts)).toEqual(new Set(["a ü\nb\nc\n"]));
});

test("B11 gzip-member-ends-at-chunk-end: the next chunk begins another", async () => {
  expect(await readGzip(MEMBERS)).toBe("a ü\nb\nc\n");
});

test("B11 gzip-member-ends-at-chunk-end: a member that is cut off is an error, no end", async () => {
  const whole = Buffer.concat(MEMBERS);

  await expect(readGzip([whole.subarray(0, -4)])).rejects.toThrow("unexpected end of file");
});

test("C03 hasty-close: a watch that ends at once, having said nothing, is not asked for at once", async () => {
  const rig = await createRig();
  const reader = await follow(rig);

  const next = reader.next();
  last(rig).end();
  await untilOpened(rig, 2);
  last(rig).end();
  await waitsFor(rig, [800]);
  rig.stop.abort();

  expect(await next).toEqual(["end"]);
});

test("C04 connection-refused: it waits, and goes on without a relist", async () => {
  const rig = await createRig();
  const reader = await follow(rig);
  const at = rig.server.cluster.resourceVersion;
  rig.server.faults.add({ type: "reset" }, WATCH, 3);

  const words = reader.until("applied b");
  last(rig).reset();
  for (const delayMs of [800, 1600, 3200, 6400]) {
    await waitsFor(rig, [delayMs]);
    await rig.clock.advance(delayMs);
  }
  await untilOpened(rig, 2);
  rig.create("b");

  expect(await words).toEqual(["failed", "failed", "failed", "failed", "applied b"]);
  expect(new Set(queries(rig.server))).toEqual(new Set(["stream", `watch ${at}`]));
});

test.each([{ isTls: false }, { isTls: true }])(
  "C06 half-open: a frozen peer is found after twice the largest gap between bookmarks (TLS: $isTls)",
  async ({ isTls }) => {
    const rig = await createRig({ isTls });
    const reader = await follow(rig);
    for (let round = 0; round < 2; round++) {
      await rig.clock.advance(MINUTE_MS);
      await bookmark(rig, reader);
    }

    last(rig).freeze();
    const failed = reader.until("failed");
    await rig.clock.untilPending(1);
    await rig.clock.advance(2 * MINUTE_MS - 1);
    const before = rig.reports.filter(({ type }) => type === "reconnect").length;
    await rig.clock.advance(1);
    await failed;

    expect(before).toBe(0);
    expect(rig.reports).toContainEqual({ type: "reconnect", watch: WIDGETS, cause: "idle" });
    expect(reader.errors[0]?.message).toMatch(/no byte came for 120 s$/);
  },
);

test("C07 quiet-but-healthy: with nothing but bookmarks, a watch is not restarted", async () => {
  const rig = await createRig();
  const reader = await follow(rig);

  for (let round = 0; round < 30; round++) {
    await rig.clock.advance(round % 2 === 0 ? MINUTE_MS : 1.2 * MINUTE_MS);
    await bookmark(rig, reader);
  }

  expect(rig.server.counts().watchesOpened).toBe(1);
  expect(rig.reports.filter(({ type }) => type === "reconnect")).toEqual([]);
});

test.each([429, 500, 504, undefined])(
  "C12 in-stream-%s: it waits as long as it is told to, and goes on from where it was",
  async (code) => {
    const rig = await createRig();
    const reader = await follow(rig);
    const at = rig.server.cluster.resourceVersion;

    const words = reader.until("applied b");
    last(rig).sendError({ kind: "Status", code, details: { retryAfterSeconds: 7 } });
    await rig.clock.untilPending(1);
    await waitsFor(rig, [7000]);
    await rig.clock.advance(7000);
    await untilOpened(rig, 2);
    rig.create("b");

    expect(await words).toEqual(["failed", "applied b"]);
    expect(queries(rig.server)).toEqual(["stream", `watch ${at}`]);
  },
);

test.each([
  { retryAfter: "7" },
  // The fake clock begins at 2026-01-01T00:00:00Z.
  { retryAfter: "Thu, 01 Jan 2026 00:00:07 GMT" },
])("C13 retry-after $retryAfter: a watch waits at least that long", async ({ retryAfter }) => {
  const rig = await createRig();
  const reader = await follow(rig);
  rig.server.faults.add({ type: "answer", code: 429, retryAfter }, WATCH, 1);

  const failed = reader.until("failed");
  last(rig).end();
  await failed;
  const next = reader.next();
  await waitsFor(rig, [7000]);
  rig.stop.abort();

  expect(await next).toEqual(["end"]);
});

test("C14 401-refresh-once: credentials are refreshed once per request, then it waits", async () => {
  const rig = await createRig();
  const reader = await follow(rig);
  rig.server.faults.add({ type: "answer", code: 401 }, WATCH);

  const failed = reader.until("failed");
  last(rig).end();
  await failed;
  const next = reader.next();
  await waitsFor(rig, [800]);
  rig.stop.abort();
  await next;

  expect(rig.refreshes()).toBe(1);
  expect(reader.errors[0]?.message).toMatch(/are the credentials still valid/);
});

test("C15 403-after-working: what is known stays, and it goes on where it was when it may again", async () => {
  const rig = await createRig();
  const reader = await follow(rig);
  const at = rig.server.cluster.resourceVersion;
  rig.server.faults.add({ type: "answer", code: 403 }, WATCH, 1);

  const words = reader.until("applied b");
  last(rig).end();
  await waitsFor(rig, [800]);
  await rig.clock.advance(800);
  await untilOpened(rig, 2);
  rig.create("b");

  expect(await words).toEqual(["failed", "applied b"]);
  expect(queries(rig.server)).toEqual(["stream", `watch ${at}`, `watch ${at}`]);
  expect(rig.reports).toContainEqual(
    expect.objectContaining({ type: "kind-forbidden", verb: "watch" }),
  );
});

test.each([
  ["ends in time", (rig: Rig): void => last(rig).end()],
  ["is given up", (): void => undefined],
])(
  "D09 restored-backup: a watch from the server's future says nothing until it %s; then all is looked at anew",
  async (_, end) => {
    const rig = await createRig();
    const reader = rig.start({ from: "99999" });
    const words = reader.until("resync-end");
    await untilOpened(rig, 1);
    rig.create("a");
    await rig.clock.untilPending(1);
    await rig.clock.advance(180_000);
    end(rig);
    await rig.clock.advance(5000);

    expect(await words).toEqual(["resync-start", "resync-object a", "resync-end"]);
    expect(queries(rig.server)).toEqual(["watch 99999", "list", "stream"]);
    expect(rig.reports).toContainEqual({ type: "relist", watch: WIDGETS, reason: "too-new" });
  },
);

test("D09 restored-backup: a watch that had nothing to say goes on where the server is no further back", async () => {
  const rig = await createRig();
  rig.create("a");
  const at = rig.server.cluster.resourceVersion;
  const reader = rig.start({ from: at });
  const words = reader.until("applied b");
  await untilOpened(rig, 1);
  await rig.clock.untilPending(1);
  await rig.clock.advance(180_000);
  last(rig).end();
  await untilOpened(rig, 2);
  rig.create("b");

  expect(await words).toEqual(["applied b"]);
  expect(queries(rig.server)).toEqual([`watch ${at}`, "list", `watch ${at}`]);
});

test("D09 restored-backup: a watch that said anything asks nobody how far the server is", async () => {
  const rig = await createRig();
  const reader = await follow(rig);
  await rig.clock.advance(60_000);
  await bookmark(rig, reader);
  await rig.clock.advance(180_000);

  const next = reader.until("applied b");
  last(rig).end();
  await untilOpened(rig, 2);
  rig.create("b");

  expect(await next).toEqual(["applied b"]);
  expect(queries(rig.server)).not.toContain("list");
});

test("C16 store-read-error: an error that stays leads to a look without the object that it was about", async () => {
  const rig = await createRig();
  const reader = await follow(rig);
  const unreadable = { kind: "Status", code: 500, reason: "StoreReadError" };

  const words = reader.until("resync-end");
  for (let round = 1; round <= 3; round++) {
    await untilOpened(rig, round);
    last(rig).sendError(unreadable);
    await waitsFor(rig, [400 * 2 ** round]);
    if (round === 3) {
      rig.server.cluster.delete({ resource: WIDGETS, namespace: "prod", name: "a" });
    }
    await rig.clock.advance(10_000);
  }

  const read = await words;
  expect(read.slice(-2)).toEqual(["resync-start", "resync-end"]);
  expect(rig.reports).toContainEqual({ type: "relist", watch: WIDGETS, reason: "stuck" });
});

test("C17 connection-close: what comes until then is told, and the next watch has a connection of its own", async () => {
  const sockets = new Set<unknown>();
  const object = { metadata: { name: "a", uid: "u", resourceVersion: "8" } };
  const server = createServer((request, response) => {
    sockets.add(request.socket);
    response.writeHead(200, { "content-type": "application/json", connection: "close" });
    response.end(`${JSON.stringify({ type: "ADDED", object })}\n`);
  });
  const origin = await listenOnLoopback(server);
  onTestFinished(() => void server.close());
  const rig = await createRig();
  const authorized = { type: "authorized", headers: {}, tls: {} } as const;
  const authorize = async () => authorized;
  const client = createHttpApiClient({
    credentials: { origin, pathPrefix: "", source: "a test", authorize, refresh: authorize },
    clock: rig.clock,
    report: () => undefined,
  });
  onTestFinished(() => client.close());
  const reader = rig.start({ client, from: "7" });

  const words = [await reader.next(), await reader.next()];

  expect(words).toEqual([["applied a"], ["applied a"]]);
  expect(sockets.size).toBe(2);
});

test("C18 server-shutdown: a hundred watches that end at once come back spread over a second", async () => {
  const rig = await createRig();
  const random = createRandom(7);
  const readers = Array.from({ length: 100 }, () =>
    rig.start({ random, from: rig.server.cluster.resourceVersion }),
  );
  const applied = readers.map((reader) => reader.next());
  await untilOpened(rig, 100);
  rig.create("a");
  await Promise.all(applied);

  const next = readers.map((reader) => reader.next());
  for (const watch of rig.server.watches()) watch.end();
  const pending = (): readonly number[] => rig.clock.pending().map(({ delayMs }) => delayMs);
  await expect.poll(() => pending().filter((delayMs) => delayMs <= 1000).length).toBe(100);
  const waits = pending();
  rig.stop.abort();
  await Promise.all(next);

  expect(waits).toHaveLength(100);
  expect(new Set(waits).size).toBeGreaterThan(60);
});

test("I02 same-order: a hundred watches tell the same events in the same order", async () => {
  const rig = await createRig();
  const readers = Array.from({ length: 100 }, () => rig.start());
  const synced = readers.map((reader) => reader.until("resync-end"));
  await Promise.all(synced);

  const stories = readers.map((reader) => reader.until("applied end"));
  for (let index = 0; index < 40; index++) {
    rig.create(`w-${index}`);
    if (index % 3 !== 0) continue;
    rig.server.cluster.delete({ resource: WIDGETS, namespace: "prod", name: `w-${index}` });
  }
  rig.create("end");
  const [first, ...others] = await Promise.all(stories);

  expect(first).toHaveLength(40 + 14 + 1);
  for (const other of others) expect(other).toEqual(first);
});
