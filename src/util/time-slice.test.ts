import { afterEach, expect, test, vi } from "vitest";
import { TimeSlice } from "./time-slice.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** So many breaths, between each two of which so many milliseconds pass; how often others had a turn meanwhile. */
async function turnsWithin(breaths: number, stepMs: number): Promise<number> {
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  const slice = new TimeSlice();
  let turns = 0;
  let isOver = false;
  const others = (): void => {
    if (isOver) return;
    turns += 1;
    setImmediate(others);
  };
  for (let breath = 0; breath < breaths; breath += 1) {
    nowMs += stepMs;
    if (breath === 0) setImmediate(others);
    await slice.breathe();
  }
  isOver = true;
  return turns;
}

test.each([
  { name: "within the budget others wait", breaths: 7, stepMs: 1, turns: 0 },
  {
    name: "each time that the budget is used up others have a turn",
    breaths: 24,
    stepMs: 1,
    turns: 3,
  },
  { name: "after one long step, too", breaths: 1, stepMs: 50, turns: 1 },
])("breathe(): $name", async ({ breaths, stepMs, turns }) => {
  expect(await turnsWithin(breaths, stepMs)).toBe(turns);
});

test("breathe() gives a whole budget again when the event loop has turned by itself", async () => {
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  const slice = new TimeSlice();
  const yieldsAt = async (atMs: number): Promise<boolean> => {
    nowMs = atMs;
    let hasYielded = false;
    setImmediate(() => void (hasYielded = true));
    await slice.breathe();
    return hasYielded;
  };
  await new Promise((resolve) => void setImmediate(resolve));

  const yields = [await yieldsAt(100), await yieldsAt(107), await yieldsAt(108)];

  expect(yields).toEqual([false, false, true]);
});
