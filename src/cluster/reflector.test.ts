import { expect, test } from "vitest";
import {
  createRig,
  KEY,
  queries,
  type Reader,
  type Rig,
  WIDGETS,
} from "../testing/reflector-rig.ts";
import type { ClusterReport } from "./report.ts";

/** The first position that a watch is at after its list. */
async function readSynced(rig: Rig, reader: Reader): Promise<void> {
  await reader.until("resync-end");
  void rig;
}

function reportTypes(reports: readonly ClusterReport[]): readonly string[] {
  return reports.filter(({ type }) => type !== "watch-state").map(({ type }) => type);
}

test("A10 list-then-watch, B01 add-update-delete order: watchResource() lists, then watches from the list's resourceVersion", async () => {
  const rig = await createRig({ arePages: true });
  rig.create("a");
  const listedAt = rig.server.cluster.resourceVersion;
  const reader = rig.start();

  const first = await reader.until("resync-end");
  rig.create("b");
  rig.server.cluster.patchStatus(
    { resource: WIDGETS, namespace: "prod", name: "a" },
    { phase: "Ready" },
  );
  const applied = await reader.until("applied a");
  rig.server.cluster.delete({ resource: WIDGETS, namespace: "prod", name: "a" });
  const deleted = await reader.until("deleted a");
  rig.server.sendBookmarks();
  const position = await reader.until("position");

  expect(first).toEqual(["resync-start", "resync-object a", "resync-end"]);
  expect([applied, deleted, position]).toEqual([
    ["applied b", "applied a"],
    ["deleted a"],
    ["position"],
  ]);
  expect(queries(rig.server)).toEqual(["list", `watch ${listedAt}`]);
  expect(reportTypes(rig.reports)).toEqual(["list-started", "list-done"]);
});

test("A11 list-paged, A18 list-huge: watchResource() asks for pages and bookmarks, and hands on at most 250 events at once", async () => {
  const rig = await createRig({ arePages: true });
  for (let index = 0; index < 601; index++) rig.create(`w-${index}`);
  const reader = rig.start({ key: { ...KEY, namespace: "prod", labelSelector: "!gone" } });

  const words = await reader.until("resync-end");
  rig.create("b");
  await reader.until("applied b");

  expect(words).toHaveLength(603);
  expect(reader.batches).toEqual([1, 25, 250, 250, 76, 1, 1]);
  const asked = rig.server.requests().map(({ path, query }) => ({ path, query }));
  const path = "/apis/example.com/v1/namespaces/prod/widgets";
  expect(asked[0]).toEqual({ path, query: { limit: "25", labelSelector: "!gone" } });
  expect(asked[1]).toEqual({
    path,
    query: { limit: "500", labelSelector: "!gone", continue: expect.any(String) },
  });
  expect(asked[3]).toMatchObject({
    path,
    query: {
      watch: "true",
      allowWatchBookmarks: "true",
      timeoutSeconds: "180",
      labelSelector: "!gone",
    },
  });
  expect(rig.reports).toContainEqual({
    type: "list-done",
    watch: "widgets.example.com|namespace=prod|labels=!gone",
    count: 601,
    durationMs: 0,
  });
});

test("E02 start-stop-start: watchResource() watches from a committed position without a list", async () => {
  const rig = await createRig({ arePages: true });
  rig.create("a");
  const from = rig.server.cluster.resourceVersion;
  rig.create("b");

  const words = await rig.start({ from }).until("applied b");

  expect(words).toEqual(["applied b"]);
  expect(queries(rig.server)).toEqual([`watch ${from}`]);
});

test.each(["http", "stream"] as const)(
  "C09 http-410, C10 in-stream-410, A13 list-410-at-last-rv: watchResource() relists when the committed position is expired by %s",
  async (expiredWatch) => {
    const rig = await createRig({ arePages: true });
    rig.server.settings.expiredWatch = expiredWatch;
    const from = rig.server.cluster.resourceVersion;
    rig.create("a");
    rig.server.cluster.forgetHistory();

    const words = await rig.start({ from }).until("resync-end");

    expect(words).toEqual(["resync-start", "resync-object a", "resync-end"]);
    expect(rig.reports).toContainEqual({ type: "relist", watch: WIDGETS, reason: "expired" });
    expect(rig.clock.pending()).toEqual([]);
  },
);

test("C01 clean-close: watchResource() watches on from the last event when the server ends the watch", async () => {
  const rig = await createRig({ arePages: true });
  const reader = rig.start();
  await readSynced(rig, reader);
  rig.create("a");
  await reader.until("applied a");
  const at = rig.server.cluster.resourceVersion;

  rig.server.watches()[0]?.end();
  const next = reader.until("applied b");
  await rig.server.until(() => rig.server.counts().watchesOpened === 2);
  rig.create("b");

  expect(await next).toEqual(["applied b"]);
  expect(queries(rig.server).at(-1)).toBe(`watch ${at}`);
});

test("C05 connection-reset, C23 chunked-eof-in-mid-line: watchResource() fails, waits and goes on from the last event when the connection is reset in mid-line", async () => {
  const rig = await createRig({ arePages: true });
  const reader = rig.start();
  await readSynced(rig, reader);
  rig.create("a");
  await reader.until("applied a");
  const at = rig.server.cluster.resourceVersion;

  rig.server.watches()[0]?.sendRaw('{"type":"DELETED","object":{"metadata":{"name":"a","uid":"u"');
  rig.server.watches()[0]?.reset();
  const failed = await reader.until("failed");
  const next = reader.until("applied b");
  await rig.clock.untilPending(1);
  const pending = rig.clock.pending().map(({ delayMs }) => delayMs);
  rig.create("b");
  await rig.clock.advance(800);

  expect(failed).toEqual(["failed"]);
  expect(reader.errors[0]?.message).toMatch(
    /^Cannot watch widgets.example.com in the cluster: .*closed the connection/,
  );
  expect(pending).toEqual([800]);
  expect(await next).toEqual(["applied b"]);
  expect(queries(rig.server).at(-1)).toBe(`watch ${at}`);
});

test("C08 quiet-without-bookmarks: watchResource() drops a watch on which no byte comes for 5 s longer than it was asked for", async () => {
  const rig = await createRig({ arePages: true });
  const reader = rig.start();
  await readSynced(rig, reader);

  const failed = reader.until("failed");
  await rig.server.until(() => rig.server.counts().watchesOpened === 1);
  await rig.clock.untilPending(1);
  await rig.clock.advance(184_999);
  const before = rig.reports.filter(({ type }) => type === "reconnect");
  await rig.clock.advance(1);

  expect(await failed).toEqual(["failed"]);
  expect(before).toEqual([]);
  expect(rig.reports).toContainEqual({ type: "reconnect", watch: WIDGETS, cause: "idle" });
  expect(reader.errors[0]?.message).toBe(
    "Cannot watch widgets.example.com in the cluster: no byte came for 185 s",
  );
});

test("A12 list-page-410: watchResource() lists anew, without `continue`, when the continue token expires in mid-list", async () => {
  const rig = await createRig({ arePages: true });
  for (let index = 0; index < 251; index++) rig.create(`w-${index}`);
  const reader = rig.start();
  await reader.until("resync-object w-12");

  rig.server.faults.add({ type: "answer", code: 410 }, { verb: "list" }, 1);
  const words = await reader.until("resync-end");

  expect(words.filter((word) => !word.startsWith("resync-object"))).toEqual([
    "resync-start",
    "resync-end",
  ]);
  expect(words).toHaveLength(253);
  expect(rig.server.requests().map(({ query }) => query["continue"] !== undefined)).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

test.each([
  {
    code: 403,
    delayMs: 800,
    type: "kind-forbidden",
    message: /answered 403, needs verb "list" on "widgets.example.com"/,
  },
  {
    code: 404,
    delayMs: 800,
    type: "kind-missing",
    message: /answered 404, does it still serve "widgets.example.com"\?/,
  },
  { code: 503, delayMs: 800, type: "request-failed", message: /answered 503/ },
  { code: 429, retryAfter: "20", delayMs: 20_000, type: "request-failed", message: /answered 429/ },
  {
    code: 200,
    body: "<html>login</html>",
    contentType: "text/html",
    delayMs: 800,
    type: "request-failed",
    message: /not JSON/,
  },
  {
    code: 200,
    body: '{"kind":"WidgetList","items":[]}',
    contentType: "application/json",
    delayMs: 800,
    type: "request-failed",
    message: /no metadata.resourceVersion/,
  },
])(
  "A15 list-without-rv, A16 list-403-404-401-503, C22 html-from-a-load-balancer: watchResource() tells, waits $delayMs ms and lists again when a list is answered with $code",
  async ({ delayMs, type, message, ...answer }) => {
    const rig = await createRig({ arePages: true });
    rig.server.faults.add({ type: "answer", ...answer }, { verb: "list" }, 1);
    const reader = rig.start();

    const failed = await reader.until("failed");
    const next = reader.until("resync-end");
    await rig.clock.untilPending(1);
    const pending = rig.clock.pending().map((sleep) => sleep.delayMs);
    await rig.clock.advance(delayMs);

    expect(failed).toEqual(["failed"]);
    expect(reader.errors[0]?.message).toMatch(message);
    expect(pending).toEqual([delayMs]);
    expect(rig.reports).toContainEqual(
      expect.objectContaining({ type, watch: WIDGETS, retryInMs: delayMs }),
    );
    expect(await next).toEqual(["resync-start", "resync-end"]);
  },
);

test("A17 list-body-cut: watchResource() loses nothing when a list is cut in the middle of its JSON", async () => {
  const rig = await createRig({ arePages: true });
  rig.create("a");
  rig.server.faults.add({ type: "truncate", sizeBytes: 100, ending: "clean" }, { verb: "list" }, 1);
  const reader = rig.start();

  const failed = await reader.until("failed");
  const next = reader.until("resync-end");
  await rig.clock.untilPending(1);
  await rig.clock.advance(800);

  expect(failed).toEqual(["failed"]);
  expect(await next).toEqual(["resync-start", "resync-object a", "resync-end"]);
});

test("B07 malformed-line: watchResource() reconnects, relists, then skips a line that stays unreadable, and loses nothing around it", async () => {
  const rig = await createRig({ arePages: true });
  const reader = rig.start();
  await readSynced(rig, reader);
  const words: string[] = [];

  for (const count of [1, 2, 3]) {
    const next = reader.until(count === 3 ? "applied a" : "failed");
    await rig.server.until(() => rig.server.counts().watchesOpened === count);
    rig.server.watches().at(-1)?.sendRaw("nonsense\n");
    if (count === 3) rig.create("a");
    words.push(...(await next));
  }

  expect(words).toEqual(["failed", "failed", "resync-start", "resync-end", "applied a"]);
  const told = rig.reports.flatMap((report) =>
    report.type === "line-unreadable" ? [report.action] : [],
  );
  expect(told).toEqual(["reconnect", "relist", "skip"]);
  expect(queries(rig.server).map((query) => query.split(" ")[0])).toEqual([
    "list",
    "watch",
    "watch",
    "list",
    "watch",
  ]);
});

test("C11 410-loop: watchResource() relists at once for the first 410, and waits before a second one soon after", async () => {
  const rig = await createRig({ arePages: true });
  const reader = rig.start();
  await readSynced(rig, reader);
  const expired = { type: "ERROR", object: { kind: "Status", code: 410 } };
  const expire = async (count: number): Promise<void> => {
    await rig.server.until(() => rig.server.counts().watchesOpened === count);
    rig.create(`w-${count}`);
    rig.server
      .watches()
      .at(-1)
      ?.sendRaw(`${JSON.stringify(expired)}\n`);
  };

  const first = reader.until("resync-end");
  await expire(1);
  await first;
  const second = reader.until("resync-end");
  await expire(2);
  await expect.poll(() => rig.clock.pending().map(({ delayMs }) => delayMs)).toEqual([800]);
  await rig.clock.advance(800);
  await second;

  expect(queries(rig.server).filter((query) => query === "list")).toHaveLength(3);
});

test("E04 no-timers-left: watchResource() closes its request when the consumer leaves the loop", async () => {
  const rig = await createRig({ arePages: true });
  const reader = rig.start();
  await readSynced(rig, reader);
  rig.create("a");
  await reader.until("applied a");

  await reader.events.return(undefined);
  await rig.server.until(() => rig.server.watches().length === 0);

  expect(rig.clock.pending()).toEqual([]);
});

test.each(["in a stream", "in a pause", "before an answer"])(
  "E05 abort-at-every-await: watchResource() ends without a word when it is aborted %s",
  async (where) => {
    const rig = await createRig({ arePages: true });
    if (where === "in a pause") rig.server.faults.add({ type: "answer", code: 500 });
    if (where === "before an answer") rig.server.faults.add({ type: "freeze" });
    const reader = rig.start();
    if (where === "in a stream") await readSynced(rig, reader);
    if (where === "in a pause") await reader.until("failed");

    const next = reader.until("end");
    await rig.server.until(
      () => rig.server.requests().length === (where === "in a stream" ? 2 : 1),
    );
    if (where !== "before an answer") await rig.clock.untilPending(1);
    rig.stop.abort();

    expect(await next).toEqual(["end"]);
    expect(rig.clock.pending()).toEqual([]);
    expect(rig.reports.at(-1)).toEqual({ type: "watch-state", watch: WIDGETS, state: "stopped" });
  },
);

test("A12 list-page-410: a list that outlives the server's memory shows all that exists, none of it twice", async () => {
  const rig = await createRig({ arePages: true });
  for (let index = 0; index < 300; index++) rig.create(`w-${index}`);
  const reader = rig.start();
  const first = await reader.until("resync-object w-12");
  rig.create("w-late");
  rig.server.cluster.forgetHistory();

  const words = [...first, ...(await reader.until("resync-end"))];

  const objects = words.filter((word) => word.startsWith("resync-object"));
  expect([objects.length, new Set(objects).size]).toEqual([301, 301]);
  expect(words.filter((word) => word === "resync-start")).toHaveLength(1);
  expect(rig.reports).toContainEqual({ type: "list-resumed", watch: WIDGETS });
});

test("A14 list-too-large-rv, D08 relist-to-older-apiserver: a look asks for no resourceVersion", async () => {
  const rig = await createRig();
  rig.create("a");
  const reader = rig.start({ from: "99999" });
  const causes = [{ reason: "ResourceVersionTooLarge" }];

  const words = reader.until("resync-end");
  await rig.server.until(() => rig.server.watches().length === 1);
  rig.server.watches()[0]?.sendError({ kind: "Status", code: 504, details: { causes } });

  expect(await words).toEqual(["resync-start", "resync-object a", "resync-end"]);
  expect(rig.server.requests().map(({ query }) => query["resourceVersion"])).toEqual([
    "99999",
    undefined,
  ]);
});
