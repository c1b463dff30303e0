import { expect, onTestFinished, test } from "vitest";
import { fieldAt } from "../src/util/json.ts";
import { type ReplayServer, startReplayServer } from "./replay-server.ts";
import { Scenario } from "./scenario.ts";

const COLLECTION = "/apis/bench.example.com/v1/benchdatabases";

async function serve(): Promise<{ readonly server: ReplayServer; readonly scenario: Scenario }> {
  const scenario = new Scenario({ objects: 40, updates: 100, seed: 1, logSeverity: "DEBUG" });
  const server = await startReplayServer(scenario);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, scenario };
}

test("the replay server lists in pages, and only tells of a next one while there is one", async () => {
  const { server, scenario } = await serve();
  const page = async (query: string): Promise<unknown> =>
    await (await fetch(`${server.url}${COLLECTION}?${query}`)).json();

  const first = await page("limit=30");
  const second = await page("limit=30&continue=30");

  expect(fieldAt(first, "items")).toHaveLength(30);
  expect(fieldAt(first, "metadata", "continue")).toBe("30");
  expect(fieldAt(second, "items")).toHaveLength(11);
  expect(fieldAt(second, "metadata")).toEqual({ resourceVersion: scenario.listResourceVersion });
});

test("the replay server streams what exists, says where it ends, and goes on with the updates", async () => {
  const { server, scenario } = await serve();

  const watch = await fetch(`${server.url}${COLLECTION}?watch=true&sendInitialEvents=true`);
  await server.watched;
  await server.play(scenario.updates());
  const versions = await versionsIn(watch, 42 + scenario.events);

  expect(versions).toHaveLength(42 + scenario.events);
  expect(versions[41]).toBe(scenario.listResourceVersion);
  expect(versions.slice(0, 41)).not.toContain(scenario.listResourceVersion);
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
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of watch.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n").slice(0, -1);
    if (lines.length >= count)
      return lines.map((line) =>
        fieldAt(JSON.parse(line), "object", "metadata", "resourceVersion"),
      );
  }
  return [];
}
