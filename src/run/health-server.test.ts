import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { type HealthChecks, type HealthServer, startHealthServer } from "./health-server.ts";

const WELL: HealthChecks = {
  unready: () => [],
  notes: () => [],
  state: () => `{"objects":1}`,
  deadLetters: () => `{"deadLetters":[]}`,
};

async function start(checks: HealthChecks, host = "127.0.0.1"): Promise<HealthServer> {
  const started = await startHealthServer({ type: "listen", host, port: 0 }, checks);
  if (started.type !== "listening") throw new Error(`Cannot start: ${started.type}`);
  return started.server;
}

const UNREADY: HealthChecks = { ...WELL, unready: () => ["pods: listing", "databases: listing"] };
const NOT_FOUND = "Not found: there are /livez, /readyz, /state and /dead-letters\n";

test.each([
  { path: "/livez", status: 200, text: "ok\n" },
  { path: "/readyz", status: 200, text: "ok\n" },
  { path: "/readyz?verbose", status: 200, text: "ok\n" },
  { path: "/readyz", method: "HEAD", status: 200, text: "" },
  { path: "/livez", checks: UNREADY, status: 200, text: "ok\n" },
  { path: "/readyz", checks: UNREADY, status: 503, text: "pods: listing\ndatabases: listing\n" },
  { path: "/readyz", method: "POST", status: 405, text: "Only GET and HEAD are answered\n" },
  { path: "/state", status: 200, text: '{"objects":1}\n' },
  { path: "/state", method: "HEAD", status: 200, text: "" },
  { path: "/state", method: "POST", status: 405, text: "Only GET and HEAD are answered\n" },
  { path: "/state", checks: UNREADY, status: 200, text: '{"objects":1}\n' },
  {
    path: "/state",
    checks: { ...WELL, state: () => undefined },
    status: 503,
    text: "The state file can't be read now: the process begins or ends\n",
  },
  { path: "/dead-letters", status: 200, text: '{"deadLetters":[]}\n' },
  { path: "/", status: 404, text: NOT_FOUND },
  { path: "/livez/", status: 404, text: NOT_FOUND },
  { path: "//livez", status: 404, text: NOT_FOUND },
])("health server answers as the checks say (%#: $path, $status)", async (row) => {
  await using server = await start(row.checks ?? WELL);

  const response = await fetch(`${server.url}${row.path}`, { method: row.method ?? "GET" });

  expect(response.status).toBe(row.status);
  expect(await response.text()).toBe(row.text);
});

test("health server tells the state as JSON, and only to its own machine", async () => {
  let asked = 0;
  const state = (): string => `{"asked":${++asked}}`;
  await using server = await start({ ...WELL, state }, "0.0.0.0");
  const { port } = new URL(server.url);
  const url = `http://127.0.0.1:${port}/state`;

  const own = await fetch(url);
  // Another address of this machine is as good as another machine: both ends are not the same.
  const foreign = await requestFrom("127.0.0.2", url);

  expect(own.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(await own.text()).toBe('{"asked":1}\n');
  expect(foreign).toEqual({
    status: 403,
    text: "Only the machine (the pod) that this runs on may ask for /state\n",
  });
  expect(asked).toBe(1);
});

test("health server asks the checks anew for each request", async () => {
  let unready = ["pods: listing"];
  await using server = await start({ ...WELL, unready: () => unready });
  const before = await fetch(`${server.url}/readyz`);

  unready = [];
  const after = await fetch(`${server.url}/readyz`);

  expect([before.status, after.status]).toEqual([503, 200]);
});

test("health server says what people should know, though it is ready", async () => {
  await using server = await start({ ...WELL, notes: () => ["pods is not allowed"] });

  const answer = await fetch(`${server.url}/readyz`);

  expect([answer.status, await answer.text()]).toEqual([200, "ok\npods is not allowed\n"]);
});

test("health server listens nowhere when it is off", async () => {
  const started = await startHealthServer({ type: "off" }, WELL);

  expect(started).toEqual({ type: "off" });
});

test("health server gives an error that helps when the port is taken", async () => {
  await using first = await start(WELL);
  const port = Number(new URL(first.url).port);

  const second = await startHealthServer({ type: "listen", host: "127.0.0.1", port }, WELL);

  expect(second.type).toBe("failed");
  expect(second).toHaveProperty(
    "error.message",
    expect.stringMatching(
      /Cannot listen on http:\/\/127\.0\.0\.1:\d+: .*EADDRINUSE.*LIFELINE_HTTP_ADDRESS/,
    ),
  );
});

test("health server ends open connections when it is disposed of", async () => {
  const server = await start(WELL);
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  const closed = new Promise((resolve) => socket.once("close", resolve));

  await server[Symbol.asyncDispose]();

  await closed;
  await expect(fetch(`${server.url}/livez`)).rejects.toThrow("fetch failed");
});

async function requestFrom(
  localAddress: string,
  url: string,
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { localAddress }, resolve).on("error", reject);
  });
  return { status: response.statusCode, text: await text(response) };
}
