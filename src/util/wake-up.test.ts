import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { WakeUp } from "./wake-up.ts";

const NEVER = new AbortController().signal;

/** Counts how often a loop that waits again and again was woken. */
function countWakes(wakeUp: WakeUp, clock = createFakeClock(), delayMs?: number) {
  const stop = new AbortController();
  const counted = { wakes: 0, clock, stop, ended: Promise.resolve() };
  counted.ended = (async () => {
    while (!stop.signal.aborted) {
      await wakeUp.wait(clock, stop.signal, delayMs);
      counted.wakes += 1;
    }
  })();
  return counted;
}

test("a ring before the wait is not lost, and many wake once", async () => {
  const wakeUp = new WakeUp();
  wakeUp.ring();
  wakeUp.ring();

  const loop = countWakes(wakeUp);
  await loop.clock.advance(0);

  expect(loop.wakes).toBe(1);
  loop.stop.abort();
  await loop.ended;
});

test("a ring wakes who waits, each time anew", async () => {
  const wakeUp = new WakeUp();
  const loop = countWakes(wakeUp, createFakeClock(), 60_000);
  await loop.clock.advance(0);

  for (let ring = 0; ring < 3; ring += 1) {
    wakeUp.ring();
    await loop.clock.advance(0);
  }

  expect(loop.wakes).toBe(3);
  expect(loop.clock.pending().length).toBe(1);
  loop.stop.abort();
  await loop.ended;
  expect(loop.clock.pending()).toEqual([]);
});

test("a delay wakes once it has passed, not before", async () => {
  const loop = countWakes(new WakeUp(), createFakeClock(), 1000);

  await loop.clock.advance(999);
  const early = loop.wakes;
  await loop.clock.advance(1);

  expect([early, loop.wakes]).toEqual([0, 1]);
  loop.stop.abort();
  await loop.ended;
});

test("an abort ends the wait, also one that was before it", async () => {
  const wakeUp = new WakeUp();
  const clock = createFakeClock();
  const stop = new AbortController();
  const waiting = wakeUp.wait(clock, stop.signal);

  stop.abort();

  await waiting;
  await wakeUp.wait(clock, stop.signal);
  await wakeUp.wait(clock, stop.signal, 1000);
  expect(clock.pending()).toEqual([]);
});

test("a wait that is over is not woken by what rings later", async () => {
  const wakeUp = new WakeUp();
  const clock = createFakeClock();
  wakeUp.ring();
  await wakeUp.wait(clock, NEVER);
  wakeUp.ring();

  await wakeUp.wait(clock, NEVER);
  const stop = new AbortController();
  const third = wakeUp.wait(clock, stop.signal, 500);
  await clock.advance(0);

  expect(clock.pending().length).toBe(1);
  stop.abort();
  await third;
});
