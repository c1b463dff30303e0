import { connect } from "node:net";
import { expect, test } from "vitest";
import { type HealthChecks, type HealthServer, startHealthServer } from "./health-server.ts";

const WELL: HealthChecks = { unready: () => [] };

async function start(checks: HealthChecks, host = "127.0.0.1"): Promise<HealthServer> {
  const started = await startHealthServer({ type: "listen", host, port: 0 }, checks);
  if (started.type !== "listening") throw new Error(`Cannot start: ${started.type}`);
  return started.server;
}

const UNREADY: HealthChecks = { unready: () => ["pods: listing", "databases: listing"] };
const NOT_FOUND = "Not found: there are /livez and /readyz\n";

test.each([
  { path: "/livez", status: 200, text: "ok\n" },
  { path: "/readyz", status: 200, text: "ok\n" },
  { path: "/readyz?verbose", status: 200, text: "ok\n" },
  { path: "/readyz", method: "HEAD", status: 200, text: "" },
  { path: "/livez", checks: UNREADY, status: 200, text: "ok\n" },
  { path: "/readyz", checks: UNREADY, status: 503, text: "pods: listing\ndatabases: listing\n" },
  { path: "/readyz", method: "POST", status: 405, text: "Only GET and HEAD are answered\n" },
  { path: "/", status: 404, text: NOT_FOUND },
  { path: "/livez/", status: 404, text: NOT_FOUND },
  { path: "//livez", status: 404, text: NOT_FOUND },
])("health server answers as the checks say (%#: $path, $status)", async (row) => {
  await using server = await start(row.checks ?? WELL);

  const response = await fetch(`${server.url}${row.path}`, { method: row.method ?? "GET" });

  expect(response.status).toBe(row.status);
  expect(await response.text()).toBe(row.text);
});

test("health server asks the checks anew for each request", async () => {
  let unready = ["pods: listing"];
  await using server = await start({ ...WELL, unready: () => unready });
  const before = await fetch(`${server.url}/readyz`);

  unready = [];
  const after = await fetch(`${server.url}/readyz`);

  expect([before.status, after.status]).toEqual([503, 200]);
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
