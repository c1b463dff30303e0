import { expect, onTestFinished, test } from "vitest";
import { fieldAt } from "../src/util/json.ts";
import { type ReplayServer, type ReplayServerOptions, startReplayServer } from "./replay-server.ts";
import { Scenario } from "./scenario.ts";

const COLLECTION = "/apis/bench.example.com/v1/benchdatabases";

async function serve(
  options: ReplayServerOptions = {},
): Promise<{ readonly server: ReplayServer; readonly scenario: Scenario }> {
  const scenario = new Scenario({ objects: 140, updates: 100, seed: 1, logSeverity: "DEBUG" });
  const server = await startReplayServer(scenario, options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, scenario };
}

test("the replay server lists in pages, and only tells of a next one while there is one", async () => {
  const { server, scenario } = await serve();
  const page = async (query: string): Promise<unknown> =>
    await (await fetch(`${server.url}${COLLECTION}?${query}`)).json();

  const first = await page("limit=130");
  const second = await page("limit=130&continue=130");
  const whole = await page("");

  expect(fieldAt(first, "items")).toHaveLength(130);
  expect(fieldAt(first, "metadata", "continue")).toBe("130");
  expect(fieldAt(second, "items")).toHaveLength(14);
  expect(fieldAt(second, "metadata")).toEqual({ resourceVersion: scenario.listResourceVersion });
  expect(fieldAt(whole, "metadata")).toEqual(fieldAt(second, "metadata"));
  expect(namesOf(fieldAt(whole, "items"))).toEqual([...scenario.initial()].map(({ name }) => name));
});

test("the replay server refuses initial events when it is told to, as older API servers do", async () => {
  const { server } = await serve({ initialEvents: false });

  const response = await fetch(`${server.url}${COLLECTION}?watch=true&sendInitialEvents=true`);

  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ kind: "Status", reason: "Invalid" });
  expect(server.hasStreamed).toBe(false);
});

test("the replay server streams what exists, says where it ends, and goes on with the updates", async () => {
  const { server, scenario } = await serve();

  const watch = await fetch(`${server.url}${COLLECTION}?watch=true&sendInitialEvents=true`);
  await server.watched;
  await server.play(scenario.updates());

  const lines = await linesIn(watch, scenario.listed + 1 + scenario.events);
  const [bookmark, update] = lines.slice(scenario.listed);
  expect(server.hasStreamed).toBe(true);
  expect(new Set(lines.slice(0, scenario.listed).map((line) => fieldAt(line, "type")))).toEqual(
    new Set(["ADDED"]),
  );
  expect(bookmark).toMatchObject({
    type: "BOOKMARK",
    object: {
      metadata: {
        resourceVersion: scenario.listResourceVersion,
        annotations: { "k8s.io/initial-events-end": "true" },
      },
    },
  });
  expect(fieldAt(update, "type")).toBe("MODIFIED");
});

test("playOnePerWatch() ends each watch after a line, waits for the next, and counts connections", async () => {
  const { server, scenario } = await serve();
  const playing = server.playOnePerWatch([...scenario.updates()].slice(0, 2));

  const heard = [];
  for (let round = 0; round < 2; round++)
    heard.push(await (await fetch(`${server.url}${COLLECTION}?watch=true`)).text());
  await fetch(`${server.url}${COLLECTION}?watch=true`);
  await playing;

  expect(heard.map((text) => text.split("\n").length)).toEqual([2, 2]);
  expect(server.connections).toBeGreaterThanOrEqual(1);
});

test("a watcher gets all updates, then the paced ones, each noted with when it was written", async () => {
  const { server, scenario } = await serve();
  const watch = await fetch(`${server.url}${COLLECTION}?watch=1`);
  await server.watched;

  await server.play(scenario.updates());
  const writtenMs = await server.playPaced(scenario.paced(3), 1000);

  const versions = await versionsIn(watch, scenario.events);
  expect(versions).toHaveLength(scenario.events);
  expect([...writtenMs.keys()]).toEqual(versions.slice(-3));
});

/** The resourceVersions of the first `count` lines of a watch. */
async function versionsIn(watch: Response, count: number): Promise<readonly unknown[]> {
  const lines = await linesIn(watch, count);
  return lines.map((line) => fieldAt(line, "object", "metadata", "resourceVersion"));
}

async function linesIn(watch: Response, count: number): Promise<readonly unknown[]> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of watch.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n").slice(0, -1);
    if (lines.length >= count) return lines.map((line): unknown => JSON.parse(line));
  }
  return [];
}

function namesOf(items: unknown): readonly unknown[] {
  return Array.isArray(items) ? items.map((item) => fieldAt(item, "metadata", "name")) : [];
}
