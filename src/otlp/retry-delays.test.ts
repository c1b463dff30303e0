import { expect, test } from "vitest";
import { type PauseReason, RetryDelays } from "./retry-delays.ts";

const DOWN: PauseReason = { type: "retryable", error: new Error("down") };
const UNWELCOME: PauseReason = { type: "unwelcome", error: new Error("404") };

function take(count: number, delays: RetryDelays, reason: PauseReason): readonly number[] {
  return Array.from({ length: count }, () => delays.next(reason));
}

test.each([
  [DOWN, [1_000, 1_500, 2_250, 3_375, 5_063, 7_594, 10_000, 10_000]],
  [UNWELCOME, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]],
])("next() grows up to its cap when $type", (reason, expected) => {
  const delays = new RetryDelays(() => 0.5);

  expect(take(expected.length, delays, reason)).toEqual(expected);
});

test("next() finds a receiver within 15 s of its return, be it after days", () => {
  const delays = new RetryDelays(() => 0.999);
  take(5_000, delays, DOWN);

  expect(delays.next(DOWN)).toBe(14_990);
});

test.each([
  [0, 500],
  [0.999, 1_499],
])("next() spreads the first wait: random %d gives %i ms", (random, delayMs) => {
  const delays = new RetryDelays(() => random);

  expect(delays.next(DOWN)).toBe(delayMs);
});

test.each([
  ["a longer wish", 20_000, 20_000],
  ["a shorter wish", 10, 1_000],
  ["a wish beyond reason", 86_400_000, 600_000],
])("next() honours %s of the receiver", (_what, afterMs, delayMs) => {
  const delays = new RetryDelays(() => 0.5);

  expect(delays.next({ ...DOWN, afterMs })).toBe(delayMs);
});

test("next() begins anew after reset(), and when the endpoint fails in another way", () => {
  const delays = new RetryDelays(() => 0.5);
  take(5, delays, DOWN);

  const other = take(2, delays, UNWELCOME);
  delays.reset();

  expect([other, delays.next(UNWELCOME)]).toEqual([[5_000, 10_000], 5_000]);
});
