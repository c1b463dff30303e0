import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { createHttpApiClient } from "../cluster/http-api-client.ts";
import type { LogSignal } from "../lifecycle/signal.ts";
import type { SendResult } from "../otlp/transport.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { DATABASE_KIND } from "../testing/kube-change.ts";
import {
  startSimulatedApiServer,
  type SimulatedApiServer,
} from "../testing/simulated-api-server/start-simulated-api-server.ts";
import { openTemporaryStore } from "../testing/temporary-store.ts";
import { Pipeline } from "./pipeline.ts";

const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };
const DATABASES = "customdatabases.custom.example.com";
const STEP_MS = 5000;
const MINUTE_MS = 60_000;

type Rig = {
  readonly server: SimulatedApiServer;
  readonly clock: FakeClock;
  /** What was told so far, but for what was there at the first look. */
  readonly told: readonly string[];
  /** How many points of objects were sent so far. */
  readonly sent: () => number;
  /** Lets time pass, and what comes over the sockets meanwhile. */
  readonly pass: (durationMs: number) => Promise<void>;
};

/** A pipeline over real sockets that watches one database, with the clock and the server's faults in the test's hand. */
async function createRig(): Promise<Rig> {
  const server = await startSimulatedApiServer();
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.cluster.addKind(DATABASE_KIND);
  server.cluster.create(DATABASES, { metadata: { name: "a", namespace: "prod" } });
  const clock = createFakeClock();
  const authorized = { type: "authorized", headers: {}, tls: {} } as const;
  const client = createHttpApiClient({
    credentials: {
      origin: server.url,
      pathPrefix: "",
      source: "a test",
      authorize: async () => authorized,
      refresh: async () => authorized,
    },
    clock,
    report: () => undefined,
  });
  onTestFinished(() => client.close());
  const temporary = openTemporaryStore();
  onTestFinished(() => temporary[Symbol.dispose]());
  const told: string[] = [];
  let sent = 0;
  const pipeline = new Pipeline({
    client,
    store: temporary.store,
    redact: (one) => one,
    clock,
    random: () => 0,
    report: () => undefined,
    reportCluster: () => undefined,
    active: () => true,
    clusterName: undefined,
    initial: "summary",
    minimumSeverity: "INFO",
    stuckAfterMs: 60 * MINUTE_MS,
    metricIntervalMs: STEP_MS,
    metricHeartbeatMs: MINUTE_MS,
    outboxMaxBytes: 1024 ** 2,
    logs: {
      encoding: "json",
      encode: (signals) => Buffer.from(JSON.stringify(signals)),
      transport: async (body) => {
        const signals: LogSignal[] = JSON.parse(Buffer.from(body).toString());
        const names = signals.map(({ eventName }) => eventName);
        told.push(...names.filter((name) => name !== "lifeline.object.observed"));
        return ACCEPTED;
      },
    },
    metrics: {
      gauges: async ({ objects }) => {
        sent += objects.reduce((sum, { points }) => sum + points.length, 0);
        return ACCEPTED;
      },
      sums: async () => ACCEPTED,
      histograms: async () => ACCEPTED,
    },
  });
  const stop = new AbortController();
  const work = pipeline.run(stop.signal, stop.signal);
  onTestFinished(async () => {
    await pipeline.watches.stopAll("the test ends");
    stop.abort();
    await work;
  });
  const { group, resource } = DATABASE_KIND;
  pipeline.watches.start({ key: { group, resource }, facts: DATABASE_KIND, includes: () => true });
  await vi.waitFor(() => expect(server.watches()).toHaveLength(1));
  return {
    server,
    clock,
    told,
    sent: () => sent,
    async pass(durationMs) {
      for (let passed = 0; passed < durationMs; passed += STEP_MS) {
        await clock.advance(STEP_MS);
        // Client and server share this loop: a request and its answer are a few turns of it.
        for (let turns = 0; turns < 30; turns++) await nextTurn();
      }
    },
  };
}

test("a quiet watch that hears bookmarks alone is never blind, and its points go on", async () => {
  const { server, told, sent, pass } = await createRig();
  await pass(MINUTE_MS);
  const before = sent();

  for (let minutes = 0; minutes < 8; minutes++) {
    server.sendBookmarks();
    await pass(MINUTE_MS);
  }
  for (let minutes = 0; minutes < 15; minutes++) {
    // Its time is up now and then.
    if (minutes % 4 === 0) for (const watch of server.watches()) watch.end();
    await vi.waitFor(() => expect(server.watches()).toHaveLength(1));
    await pass(MINUTE_MS);
  }

  expect(told).toEqual(["lifeline.synced"]);
  expect(sent()).toBeGreaterThan(before + 10);
});

test("a watch that freezes, and is asked for again in vain, goes blind, and says when it sees again", async () => {
  const { server, told, sent, pass } = await createRig();
  await pass(MINUTE_MS);
  for (const watch of server.watches()) watch.freeze();
  const mend = server.faults.add({ type: "reset" });
  await pass(6 * MINUTE_MS);
  const toldBlind = [...told];
  const sentBefore = sent();

  await pass(10 * MINUTE_MS);
  const sentBlind = sent() - sentBefore;
  mend();
  server.cluster.create(DATABASES, { metadata: { name: "b", namespace: "prod" } });
  // Longer than any wait between two attempts.
  await pass(2 * MINUTE_MS);
  await vi.waitFor(() => expect(server.watches()).toHaveLength(1));
  await vi.waitFor(() => expect(told).toContain("lifeline.object.created"));
  const toldBefore = [...told];
  server.sendBookmarks();
  await pass(MINUTE_MS);

  expect(toldBlind).toEqual(["lifeline.synced", "lifeline.watch.stale"]);
  expect(sentBlind).toBe(0);
  expect(toldBefore).toEqual([...toldBlind, "lifeline.object.created"]);
  expect(told).toEqual([...toldBefore, "lifeline.synced"]);
  expect(sent()).toBeGreaterThan(sentBefore + 2);
});
