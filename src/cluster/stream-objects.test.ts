import { expect, test } from "vitest";
import { createRig, queries, type Rig, WIDGETS } from "../testing/reflector-rig.ts";

const STREAM = { verb: "watch", isStream: true } as const;

function setPhase(rig: Rig, name: string, phase: string): void {
  rig.server.cluster.patchStatus({ resource: WIDGETS, namespace: "prod", name }, { phase });
}

/** The newest stream or watch that the server has open. */
function last(rig: Rig): ReturnType<Rig["server"]["watches"]>[number] {
  const watch = rig.server.watches().at(-1);
  if (watch === undefined) throw new Error("No watch is open");
  return watch;
}

async function untilOpened(rig: Rig, count: number): Promise<void> {
  await rig.server.until(
    () => rig.server.counts().watchesOpened === count && rig.server.watches().length > 0,
  );
}

test.each([{ isTls: false }, { isTls: true }])(
  "A01 watchlist-sync: one request shows what exists and goes on as the watch (TLS: $isTls)",
  async ({ isTls }) => {
    const rig = await createRig({ isTls });
    rig.create("a");
    rig.create("b");
    const syncedAt = rig.server.cluster.resourceVersion;
    const reader = rig.start();

    const first = await reader.until("resync-end");
    const later = reader.until("applied c");
    rig.create("c");
    const words = await later;
    const { query } = rig.server.requests()[0] ?? {};

    expect(first).toEqual(["resync-start", "resync-object a", "resync-object b", "resync-end"]);
    expect(reader.ends).toEqual([syncedAt]);
    expect(words).toEqual(["applied c"]);
    expect(queries(rig.server)).toEqual(["stream"]);
    expect(query).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      timeoutSeconds: "180",
    });
  },
);

test("A01 watchlist-sync: what follows the end bookmark in the same bytes belongs to the watch", async () => {
  const rig = await createRig();
  rig.create("a");
  rig.server.settings.watchList = "unmarked";
  const reader = rig.start();
  const words = reader.until("applied c");
  await untilOpened(rig, 1);
  const object = rig.server.cluster.get({ resource: WIDGETS, namespace: "prod", name: "a" });
  const metadata = {
    resourceVersion: "900",
    annotations: { "k8s.io/initial-events-end": "true" },
  };
  const lines = [
    { type: "BOOKMARK", object: { metadata } },
    ...["b", "c"].map((name, index) => ({
      type: "ADDED",
      object: { ...object, metadata: { name, uid: name, resourceVersion: `${901 + index}` } },
    })),
  ];

  last(rig).sendRaw(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

  expect(await words).toEqual([
    "resync-start",
    "resync-object a",
    "resync-end",
    "applied b",
    "applied c",
  ]);
});

test("A01 watchlist-sync: a watch that breaks after it is asked for again from the end bookmark's position", async () => {
  const rig = await createRig();
  rig.create("a");
  const syncedAt = rig.server.cluster.resourceVersion;
  const reader = rig.start();
  await reader.until("resync-end");

  const next = reader.until("failed");
  await rig.server.until(() => rig.server.watches().length === 1);
  last(rig).reset();
  await next;
  const applied = reader.until("applied b");
  await rig.clock.untilPending(1);
  await rig.clock.advance(800);
  await untilOpened(rig, 2);
  rig.create("b");

  expect(await applied).toEqual(["applied b"]);
  expect(queries(rig.server)).toEqual(["stream", `watch ${syncedAt}`]);
});

test("A02 watchlist-annotation-false: neither another word nor a plain bookmark ends what exists", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  rig.create("a");
  const reader = rig.start();

  const words = reader.until("resync-end");
  await untilOpened(rig, 1);
  last(rig).endInitialEvents("false");
  last(rig).sendBookmark();
  rig.create("b");
  last(rig).endInitialEvents();

  expect(await words).toEqual(["resync-start", "resync-object a", "resync-object b", "resync-end"]);
});

test("A03 watchlist-modified-deleted-before-end: both are told before the end", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  rig.create("a");
  rig.create("b");
  const reader = rig.start();

  const words = reader.until("resync-end");
  await untilOpened(rig, 1);
  setPhase(rig, "a", "Ready");
  rig.server.cluster.delete({ resource: WIDGETS, namespace: "prod", name: "b" });
  last(rig).endInitialEvents();

  expect(await words).toEqual([
    "resync-start",
    "resync-object a",
    "resync-object b",
    "resync-object a",
    "resync-deleted b",
    "resync-end",
  ]);
});

test("A04 watchlist-never-ends: after 30 s without anything new it lists, and goes on listing", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  rig.create("a");
  const reader = rig.start();
  const words = reader.until("resync-end");
  await untilOpened(rig, 1);
  await rig.clock.untilPending(1);
  await rig.clock.advance(29_999);
  const before = queries(rig.server);
  await rig.clock.advance(1);

  const first = await words;
  rig.server.settings.watchList = "served";
  const relisted = expireNext(rig, reader, 2);
  expect(await relisted).toContain("resync-end");

  expect(before).toEqual(["stream"]);
  expect(first).toEqual([
    "resync-start",
    "resync-object a",
    "failed",
    "resync-start",
    "resync-object a",
    "resync-end",
  ]);
  expect(queries(rig.server).filter((query) => !query.startsWith("watch"))).toEqual([
    "stream",
    "list",
    "list",
  ]);
  expect(rig.reports).toContainEqual({
    type: "list-fallback",
    watch: WIDGETS,
    reason: "never-ends",
  });
  expect(reader.errors[0]?.message).toMatch(
    /^Cannot watch widgets.example.com in the cluster: for 30 s it came no nearer to the end/,
  );
});

/** Lets the open watch end in a 410, and reads the look that follows. */
async function expireNext(
  rig: Rig,
  reader: ReturnType<Rig["start"]>,
  opened: number,
): Promise<readonly string[]> {
  const words = reader.until("resync-end");
  await untilOpened(rig, opened);
  last(rig).sendError();
  return await words;
}

test("A04 watchlist-never-ends: a large set that keeps coming is waited for", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  const reader = rig.start();
  const words = reader.until("resync-end");
  await untilOpened(rig, 1);

  for (let round = 0; round < 20; round++) {
    await rig.clock.untilPending(1);
    await rig.clock.advance(29_000);
    rig.create(`w-${round}`);
    const before = reader.read;
    await expect.poll(() => reader.read).toBeGreaterThan(before - 1);
    await expect.poll(() => rig.clock.pending().length).toBe(1);
  }
  last(rig).endInitialEvents();

  expect(await words).not.toContain("failed");
  expect(queries(rig.server)).toEqual(["stream"]);
});

test("A05 watchlist-closed-before-end: three times, then it lists; nothing is said to be gone before", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  rig.create("a");
  const reader = rig.start();
  const words: string[] = [];
  const delays: number[] = [];

  for (let round = 1; round <= 3; round++) {
    const failed = reader.until("failed");
    await untilOpened(rig, round);
    last(rig).end();
    words.push(...(await failed));
    const next = reader.until("resync-start");
    await rig.clock.untilPending(1);
    delays.push(...rig.clock.pending().map(({ delayMs }) => delayMs));
    await rig.clock.advance(10_000);
    words.push(...(await next));
  }
  const end = await reader.until("resync-end");

  expect(words).toEqual(
    ["resync-start", "resync-object a", "failed", "resync-start"].concat(
      ["resync-object a", "failed", "resync-start"],
      ["resync-object a", "failed", "resync-start"],
    ),
  );
  expect(delays).toEqual([800, 1600, 3200]);
  expect(end).toEqual(["resync-object a", "resync-end"]);
  expect(queries(rig.server).slice(0, 4)).toEqual(["stream", "stream", "stream", "list"]);
  expect(rig.reports).toContainEqual({
    type: "list-fallback",
    watch: WIDGETS,
    reason: "cut-short",
  });
});

test.each([400, 405, 406, 422])(
  "A06 watchlist-%i: the list is asked for at once, and is no failure",
  async (code) => {
    const rig = await createRig();
    rig.server.faults.add({ type: "answer", code }, STREAM);
    rig.create("a");
    const reader = rig.start();

    const words = await reader.until("resync-end");
    const again = await expireNext(rig, reader, 1);

    expect(words).toEqual(["resync-start", "resync-object a", "resync-end"]);
    expect(again).toEqual(["resync-start", "resync-object a", "resync-end"]);
    expect(queries(rig.server).map((query) => query.split(" ")[0])).toEqual([
      "stream",
      "list",
      "watch",
      "list",
    ]);
  },
);

test("A07 watchlist-param-ignored: bookmarks and changes without end bring it no nearer to its end", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  rig.create("a");
  const reader = rig.start();
  const words = reader.until("resync-end");
  await untilOpened(rig, 1);
  await rig.clock.untilPending(1);

  last(rig).sendBookmark();
  for (let round = 0; round < 4; round++) {
    const sent = reader.read;
    setPhase(rig, "a", `round-${round}`);
    await expect.poll(() => reader.read).toBeGreaterThan(sent);
    await rig.clock.advance(10_000);
  }
  const seen = await words;

  expect(seen.at(-1)).toBe("resync-end");
  expect(queries(rig.server).slice(0, 2)).toEqual(["stream", "list"]);
});

test("A08 watchlist-429-retry-after: it waits and streams, however often, it does not list", async () => {
  const rig = await createRig();
  rig.server.faults.add({ type: "answer", code: 429, retryAfter: "40" }, STREAM, 5);
  const reader = rig.start();

  const waits = await failTimes(rig, reader, 5);
  const words = await reader.until("resync-end");

  expect(waits).toEqual([40_000, 40_000, 40_000, 40_000, 40_000]);
  expect(words).toEqual(["resync-end"]);
  expect(new Set(queries(rig.server))).toEqual(new Set(["stream"]));
});

test.each<[number, true | undefined]>([
  [429, true],
  [503, undefined],
])(
  "of a refusal with %d a consumer hears whether it is only to wait: %s",
  async (code, isToWait) => {
    const rig = await createRig();
    rig.server.faults.add({ type: "answer", code }, STREAM, 1);

    const { value } = await rig.start().events.next();

    expect(value).toEqual([
      { type: "failed", error: expect.any(Error), ...(isToWait && { isToWait }) },
    ]);
  },
);

test.each([
  [429, { isToWait: true }],
  [503, {}],
])(
  "of a stream that ends with %d a consumer hears whether it is only to wait: %j",
  async (code, patience) => {
    const rig = await createRig();
    rig.server.settings.watchList = "unmarked";
    const failed = rig.start().events.next();
    await untilOpened(rig, 1);
    last(rig).sendError({ kind: "Status", code });

    const { value } = await failed;

    expect(value).toEqual([{ type: "failed", error: expect.any(Error), ...patience }]);
  },
);

/** Reads so many failures, and lets each wait pass; answers with the waits. */
async function failTimes(
  rig: Rig,
  reader: ReturnType<Rig["start"]>,
  times: number,
): Promise<readonly number[]> {
  const waits: number[] = [];
  let failed = reader.until("failed");
  for (let round = 0; round < times; round++) {
    await failed;
    const next = reader.next();
    await rig.clock.untilPending(1);
    const delays = rig.clock.pending().map(({ delayMs }) => delayMs);
    waits.push(...delays);
    await rig.clock.advance(Math.max(...delays));
    failed = next;
  }
  await failed;
  return waits;
}

test("A08 watchlist-429-retry-after in the stream: as long as it says, as a stream, however often", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  const busy = { kind: "Status", code: 429, details: { retryAfterSeconds: 20 } };
  const reader = rig.start();

  const words = reader.until("resync-end");
  for (let round = 1; round <= 4; round++) {
    await untilOpened(rig, round);
    last(rig).sendError(busy);
    await rig.clock.untilPending(1);
    await expect.poll(() => rig.clock.pending().map(({ delayMs }) => delayMs)).toEqual([20_000]);
    await rig.clock.advance(20_000);
  }
  await untilOpened(rig, 5);
  last(rig).endInitialEvents();

  expect(await words).toEqual([
    ...Array.from({ length: 4 }, () => "failed"),
    "resync-start",
    "resync-end",
  ]);
});

test.each([
  { code: 410, details: {} },
  { code: 504, details: { causes: [{ reason: "ResourceVersionTooLarge" }] } },
])(
  "A09 watchlist-expired-or-too-large ($code): it is streamed again, still from no resourceVersion",
  async ({ code, details }) => {
    const rig = await createRig();
    rig.server.settings.watchList = "unmarked";
    const reader = rig.start();

    const words = reader.until("resync-end");
    await untilOpened(rig, 1);
    last(rig).sendError({ kind: "Status", code, details });
    await rig.clock.untilPending(1);
    await expect.poll(() => rig.clock.pending().map(({ delayMs }) => delayMs)).toEqual([800]);
    await rig.clock.advance(800);
    await untilOpened(rig, 2);
    last(rig).endInitialEvents();

    expect(await words).toEqual(["failed", "resync-start", "resync-end"]);
    expect(rig.server.requests().map(({ query }) => query["resourceVersion"])).toEqual([
      undefined,
      undefined,
    ]);
  },
);

test("A16 list-403-404-401-503: each is told and tried again as a stream, six in a row, too", async () => {
  const rig = await createRig();
  const codes = [403, 404, 401, 401, 403, 404];
  // A 401 is asked again at once with fresh credentials.
  for (const code of codes) {
    rig.server.faults.add({ type: "answer", code }, STREAM, code === 401 ? 2 : 1);
  }
  const reader = rig.start();

  const waits = await failTimes(rig, reader, codes.length);

  expect(waits).toEqual([800, 1600, 3200, 6400, 12_800, 25_600]);
  expect(new Set(queries(rig.server))).toEqual(new Set(["stream"]));
});

test("A16 list-403-404-401-503: what fails three times as a stream is listed", async () => {
  const rig = await createRig();
  rig.server.faults.add({ type: "answer", code: 503 }, STREAM);
  rig.create("a");
  const reader = rig.start();

  await failTimes(rig, reader, 3);
  await reader.until("resync-end");

  expect(queries(rig.server).slice(0, 4)).toEqual(["stream", "stream", "stream", "list"]);
});

test("a stream keeps what is known of an object that can't be read, and goes on", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  const reader = rig.start();

  const words = reader.until("resync-end");
  await untilOpened(rig, 1);
  last(rig).sendRaw('{"type":"ADDED","object":{"metadata":{"uid":"u-9"}}}\n');
  last(rig).endInitialEvents();

  expect(await words).toEqual(["resync-start", "resync-unreadable", "resync-end"]);
  expect(rig.reports).toContainEqual({
    type: "item-unreadable",
    watch: WIDGETS,
    problem: "the object has no metadata.name",
  });
});

test("C23 chunked-eof-in-mid-line: half a line of a stream is never applied", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  rig.create("a");
  const reader = rig.start();

  const words = reader.until("failed");
  await untilOpened(rig, 1);
  last(rig).sendRaw('{"type":"ADDED","object":{"metadata":{"name":"b","uid":"u","resour');
  last(rig).end();

  expect(await words).toEqual(["resync-start", "resync-object a", "failed"]);
});

test("E01 stop-during-stream: no word and no timer comes after it", async () => {
  const rig = await createRig();
  rig.server.settings.watchList = "unmarked";
  rig.create("a");
  const reader = rig.start();
  await reader.until("resync-object a");

  const words = reader.until("end");
  await untilOpened(rig, 1);
  rig.create("b");
  rig.stop.abort();
  await words;
  await rig.server.until(() => rig.server.counts().socketsOpen === 0);

  expect(rig.clock.pending()).toEqual([]);
  expect(rig.reports.at(-1)).toEqual({ type: "watch-state", watch: WIDGETS, state: "stopped" });
});
