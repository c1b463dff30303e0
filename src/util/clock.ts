import { setTimeout as sleepFor } from "node:timers/promises";

/** Time as data: whatever waits or stamps takes one of these, so that tests steer it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Resolves after `delayMs`, or at once (never rejects) when the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(delayMs, signal) {
    try {
      await sleepFor(delayMs, undefined, signal === undefined ? {} : { signal });
    } catch {
      // Aborted: the caller looks at its signal.
    }
  },
};
