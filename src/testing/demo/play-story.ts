import type { Clock } from "../../util/clock.ts";
import type { StoryStep } from "./story-step.ts";

type Stage = {
  readonly clock: Clock;
  /** Unix milliseconds of the day's begin and end: its steps are spread over them. */
  readonly beginMs: number;
  readonly endMs: number;
  readonly perform: (step: StoryStep) => void;
};

/** Performs each step when its time has come and resolves at the day's end, or at once when the signal aborts. */
export async function playStory(
  steps: readonly StoryStep[],
  stage: Stage,
  signal: AbortSignal,
): Promise<void> {
  const { clock, beginMs, endMs, perform } = stage;
  const sleepUntil = (timeMs: number): Promise<void> =>
    clock.sleep(Math.max(0, timeMs - clock.now()), signal);
  for (const step of steps) {
    await sleepUntil(beginMs + step.at * (endMs - beginMs));
    if (signal.aborted) return;
    perform(step);
  }
  await sleepUntil(endMs);
}
