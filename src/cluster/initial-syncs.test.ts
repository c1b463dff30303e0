import { expect, onTestFinished, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { startSimulatedApiServer } from "../testing/simulated-api-server/start-simulated-api-server.ts";
import { createHttpApiClient } from "./http-api-client.ts";
import { InitialSyncs } from "./initial-syncs.ts";
import type { KindFacts } from "./kube-object.ts";
import { watchResource } from "./reflector.ts";

const HOUR_MS = 3_600_000;
const report = (): void => undefined;

function enterAll(syncs: InitialSyncs, count: number) {
  const clock = createFakeClock();
  const { signal } = new AbortController();
  const entered: (() => void)[] = [];
  for (let index = 0; index < count; index++) {
    void syncs.enter({ clock, random: () => 0.5, signal }).then((leave) => entered.push(leave));
  }
  return { clock, entered };
}

test("InitialSyncs lets eight in at once, the others as these leave, up to 100 ms later", async () => {
  const { clock, entered } = enterAll(new InitialSyncs(), 10);
  await clock.advance(0);
  const first = entered.length;

  entered[0]?.();
  entered[0]?.();
  await clock.advance(49);
  const early = entered.length;
  await clock.advance(1);

  expect([first, early, entered.length]).toEqual([8, 8, 9]);
});

test("InitialSyncs passes over who has stopped waiting", async () => {
  const syncs = new InitialSyncs();
  const { clock, entered } = enterAll(syncs, 8);
  await clock.advance(0);
  const stop = new AbortController();
  const turn = { clock, random: () => 0, signal: stop.signal };

  const stopped = syncs.enter(turn);
  const next = syncs.enter({ ...turn, signal: new AbortController().signal });
  stop.abort();
  (await stopped)();
  entered[0]?.();

  expect(await next).toBeTypeOf("function");
});

test.each([
  ["A06 watchlist-422", "refused", 24 * 60],
  ["A04 watchlist-never-ends", "never-ends", 24 * 60],
  ["A05 watchlist-closed-before-end", "cut-short", 10],
] as const)(
  "%s: a watch whose streams were %s prefers pages for %d minutes",
  (_, reason, minutes) => {
    const syncs = new InitialSyncs();

    syncs.preferPages("pods", reason, HOUR_MS);

    expect(
      [0, minutes * 60_000 - 1, minutes * 60_000].map((laterMs) =>
        syncs.prefersPages("pods", HOUR_MS + laterMs),
      ),
    ).toEqual([true, true, false]);
    expect(syncs.prefersPages("nodes", HOUR_MS)).toBe(false);
  },
);

test("three hundred kinds at once ask for at most eight streams at a time, and all are synced", async () => {
  const server = await startSimulatedApiServer();
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.settings.watchList = "unmarked";
  const authorized = { type: "authorized", headers: {}, tls: {} } as const;
  const authorize = async () => authorized;
  const clock = createFakeClock();
  const client = createHttpApiClient({
    credentials: {
      origin: server.url,
      pathPrefix: "",
      source: "a test",
      authorize,
      refresh: authorize,
    },
    clock,
    report,
  });
  const stop = new AbortController();
  onTestFinished(() => (stop.abort(), client.close()));
  const initialSyncs = new InitialSyncs();
  const synced: string[] = [];
  const reading = Array.from({ length: 300 }, async (_, index) => {
    const resource = `widget${index}s`;
    const facts: KindFacts = {
      group: "example.com",
      version: "v1",
      kind: `Widget${index}`,
      resource,
      scope: "Namespaced",
      hasStatusSubresource: true,
      hints: { phases: [], printerColumns: [] },
    };
    server.cluster.addKind(facts);
    const key = { group: facts.group, resource };
    const options = { client, facts, key, clock, random: () => 0, report, initialSyncs };
    for await (const events of watchResource({ ...options, signal: stop.signal })) {
      if (events.some(({ type }) => type === "resync-end")) synced.push(resource);
    }
  });

  let most = 0;
  const ended = new Set<unknown>();
  for (let done = 0; done < 300; done++) {
    await server.until(() => server.counts().watchesOpened >= Math.min(done + 8, 300));
    const looking = server.watches().filter((watch) => !ended.has(watch));
    most = Math.max(most, looking.length);
    looking[0]?.endInitialEvents();
    ended.add(looking[0]);
  }
  await expect.poll(() => synced.length).toBe(300);
  stop.abort();
  await Promise.all(reading);

  expect(most).toBe(8);
  expect(server.counts().watchesOpened).toBe(300);
});
