import { setTimeout as sleepFor } from "node:timers/promises";

/** Time as data: whatever waits or stamps takes one of these, so that tests steer it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Resolves after `delayMs` (at most 24.8 days), or at once (never rejects) when the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** What a timer can hold, 24.8 days; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(delayMs, signal) {
    try {
      await sleepFor(
        Math.min(Math.max(0, delayMs), LONGEST_MS),
        undefined,
        signal === undefined ? {} : { signal },
      );
    } catch {
      // Aborted: the caller looks at its signal.
    }
  },
};
