import { expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { startHealthServer } from "./health-server.ts";
import { keepUp, type RunEnd } from "./keep-up.ts";
import { createOwnLog, type OwnLog } from "./own-log.ts";

const INVALID: RunEnd = {
  type: "invalid",
  problems: [{ variable: "LIFELINE_RESOURCE", why: "not a known variable" }],
  isLasting: true,
};
const MISSING_FILE: RunEnd = {
  type: "invalid",
  problems: [{ variable: "KUBECONFIG", why: "no such file" }],
  isLasting: false,
};
const FAILED: RunEnd = { type: "failed", error: new Error("Cannot open the state file") };
const MISCONFIGURED: RunEnd = { type: "misconfigured", error: new Error("Cannot read the CA") };
const HOUR_MS = 3_600_000;

type Kept = {
  readonly clock: FakeClock;
  readonly runs: () => number;
  readonly said: readonly string[];
  readonly stop: AbortController;
  readonly done: Promise<void>;
};

/** Runs that end as `ends` say, one after the other; the last goes on for good. */
function keep(...ends: readonly RunEnd[]): Kept {
  const clock = createFakeClock();
  const stop = new AbortController();
  const said: string[] = [];
  const ownLog: OwnLog = { log: (level, message) => void said.push(`${level}: ${message}`) };
  let runs = 0;
  const run = async (): Promise<RunEnd> => ends[Math.min(runs++, ends.length - 1)] ?? FAILED;
  const done = keepUp({
    run,
    httpAddress: { type: "off" },
    ownLog,
    clock,
    random: () => 0,
    stop: stop.signal,
  });
  return { clock, runs: () => runs, said, stop, done };
}

test("keepUp() waits out a wrong environment until it is asked to stop", async () => {
  const kept = keep(INVALID);
  await kept.clock.untilPending(1);
  await kept.clock.advance(24 * HOUR_MS);
  const runsBefore = kept.runs();

  kept.stop.abort();
  await kept.done;

  expect(runsBefore).toBe(1);
  expect(kept.said).toEqual([expect.stringMatching(/^error: .*LIFELINE_RESOURCE/)]);
});

test.each([FAILED, MISCONFIGURED, MISSING_FILE])(
  "keepUp() tries again what ended as $type, ever more slowly",
  async (end) => {
    const kept = keep(end);
    await kept.clock.untilPending(1);
    await kept.clock.advance(HOUR_MS);
    const [{ delayMs } = { delayMs: 0 }] = kept.clock.pending();

    kept.stop.abort();
    await kept.done;

    expect(delayMs).toBe(60_000);
    expect(kept.runs()).toBeGreaterThan(60);
    expect(kept.runs()).toBeLessThan(80);
    expect(kept.said[0]).toMatch(/^error: Cannot .*; tries again in 1s$/);
    expect(kept.said.at(-1)).toMatch(/^error: Cannot .*; tries again in 60s$/);
  },
);

test("keepUp() says why nothing answers while it idles, and idles on", async () => {
  const taken = await startHealthServer(
    { type: "listen", host: "127.0.0.1", port: 0 },
    { unready: () => [], notes: () => [], state: () => undefined, deadLetters: () => undefined },
  );
  if (taken.type !== "listening") throw new Error("Cannot take a port");
  await using server = taken.server;
  const clock = createFakeClock();
  const stop = new AbortController();
  const said: string[] = [];
  const done = keepUp({
    run: () => Promise.resolve(INVALID),
    httpAddress: { type: "listen", host: "127.0.0.1", port: Number(new URL(server.url).port) },
    ownLog: createOwnLog({ level: "error", clock, write: (line) => void said.push(line) }),
    clock,
    random: () => 0,
    stop: stop.signal,
  });
  await clock.untilPending(1);

  stop.abort();
  await done;

  expect(said).toEqual([
    expect.stringContaining("LIFELINE_RESOURCE"),
    expect.stringMatching(/Cannot listen on .*EADDRINUSE.*LIFELINE_HTTP_ADDRESS/),
  ]);
});

test("keepUp() ends when a run was stopped as asked", async () => {
  const kept = keep({ type: "stopped" });

  await kept.done;

  expect(kept.runs()).toBe(1);
  expect(kept.said).toEqual([]);
});

test("keepUp() takes a run that throws for one that failed", async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const said: string[] = [];
  const done = keepUp({
    run: () => Promise.reject(new Error("a bug")),
    httpAddress: undefined,
    ownLog: { log: (_, message) => void said.push(message) },
    clock,
    random: () => 0,
    stop: stop.signal,
  });
  await clock.untilPending(1);

  stop.abort();
  await done;

  expect(said).toEqual(["a bug; tries again in 1s"]);
});

test("keepUp() leaves nothing of a run on the signal that outlives all runs", async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const given: AbortSignal[] = [];
  const done = keepUp({
    run: async (signal) => {
      given.push(signal);
      return FAILED;
    },
    httpAddress: undefined,
    ownLog: { log: () => undefined },
    clock,
    random: () => 0,
    stop: stop.signal,
  });
  await clock.untilPending(1);
  await clock.advance(1_000);

  stop.abort();
  await done;

  expect(new Set([...given, stop.signal]).size).toBe(given.length + 1);
  expect(given.every((signal) => signal.aborted)).toBe(true);
});
