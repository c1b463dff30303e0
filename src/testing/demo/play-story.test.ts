import { expect, test } from "vitest";
import { createFakeClock } from "../fake-clock.ts";
import { playStory } from "./play-story.ts";
import type { StoryStep } from "./story-step.ts";

const STEPS: readonly StoryStep[] = [0, 0.25, 0.5].map((at) => ({
  at,
  type: "chapter",
  title: String(at),
}));

test("playStory spreads its steps over the day and ends with it", async () => {
  const clock = createFakeClock(1000);
  const played: [number, number][] = [];
  const perform = ({ at }: StoryStep): number => played.push([at, clock.now()]);
  const stage = { clock, beginMs: 1000, endMs: 9000, perform };
  const playing = playStory(STEPS, stage, new AbortController().signal);

  await clock.advance(7999);
  const left = clock.pending();
  await clock.advance(1);

  await playing;
  expect(played).toEqual([
    [0, 1000],
    [0.25, 3000],
    [0.5, 5000],
  ]);
  expect(left).toMatchObject([{ dueAtMs: 9000 }]);
});

test("playStory catches up when it is late", async () => {
  const clock = createFakeClock(60_000);
  const played: number[] = [];

  await playStory(
    STEPS,
    { clock, beginMs: 0, endMs: 100, perform: ({ at }) => played.push(at) },
    new AbortController().signal,
  );

  expect(played).toEqual([0, 0.25, 0.5]);
});

test("playStory performs nothing more once the signal aborts", async () => {
  const clock = createFakeClock(0);
  const stop = new AbortController();
  const played: number[] = [];
  const playing = playStory(
    STEPS,
    { clock, beginMs: 0, endMs: 100, perform: ({ at }) => played.push(at) },
    stop.signal,
  );
  await clock.advance(30);

  stop.abort();

  await playing;
  expect(played).toEqual([0, 0.25]);
});
