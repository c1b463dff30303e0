import { expect, test } from "vitest";
import { createFakeClock } from "./fake-clock.ts";

test("advance wakes sleeps in order of their due times, at their due times", async () => {
  const clock = createFakeClock(1000);
  const woken: [string, number][] = [];
  async function sleeper(name: string, delayMs: number): Promise<void> {
    await clock.sleep(delayMs);
    woken.push([name, clock.now()]);
  }
  const sleeps = [
    sleeper("late", 30),
    sleeper("early", 10),
    sleeper("early too", 10),
    sleeper("beyond", 31),
  ];

  await clock.advance(30);

  expect(woken).toEqual([
    ["early", 1010],
    ["early too", 1010],
    ["late", 1030],
  ]);
  expect(clock.pending()).toEqual([{ delayMs: 31, dueAtMs: 1031 }]);
  await clock.advance(1);
  await Promise.all(sleeps);
});

test("advance reaches sleeps that begin while it runs", async () => {
  const clock = createFakeClock(0);
  const ticks: number[] = [];
  async function tick(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      await clock.sleep(10);
      ticks.push(clock.now());
    }
  }
  const ticking = tick();

  await clock.advance(35);

  await ticking;
  expect(ticks).toEqual([10, 20, 30]);
  expect(clock.now()).toBe(35);
});

test("sleep resolves at once when its signal aborts, is already aborted, or nothing is to wait for", async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const aborted = clock.sleep(1000, stop.signal);

  stop.abort();

  await aborted;
  await clock.sleep(1000, stop.signal);
  await clock.sleep(0);
  expect(clock.pending()).toEqual([]);
});

test("untilPending resolves when somebody sleeps", async () => {
  const clock = createFakeClock();
  const waiting = clock.untilPending(1);

  const sleeping = clock.sleep(5);

  await waiting;
  await clock.untilPending(1);
  await clock.advance(5);
  await sleeping;
  expect(clock.pending()).toEqual([]);
});
