import type { Clock } from "../util/clock.ts";

/** What an API server takes from one client without noticing; far more than a daemon needs once it has begun. */
export const REQUESTS_PER_SECOND = 20;

/** Of these, what reviews and probes may take, so that the first lists needn't wait for the last review. */
export const REVIEWS_PER_SECOND = 17;

const SECOND_MS = 1_000;

/**
 * Leaves for requests, at most so many within any second, in the order in which they are asked for: a start with hundreds of
 * kinds is no burst for the API server. A token bucket would let twice as many pass in its first second.
 */
export class RequestBudget {
  readonly #clock: Clock;
  readonly #perSecond: number;
  /** When the last ones may go or went, Unix milliseconds, oldest first. */
  readonly #leaves: number[] = [];
  #askedAtMs = -Infinity;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Resolves when the request may go, or at once when the signal aborts: what it would have used is not given back. */
  async wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const nowMs = this.#clock.now();
    // The clock was set back: nobody waits until it is where it was.
    if (nowMs < this.#askedAtMs) this.#leaves.length = 0;
    this.#askedAtMs = nowMs;
    const first = this.#leaves.length < this.#perSecond ? undefined : this.#leaves.shift();
    const leaveMs = first === undefined ? nowMs : Math.max(nowMs, first + SECOND_MS);
    this.#leaves.push(leaveMs);
    if (leaveMs > nowMs) await this.#clock.sleep(leaveMs - nowMs, signal);
  }
}
