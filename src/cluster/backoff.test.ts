import { expect, test } from "vitest";
import { nextBackoff, type Backoff } from "./backoff.ts";

test("C19 backoff: nextBackoff() doubles from 0.8 s to a cap of 30 s when failures follow each other", () => {
  const delays: number[] = [];
  let nowMs = 0;
  let backoff: Backoff | undefined;

  for (let attempt = 0; attempt < 8; attempt++) {
    const next = nextBackoff(backoff, nowMs, { random: 0 });
    ({ backoff } = next);
    delays.push(next.delayMs);
    nowMs += next.delayMs + 10;
  }

  expect(delays).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

test("nextBackoff() doubles on to another cap", () => {
  const last: Backoff = { baseMs: 30_000, decidedAtMs: 0 };

  const next = nextBackoff(last, 30_000, { random: 0, capMs: 60_000 });
  const capped = nextBackoff(next.backoff, 90_000, { random: 0, capMs: 60_000 });

  expect([next.delayMs, capped.delayMs]).toEqual([60_000, 60_000]);
});

test.each([
  {
    afterMs: 30_000 + 119_000,
    baseMs: 30_000,
    title: "goes on after less than two healthy minutes",
  },
  { afterMs: 30_000 + 121_000, baseMs: 800, title: "starts anew after two healthy minutes" },
])("nextBackoff() $title", ({ afterMs, baseMs }) => {
  const last: Backoff = { baseMs: 30_000, decidedAtMs: 0 };

  const next = nextBackoff(last, afterMs, { random: 0 });

  expect(next.backoff).toEqual({ baseMs, decidedAtMs: afterMs });
});

test("C13 retry-after: nextBackoff() stretches by jitter and by what the server asked for, without growing faster", () => {
  const jittered = nextBackoff(undefined, 5, { random: 0.5 });
  const asked = nextBackoff(undefined, 5, { random: 0.5, atLeastMs: 9000 });

  expect(jittered).toEqual({ backoff: { baseMs: 800, decidedAtMs: 5 }, delayMs: 1200 });
  expect(asked).toEqual({ backoff: { baseMs: 800, decidedAtMs: 5 }, delayMs: 9000 });
});

test("nextBackoff() believes no server that asks for more than 10 minutes", () => {
  const next = nextBackoff(undefined, 0, { random: 0, atLeastMs: 86_400_000 });

  expect(next.delayMs).toBe(600_000);
});
