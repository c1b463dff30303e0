import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { RequestBudget, REQUESTS_PER_SECOND, REVIEWS_PER_SECOND } from "./request-budget.ts";

const { signal } = new AbortController();

function createRig() {
  const clock = createFakeClock(0);
  const budget = new RequestBudget(clock, REQUESTS_PER_SECOND);
  const left: number[] = [];
  const ask = async (each = signal): Promise<void> => {
    await budget.wait(each);
    left.push(clock.now());
  };
  return { clock, budget, left, ask };
}

test("RequestBudget lets 20 go at once, and no more within any second", async () => {
  const { clock, left, ask } = createRig();

  const asked = Array.from({ length: 50 }, () => ask());
  await clock.advance(10_000);
  await Promise.all(asked);

  expect(left).toEqual(Array.from({ length: 50 }, (_, index) => Math.floor(index / 20) * 1000));
});

test("RequestBudget counts what went little by little", async () => {
  const { clock, left, ask } = createRig();

  for (let count = 0; count < 20; count++) {
    await ask();
    await clock.advance(10);
  }
  const late = [ask(), ask()];
  await clock.advance(10_000);
  await Promise.all(late);

  expect(left.slice(18)).toEqual([180, 190, 1000, 1010]);
});

test("RequestBudget keeps nobody who stops", async () => {
  const { clock, left, ask } = createRig();
  const stop = new AbortController();
  await Promise.all(Array.from({ length: 20 }, () => ask()));

  const stopped = ask(stop.signal);
  stop.abort();
  await stopped;
  await ask(stop.signal);

  expect(left.slice(20)).toEqual([0, 0]);
  expect(clock.pending()).toEqual([]);
});

test("lists go on while hundreds of reviews wait, at the pace of reviews", async () => {
  const { clock, budget } = createRig();
  const pace = new RequestBudget(clock, REVIEWS_PER_SECOND);
  const stop = new AbortController();
  let pages = 0;
  const list = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await budget.wait(stop.signal);
      await clock.sleep(50, stop.signal);
      pages += 1;
    }
  };
  const review = async (): Promise<void> => {
    await pace.wait(stop.signal);
    await budget.wait(stop.signal);
  };

  const asking = Array.from({ length: 600 }, review);
  const listing = Array.from({ length: 8 }, list);
  const perSecond: number[] = [];
  for (let second = 0; second < 20; second++) {
    const before = pages;
    await clock.advance(1000);
    perSecond.push(pages - before);
  }
  stop.abort();
  await Promise.all([...asking, ...listing]);

  expect(Math.min(...perSecond)).toBeGreaterThanOrEqual(3);
});

test("RequestBudget waits for no clock that was set back", async () => {
  let nowMs = 3_600_000;
  const waits: number[] = [];
  const clock = {
    now: () => nowMs,
    sleep: async (delayMs: number) => void waits.push(delayMs),
  };
  const budget = new RequestBudget(clock, REQUESTS_PER_SECOND);
  for (let count = 0; count < 20; count++) await budget.wait(signal);

  nowMs = 0;
  for (let count = 0; count < 21; count++) await budget.wait(signal);

  expect(waits).toEqual([1000]);
});
