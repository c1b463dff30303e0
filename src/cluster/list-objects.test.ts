import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import type { ApiClient, ApiResult } from "./api-client.ts";
import { InitialSyncs } from "./initial-syncs.ts";
import type { KindFacts } from "./kube-object.ts";
import { watchResource, type WatchResourceOptions } from "./reflector.ts";
import type { ClusterReport } from "./report.ts";
import { formatWatchKey, type WatchEvent, type WatchKey } from "./watch-event.ts";

const WIDGET: KindFacts = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  resource: "widgets",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};

type Query = Readonly<Record<string, string | undefined>>;

/** A list whose pages the test hands out; what is watched afterwards says what the test gives, each once, then fails. */
function createRig(
  answer: (query: Query, index: number) => ApiResult,
  ...streams: (readonly unknown[])[]
) {
  const asked: Query[] = [];
  const watched: unknown[] = [];
  const reports: ClusterReport[] = [];
  const stop = new AbortController();
  const clock = createFakeClock();
  const client: ApiClient = {
    get: async (_path, { query = {} }) => answer(query, asked.push(query) - 1),
    post: async () => ({ type: "failed", error: new Error("none") }),
    openStream: async (_path, { query = {} }) => {
      watched.push(query["resourceVersion"]);
      const lines = streams.shift();
      if (lines === undefined) return { type: "failed", error: new Error("none") };
      return { type: "open", body: say(lines) };
    },
    close: async () => undefined,
  };
  const key: WatchKey = { group: "example.com", resource: "widgets" };
  const start = (more: Partial<WatchResourceOptions> = {}) => {
    const initialSyncs = new InitialSyncs();
    initialSyncs.preferPages(formatWatchKey(more.key ?? key), "refused", clock.now());
    return watchResource({
      client,
      facts: WIDGET,
      key,
      initialSyncs,
      clock,
      random: () => 0,
      report: (report) => void reports.push(report),
      signal: stop.signal,
      ...more,
    });
  };
  return { asked, watched, reports, stop, clock, start };
}

/** A stream that says this, and ends as soon as more is asked of it. */
async function* say(lines: readonly unknown[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

function frame(type: string, name: string, resourceVersion: string): unknown {
  const metadata = { name, namespace: "prod", uid: `u-${name}`, resourceVersion };
  return { type, object: { metadata } };
}

function bookmark(resourceVersion: string): unknown {
  return { type: "BOOKMARK", object: { metadata: { resourceVersion } } };
}

function page(
  items: readonly unknown[],
  more: { readonly continueToken?: string; readonly sizeBytes?: number; readonly at?: string } = {},
): ApiResult {
  const metadata = { resourceVersion: more.at ?? "9", continue: more.continueToken };
  return { type: "ok", body: { metadata, items }, headers: {}, sizeBytes: more.sizeBytes ?? 100 };
}

function refused(status: number, retryAfterMs?: number, continueToken?: string): ApiResult {
  return {
    type: "status",
    status,
    answer: {
      message: "",
      causes: [],
      ...(continueToken === undefined ? {} : { continueToken }),
    },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    error: new Error(String(status)),
  };
}

function widgets(count: number): readonly unknown[] {
  return Array.from({ length: count }, (_, index) => ({
    metadata: { name: `w-${index}`, namespace: "prod", uid: `u-${index}`, resourceVersion: "1" },
  }));
}

async function readUntil(
  type: WatchEvent["type"],
  events: AsyncGenerator<readonly WatchEvent[]>,
): Promise<readonly WatchEvent[]> {
  const read: WatchEvent[] = [];
  while (read.at(-1)?.type !== type) {
    const next = await events.next();
    if (next.done === true) break;
    read.push(...next.value);
  }
  return read;
}

test.each([0, 250, 600])(
  "E01 stop-during-list: a list that is stopped after %i of 600 objects never says that it ended",
  async (count) => {
    const { stop, start } = createRig(() => page(widgets(600)));
    const seen: string[] = [];

    for await (const events of start()) {
      seen.push(...events.map(({ type }) => type));
      if (seen.length > count) stop.abort();
    }

    expect(seen).toHaveLength(count + 1);
    expect(seen).not.toContain("resync-end");
  },
);

test("a list tells of items that can't be read what they say of themselves", async () => {
  const items = [
    { metadata: { uid: "u" } },
    { metadata: { name: "a", namespace: "prod" } },
    { metadata: { name: "b" } },
    "nonsense",
  ];
  const { reports, start } = createRig(() => page(items));

  const everywhere = await readUntil("resync-end", start());
  const inProd = await readUntil(
    "resync-end",
    start({ key: { group: "example.com", resource: "widgets", namespace: "prod" } }),
  );
  const cluster = await readUntil("resync-end", start({ facts: { ...WIDGET, scope: "Cluster" } }));

  const type = "resync-unreadable";
  const named = { type, name: "a", namespace: "prod" };
  expect(everywhere.slice(1, -1)).toEqual([{ type, uid: "u" }, named, { type }, { type }]);
  expect(inProd.slice(3, -1)).toEqual([{ type, name: "b", namespace: "prod" }, { type }]);
  expect(cluster.slice(3, -1)).toEqual([{ type, name: "b" }, { type }]);
  expect(reports.filter((report) => report.type === "item-unreadable")).toHaveLength(12);
});

test.each([
  { name: "small objects", sizeBytes: 25 * 3000, limit: "500" },
  { name: "objects of 100 kB", sizeBytes: 25 * 100_000, limit: "60" },
  { name: "objects of 1.5 MB", sizeBytes: 25 * 1_500_000, limit: "4" },
  { name: "objects larger than a page", sizeBytes: 25 * 9_000_000, limit: "1" },
])("A18 list-huge: a list of $name goes on with pages of $limit", async ({ sizeBytes, limit }) => {
  const { asked, start } = createRig((_, index) =>
    index === 0 ? page(widgets(25), { continueToken: "t", sizeBytes }) : page([]),
  );

  await readUntil("resync-end", start());

  expect(asked.map((query) => query["limit"])).toEqual(["25", limit]);
});

test("an empty page in the middle keeps the page's size", async () => {
  const { asked, start } = createRig((_, index) =>
    index < 2 ? page(index === 0 ? widgets(25) : [], { continueToken: "t" }) : page([]),
  );

  await readUntil("resync-end", start());

  expect(asked.map((query) => query["limit"])).toEqual(["25", "500", "500"]);
});

test("a page in the middle that fails is asked for again, and what was listed stays", async () => {
  const failures = [refused(503, 7000), refused(500), { type: "failed", error: new Error("cut") }];
  const { asked, clock, reports, start } = createRig((_, index) => {
    if (index === 0) return page(widgets(1), { continueToken: "t" });
    return (failures[index - 1] as ApiResult | undefined) ?? page([]);
  });

  const reading = readUntil("resync-end", start());
  const waits: number[] = [];
  for (let round = 0; round < 3; round++) {
    await clock.untilPending(1);
    const [{ delayMs } = { delayMs: 0 }] = clock.pending();
    waits.push(delayMs);
    await clock.advance(delayMs);
  }
  const events = await reading;

  expect(events.map(({ type }) => type)).toEqual(["resync-start", "resync-object", "resync-end"]);
  expect(waits).toEqual([7000, 1600, 3200]);
  expect(asked.map((query) => query["continue"])).toEqual([undefined, "t", "t", "t", "t"]);
  expect(reports).toContainEqual(
    expect.objectContaining({ type: "request-failed", verb: "list", status: 503, retryInMs: 7000 }),
  );
});

test.each([
  { name: "keeps failing", status: 503, tries: 6 },
  { name: "has expired", status: 410, tries: 1 },
])("A12 list-page-410: a list whose page $name begins anew", async ({ status, tries }) => {
  const { asked, clock, start } = createRig((query, index) => {
    if (query["continue"] === undefined) {
      return index === 0 ? page(widgets(1), { continueToken: "t" }) : page([]);
    }
    return refused(status);
  });

  const reading = readUntil("resync-end", start());
  await clock.advance(120_000);
  const events = await reading;

  expect(asked.filter((query) => query["continue"] === "t")).toHaveLength(tries);
  expect(asked.at(-1)?.["continue"]).toBeUndefined();
  expect(events.filter(({ type }) => type === "resync-start")).toHaveLength(2);
});

/** A list of three pages at 9; the token of the second expires, and what is there then was listed at 70. */
function resumedList(query: Query): ApiResult {
  if (query["continue"] === undefined) return page(widgets(2), { continueToken: "old" });
  return query["continue"] === "old" ? refused(410, undefined, "new") : page([], { at: "70" });
}

test("A12 list-page-410: a token that expired is replaced by the one in the answer; what happened between the first page and the last belongs to the list", async () => {
  const between = [
    frame("MODIFIED", "late", "40"),
    frame("DELETED", "late", "50"),
    bookmark("60"),
    frame("ADDED", "new", "80"),
  ];
  const { asked, reports, watched, start } = createRig(resumedList, between);

  const events = await readUntil("failed", start());

  expect(asked.map((query) => query["continue"])).toEqual([undefined, "old", "new"]);
  expect(
    events.map((event) =>
      "object" in event ? `${event.type} ${event.object.metadata.name}` : event.type,
    ),
  ).toEqual([
    "resync-start",
    "resync-object w-0",
    "resync-object w-1",
    "resync-object late",
    "resync-deleted late",
    "resync-object new",
    "resync-end",
    "failed",
  ]);
  expect(events).toContainEqual({ type: "resync-end", resourceVersion: "80" });
  expect(watched).toEqual(["9", "80"]);
  expect(reports).toContainEqual({ type: "list-resumed", watch: "widgets.example.com" });
});

test("A12 list-page-410: nothing need happen between the pages: a bookmark tells so", async () => {
  const { watched, start } = createRig(resumedList, [bookmark("70")]);

  const events = await readUntil("resync-end", start());
  await readUntil("failed", start());

  expect(events.at(-1)).toEqual({ type: "resync-end", resourceVersion: "70" });
  expect(watched[0]).toBe("9");
});

test("A12 list-page-410: what happened between the pages may take more than one watch", async () => {
  const first = [frame("MODIFIED", "w-0", "30")];
  const { watched, start } = createRig(resumedList, first, [bookmark("75")]);

  const events = await readUntil("resync-end", start());

  expect(watched).toEqual(["9", "30"]);
  expect(events.at(-1)).toEqual({ type: "resync-end", resourceVersion: "75" });
});

test.each([
  { name: "ends early", line: bookmark("60") },
  { name: "can't be read", line: "nonsense" },
  { name: "fails", line: { type: "ERROR", object: { kind: "Status", code: 500 } } },
])(
  "A12 list-page-410: where what happened between the pages $name, the list begins anew",
  async ({ line }) => {
    const { clock, reports, start } = createRig(
      (query) => (reports.some(isSecond) ? page([]) : resumedList(query)),
      [line],
    );

    const reading = readUntil("resync-end", start());
    await clock.advance(120_000);
    const events = await reading;

    expect(events.filter(({ type }) => type === "resync-start")).toHaveLength(2);
    expect(events.at(-1)).toEqual({ type: "resync-end", resourceVersion: "9" });
  },
);

test("A12 list-page-410: where the server has forgotten what happened between the pages, all is listed again, and nothing is watched before", async () => {
  const expired = { type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } };
  const { clock, reports, watched, start } = createRig(
    (query) => (reports.some(isSecond) ? page([]) : resumedList(query)),
    [expired],
    [frame("MODIFIED", "late", "40")],
  );

  const events = start();
  const first = await readUntil("resync-end", events);
  const reading = readUntil("resync-end", events);
  await clock.advance(120_000);
  const second = await reading;

  expect(first.at(-1)).toEqual({ type: "resync-end", resourceVersion: "9" });
  expect(second.map(({ type }) => type)).toEqual(["resync-start", "resync-end"]);
  expect(watched).toEqual(["9"]);
  expect(reports).toContainEqual(expect.objectContaining({ type: "relist", reason: "expired" }));
});

/** A list that is begun again. */
function isSecond(report: ClusterReport): boolean {
  return report.type === "list-started" && report.reason !== "first-look";
}

test("A12 list-page-410: a new token that is too old at once begins the list anew", async () => {
  const { asked, clock, start } = createRig((query, index) => {
    if (query["continue"] === undefined) {
      return index === 0 ? page(widgets(1), { continueToken: "old" }) : page([]);
    }
    return refused(410, undefined, "newer");
  });

  const reading = readUntil("resync-end", start());
  await clock.advance(120_000);
  await reading;

  expect(asked.map((query) => query["continue"])).toEqual([undefined, "old", "newer", undefined]);
});
