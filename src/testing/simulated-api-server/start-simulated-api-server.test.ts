import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import type { KindFacts } from "../../cluster/kube-object.ts";
import { fieldAt } from "../../util/json.ts";
import { createFakeClock } from "../fake-clock.ts";
import {
  type SimulatedApiServer,
  type SimulatedApiServerOptions,
  startSimulatedApiServer,
} from "./start-simulated-api-server.ts";

const WIDGET: KindFacts = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  resource: "widgets",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};
const WIDGETS = "widgets.example.com";
const PATH = "/apis/example.com/v1/widgets";

async function startServer(options: SimulatedApiServerOptions = {}): Promise<SimulatedApiServer> {
  const server = await startSimulatedApiServer({ clock: createFakeClock(), ...options });
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.cluster.addKind(WIDGET);
  return server;
}

function createWidget(
  server: SimulatedApiServer,
  name: string,
  more: Record<string, unknown> = {},
): void {
  server.cluster.create(WIDGETS, {
    metadata: { name, namespace: "prod", ...more },
    spec: { size: 1 },
  });
}

async function getJson(
  server: SimulatedApiServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(`${server.url}${path}`, { headers });
  return response.json();
}

function namesIn(list: unknown): unknown {
  const items = fieldAt(list, "items");
  return Array.isArray(items)
    ? items.map((item: unknown) => fieldAt(item, "metadata", "name"))
    : items;
}

/** Opens a watch; `next` gives one line parsed, `undefined` at the end. */
async function openWatch(
  server: SimulatedApiServer,
  query: string,
  path: string = PATH,
): Promise<() => Promise<unknown>> {
  const response = await fetch(`${server.url}${path}?watch=1&${query}`);
  expect(response.status).toBe(200);
  if (response.body === null) throw new Error("Cannot read a watch without a body");
  const lines = createInterface({ input: Readable.fromWeb(response.body) })[Symbol.asyncIterator]();
  return async () => {
    const line = await lines.next();
    return line.done === true ? undefined : JSON.parse(line.value);
  };
}

function widgetEvent(type: string, name: string): unknown {
  return expect.objectContaining({
    type,
    object: expect.objectContaining({
      kind: "Widget",
      metadata: expect.objectContaining({ name }),
    }),
  });
}

test("list gives pages of one resourceVersion, whatever happens in between", async () => {
  const server = await startServer();
  for (const name of ["a", "b", "c", "d", "e"]) createWidget(server, name);
  const before = server.cluster.resourceVersion;

  const first = await getJson(server, `${PATH}?limit=2`);
  server.cluster.delete({ resource: WIDGETS, namespace: "prod", name: "c" });
  createWidget(server, "ab");
  const second = await getJson(
    server,
    `${PATH}?limit=2&continue=${String(fieldAt(first, "metadata", "continue"))}`,
  );
  const third = await getJson(
    server,
    `${PATH}?limit=2&continue=${String(fieldAt(second, "metadata", "continue"))}`,
  );

  expect([namesIn(first), namesIn(second), namesIn(third)]).toEqual([
    ["a", "b"],
    ["c", "d"],
    ["e"],
  ]);
  expect(fieldAt(first, "metadata")).toMatchObject({
    resourceVersion: before,
    remainingItemCount: 3,
  });
  expect(fieldAt(third, "metadata")).toEqual({ resourceVersion: before });
});

test("list answers 410 with a token to go on when its pages got too old", async () => {
  const server = await startServer();
  for (const name of ["a", "b", "c"]) createWidget(server, name);
  const first = await getJson(server, `${PATH}?limit=1`);
  createWidget(server, "d");
  server.cluster.forgetHistory();

  const expired = await getJson(
    server,
    `${PATH}?limit=1&continue=${String(fieldAt(first, "metadata", "continue"))}`,
  );
  const rest = await getJson(
    server,
    `${PATH}?continue=${String(fieldAt(expired, "metadata", "continue"))}`,
  );

  expect(expired).toMatchObject({ kind: "Status", code: 410, reason: "Expired" });
  expect(namesIn(rest)).toEqual(["b", "c", "d"]);
  expect(fieldAt(rest, "metadata", "resourceVersion")).toBe(server.cluster.resourceVersion);
});

test.each([
  ["resourceVersion=0&limit=1", ["a", "b", "c"]],
  ["labelSelector=tier%3Dgold", ["a"]],
  ["labelSelector=tier%20in%20(gold,silver)", ["a", "b"]],
  ["fieldSelector=metadata.name!%3Da", ["b", "c"]],
])("list with %s gives %j", async (query, names) => {
  const server = await startServer();
  createWidget(server, "a", { labels: { tier: "gold" } });
  createWidget(server, "b", { labels: { tier: "silver" } });
  createWidget(server, "c");

  const list = await getJson(server, `${PATH}?${query}`);

  expect(namesIn(list)).toEqual(names);
  expect(list).toMatchObject({ kind: "WidgetList", apiVersion: "example.com/v1" });
});

test("list of one namespace leaves out the others, and a built-in kind's items leave out their kind", async () => {
  const server = await startServer();
  createWidget(server, "here");
  server.cluster.create(WIDGETS, { metadata: { name: "there", namespace: "test" } });

  const list = await getJson(server, "/apis/example.com/v1/namespaces/prod/widgets");
  const namespaces = await getJson(server, "/api/v1/namespaces");

  expect(namesIn(list)).toEqual(["here"]);
  expect(namesIn(namespaces)).toEqual(["default", "kube-system"]);
  expect(namespaces).not.toHaveProperty("items.0.kind");
  expect(await getJson(server, "/api/v1/namespaces/kube-system")).toMatchObject({
    kind: "Namespace",
    metadata: { uid: expect.any(String) },
  });
});

test.each([
  [
    `${PATH}?resourceVersion=99999`,
    504,
    { details: { causes: [{ reason: "ResourceVersionTooLarge" }] } },
  ],
  [`${PATH}?resourceVersion=abc`, 400, { reason: "BadRequest" }],
  [`${PATH}?labelSelector=a%20b%20c`, 400, { reason: "BadRequest" }],
  [`${PATH}?watch=1&sendInitialEvents=true`, 422, { reason: "Invalid" }],
  [`${PATH}?watch=1&sendInitialEvents=true&resourceVersionMatch=Exact`, 422, { reason: "Invalid" }],
  [`/apis/example.com/v1/namespaces/prod/widgets/none`, 404, { reason: "NotFound" }],
])("GET %s is answered with %i", async (path, code, status) => {
  const server = await startServer();

  const response = await fetch(`${server.url}${path}`);

  expect(response.status).toBe(code);
  expect(await response.json()).toMatchObject({ kind: "Status", code, ...status });
});

test("watch tells what happens after its resourceVersion, in order", async () => {
  const server = await startServer();
  createWidget(server, "old");
  const next = await openWatch(server, `resourceVersion=${server.cluster.resourceVersion}`);
  const ref = { resource: WIDGETS, namespace: "prod", name: "new" };

  createWidget(server, "new");
  server.cluster.update(ref, { spec: { size: 2 } });
  server.cluster.delete(ref);

  expect(await next()).toEqual(widgetEvent("ADDED", "new"));
  expect(await next()).toEqual(widgetEvent("MODIFIED", "new"));
  expect(await next()).toMatchObject({
    type: "DELETED",
    object: { spec: { size: 2 }, metadata: { resourceVersion: server.cluster.resourceVersion } },
  });
});

test.each(["", "resourceVersion=", "resourceVersion=0"])(
  "watch with '%s' begins with what is there",
  async (query) => {
    const server = await startServer();
    createWidget(server, "a");
    createWidget(server, "b");

    const next = await openWatch(server, query);
    createWidget(server, "c");

    expect([await next(), await next(), await next()]).toEqual(
      ["a", "b", "c"].map((name) => widgetEvent("ADDED", name)),
    );
  },
);

test("watch with a selector tells leaving as DELETED and entering as ADDED", async () => {
  const server = await startServer();
  createWidget(server, "a", { labels: { tier: "gold" } });
  const ref = { resource: WIDGETS, namespace: "prod", name: "a" };
  const next = await openWatch(
    server,
    `resourceVersion=${server.cluster.resourceVersion}&labelSelector=tier%3Dgold`,
  );

  server.cluster.update(ref, { metadata: { labels: { tier: "lead" } } });
  server.cluster.update(ref, { spec: { size: 5 } });
  server.cluster.update(ref, { metadata: { labels: { tier: "gold" } } });

  expect(await next()).toMatchObject({
    type: "DELETED",
    object: { metadata: { labels: { tier: "gold" } } },
  });
  expect(await next()).toMatchObject({ type: "ADDED", object: { spec: { size: 5 } } });
});

test("watch from a forgotten resourceVersion is told 410, in the stream or by HTTP", async () => {
  const server = await startServer();
  const old = server.cluster.resourceVersion;
  createWidget(server, "a");
  server.cluster.forgetHistory();

  const next = await openWatch(server, `resourceVersion=${old}`);
  expect(await next()).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410 } });
  expect(await next()).toBeUndefined();
  server.settings.expiredWatch = "http";
  const response = await fetch(`${server.url}${PATH}?watch=1&resourceVersion=${old}`);

  expect(response.status).toBe(410);
});

test("watch that is up to date lives on when history is forgotten", async () => {
  const server = await startServer();
  const next = await openWatch(server, `resourceVersion=${server.cluster.resourceVersion}`);

  server.cluster.skipRevisions(10);
  server.cluster.forgetHistory();
  createWidget(server, "a");

  expect(await next()).toEqual(widgetEvent("ADDED", "a"));
});

test("bookmarks come by the clock, with the newest resourceVersion, to those who asked", async () => {
  const clock = createFakeClock();
  const server = await startServer({ clock, bookmarkIntervalMs: 60_000 });
  const from = `resourceVersion=${server.cluster.resourceVersion}`;
  const next = await openWatch(server, `${from}&allowWatchBookmarks=true&timeoutSeconds=90`);
  const nextWithout = await openWatch(server, `${from}&timeoutSeconds=90`);
  await server.until(() => server.watches().length === 2);
  server.cluster.skipRevisions(7);

  await clock.advance(90_000);

  expect(await next()).toMatchObject({
    type: "BOOKMARK",
    object: { kind: "Widget", metadata: { resourceVersion: server.cluster.resourceVersion } },
  });
  expect(await next()).toMatchObject({ type: "BOOKMARK" });
  expect(await next()).toBeUndefined();
  expect(await nextWithout()).toBeUndefined();
});

test("a frozen watch is silent until it thaws", async () => {
  const server = await startServer();
  const next = await openWatch(
    server,
    `resourceVersion=${server.cluster.resourceVersion}&allowWatchBookmarks=true`,
  );
  const [watch] = server.watches();

  watch?.freeze();
  createWidget(server, "a");
  server.sendBookmarks();
  watch?.sendRaw('{"type":"MARK"}\n');
  watch?.thaw();

  expect(await next()).toEqual({ type: "MARK" });
  expect(await next()).toEqual(widgetEvent("ADDED", "a"));
});

test("a watch can end in the middle of a line and by a reset", async () => {
  const server = await startServer();
  const half = await fetch(`${server.url}${PATH}?watch=1`);
  const reset = await fetch(`${server.url}${PATH}?watch=1`);
  await server.until(() => server.watches().length === 2);
  const [first, second] = server.watches();

  first?.sendRaw('{"type":"ADDED","object":{"kin');
  first?.end();
  second?.reset();

  expect(await half.text()).toBe('{"type":"ADDED","object":{"kin');
  await expect(reset.text()).rejects.toThrow("terminated");
  await server.until(() => server.watches().length === 0);
});

test("a reader that stopped reading gets everything once it reads on, and is cut off when the window has passed", async () => {
  const server = await startServer({ logLimit: 1000 });
  const filler = "x".repeat(20_000);
  const slow = await fetch(
    `${server.url}${PATH}?watch=1&resourceVersion=${server.cluster.resourceVersion}`,
  );

  for (let index = 0; index < 3000; index += 1) {
    server.cluster.create(WIDGETS, {
      metadata: { name: `w${index}`, namespace: "prod" },
      spec: { filler },
    });
  }
  const text = await slow.text();

  const told = text.split("\n").length - 1;
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(3000);
});

test("a kind that is removed tells its deletions, ends its watches and answers 404", async () => {
  const server = await startServer();
  createWidget(server, "a");
  const next = await openWatch(server, `resourceVersion=${server.cluster.resourceVersion}`);

  server.cluster.removeKind(WIDGETS);

  expect(await next()).toEqual(widgetEvent("DELETED", "a"));
  expect(await next()).toBeUndefined();
  const response = await fetch(`${server.url}${PATH}`);
  expect([response.status, await response.text()]).toEqual([404, "404 page not found\n"]);
});

test("what the rule forbids is answered with 403 and said by an access review", async () => {
  const server = await startServer();
  server.settings.isAllowed = ({ verb, resource }) => !(verb === "watch" && resource === "widgets");
  async function review(verb: string): Promise<unknown> {
    const spec = { resourceAttributes: { verb, group: "example.com", resource: "widgets" } };
    const response = await fetch(
      `${server.url}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`,
      {
        method: "POST",
        body: JSON.stringify({ spec }),
      },
    );
    return fieldAt(await response.json(), "status", "allowed");
  }

  const listing = await fetch(`${server.url}${PATH}`);
  const watching = await fetch(`${server.url}${PATH}?watch=1`);

  expect([listing.status, watching.status]).toEqual([200, 403]);
  expect([await review("list"), await review("watch")]).toEqual([true, false]);
  expect(await watching.json()).toMatchObject({
    message: expect.stringContaining(
      'cannot watch resource "widgets" in API group "example.com" at the cluster scope',
    ),
  });
});

test("a wrong token is answered with 401", async () => {
  const server = await startServer();
  server.settings.token = "right";

  const wrong = await fetch(`${server.url}${PATH}`, { headers: { authorization: "Bearer wrong" } });
  const right = await fetch(`${server.url}${PATH}`, { headers: { authorization: "Bearer right" } });

  expect([wrong.status, right.status]).toEqual([401, 200]);
  expect(server.kubeconfig()).toContain('"token": "right"');
});

test("faults strike the requests that they match, so often as they say", async () => {
  const server = await startServer();
  server.faults.add(
    { type: "answer", code: 429, retryAfter: "3" },
    { verb: "list", resource: WIDGETS },
    1,
  );
  server.faults.add({ type: "answer", code: 200, body: "<html>Login</html>" }, { path: PATH }, 1);

  const first = await fetch(`${server.url}${PATH}`);
  const second = await fetch(`${server.url}${PATH}`);
  const third = await fetch(`${server.url}${PATH}`);

  expect([first.status, first.headers.get("retry-after")]).toEqual([429, "3"]);
  expect([second.headers.get("content-type"), await second.text()]).toEqual([
    "text/html",
    "<html>Login</html>",
  ]);
  expect(third.headers.get("content-type")).toBe("application/json");
});

test("faults reset, truncate, delay and freeze", async () => {
  const clock = createFakeClock();
  const server = await startServer({ clock });
  server.faults.add({ type: "reset" }, {}, 1);
  await expect(fetch(`${server.url}${PATH}`)).rejects.toThrow("fetch failed");

  server.faults.add({ type: "truncate", sizeBytes: 10, ending: "clean" }, {}, 1);
  const clean = await fetch(`${server.url}${PATH}`);
  expect(await clean.text()).toHaveLength(10);

  server.faults.add({ type: "truncate", sizeBytes: 10, ending: "reset" }, {}, 1);
  const cut = await fetch(`${server.url}${PATH}`);
  await expect(cut.text()).rejects.toThrow("terminated");

  server.faults.add({ type: "delay", delayMs: 5000 }, {}, 1);
  const late = fetch(`${server.url}${PATH}`);
  await clock.untilPending(1);
  await clock.advance(5000);
  expect((await late).status).toBe(200);

  server.faults.add({ type: "freeze" }, {}, 1);
  const stop = new AbortController();
  const frozen = fetch(`${server.url}${PATH}`, { signal: stop.signal });
  await server.until(() => server.counts().requests === 5);
  stop.abort();
  await expect(frozen).rejects.toThrow("aborted");
});

test("requests and sockets are counted", async () => {
  const server = await startServer();

  await getJson(server, PATH);
  await getJson(server, "/api/v1/pods");
  await openWatch(server, "");

  expect(server.counts()).toMatchObject({ requests: 3, watchesOpened: 1 });
  expect(server.counts().socketsOpen).toBeGreaterThanOrEqual(1);
  expect(server.requests().map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
    "list widgets.example.com",
    "list pods",
    "watch widgets.example.com",
  ]);
});
