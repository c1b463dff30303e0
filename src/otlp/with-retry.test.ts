import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import type { SendResult } from "./transport.ts";
import { type RetryReport, withRetry } from "./with-retry.ts";

const BODY = Uint8Array.of(1);
const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };

function failing(afterMs?: number): SendResult {
  return {
    type: "retryable",
    error: new Error("down"),
    ...(afterMs === undefined ? {} : { afterMs }),
  };
}

/** Answers with the results in turn, the last one for ever. */
function script(...results: readonly SendResult[]): {
  readonly send: () => Promise<SendResult>;
  calls: number;
} {
  const state = {
    calls: 0,
    send: () => {
      state.calls += 1;
      return Promise.resolve(results[Math.min(state.calls, results.length) - 1] ?? ACCEPTED);
    },
  };
  return state;
}

function start(next: () => Promise<SendResult>, random = 0.5) {
  const clock = createFakeClock();
  const reports: RetryReport[] = [];
  const controller = new AbortController();
  const send = withRetry(next, {
    clock,
    random: () => random,
    report: (report) => reports.push(report),
  });
  return { clock, reports, controller, result: send(BODY, controller.signal) };
}

test("withRetry waits longer each time, up to its cap, and reports each wait", async () => {
  const next = script(...Array.from({ length: 12 }, () => failing()), ACCEPTED);
  const { clock, reports, result } = start(next.send);

  await clock.advance(300_000);

  expect(await result).toEqual(ACCEPTED);
  expect(reports.map((report) => report.delayMs)).toEqual([
    1_000, 1_500, 2_250, 3_375, 5_063, 7_594, 11_391, 17_086, 25_629, 30_000, 30_000, 30_000,
  ]);
  expect(reports.map((report) => report.attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test.each([
  [0, 500],
  [0.999, 1_499],
])("withRetry spreads the first wait: random %d gives %i ms", async (random, delayMs) => {
  const { clock, reports, result } = start(script(failing(), ACCEPTED).send, random);

  await clock.advance(2_000);
  await result;

  expect(reports.map((report) => report.delayMs)).toEqual([delayMs]);
});

test.each([
  ["a longer wish", 20_000, 20_000],
  ["a shorter wish", 10, 1_000],
  ["a wish beyond reason", 86_400_000, 600_000],
])("withRetry honours %s of the receiver", async (_what, afterMs, delayMs) => {
  const { clock, reports, result } = start(script(failing(afterMs), ACCEPTED).send);

  await clock.advance(600_000);
  await result;

  expect(reports.map((report) => report.delayMs)).toEqual([delayMs]);
});

test.each<SendResult>([
  ACCEPTED,
  { type: "accepted", rejected: 3, message: "too old" },
  { type: "refused", error: new Error("no") },
  { type: "too-large", error: new Error("big") },
  { type: "aborted" },
])("withRetry hands on $type at once", async (answer) => {
  const next = script(answer);
  const { result, reports } = start(next.send);

  expect(await result).toEqual(answer);
  expect(next.calls).toBe(1);
  expect(reports).toEqual([]);
});

test("withRetry ends a wait when its signal aborts, and does not try again", async () => {
  const next = script(failing());
  const { clock, controller, result } = start(next.send);
  await clock.advance(0);

  controller.abort();

  expect(await result).toEqual({ type: "aborted" });
  expect(next.calls).toBe(1);
  expect(clock.pending()).toEqual([]);
});

test("withRetry starts from the first wait with each request", async () => {
  const clock = createFakeClock();
  const delays: number[] = [];
  const next = script(failing(), failing(), ACCEPTED, failing(), ACCEPTED);
  const send = withRetry(next.send, {
    clock,
    random: () => 0.5,
    report: (report) => delays.push(report.delayMs),
  });
  const { signal } = new AbortController();

  const first = send(BODY, signal);
  await clock.advance(10_000);
  await first;
  const second = send(BODY, signal);
  await clock.advance(10_000);
  await second;

  expect(delays).toEqual([1_000, 1_500, 1_000]);
});
