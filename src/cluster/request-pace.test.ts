import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { RequestPace } from "./request-pace.ts";

test("RequestPace lets no second see more than its share, and nobody wait for nothing", async () => {
  const clock = createFakeClock(0);
  const pace = new RequestPace(clock);
  const { signal } = new AbortController();
  const begun: number[] = [];
  const ask = (): Promise<unknown> => pace.next(signal).then(() => begun.push(clock.now()));

  const asking = Promise.all(Array.from({ length: 60 }, ask));
  await clock.advance(10_000);
  await asking;
  await ask();

  const worst = Math.max(
    ...begun.map((start) => begun.filter((at) => at >= start && at < start + 1000).length),
  );
  expect(worst).toBe(17);
  expect(begun.filter((at) => at === 0).length).toBe(17);
  expect(begun.slice(-2)).toEqual([3000, 10_000]);
});

test("RequestPace holds nobody back who is to stop", async () => {
  const clock = createFakeClock(0);
  const pace = new RequestPace(clock);
  const stop = new AbortController();
  const asking = Promise.all(Array.from({ length: 40 }, () => pace.next(stop.signal)));

  stop.abort();

  await expect(asking).resolves.toHaveLength(40);
});
