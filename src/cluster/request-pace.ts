import type { Clock } from "../util/clock.ts";

/** Less than the 20 a second that one client may ask, so that the first lists needn't wait for the last review. */
const PER_SECOND = 17;
const WINDOW_MS = 1000;

/** Lets so many requests begin within any second, in the order in which they come. */
export class RequestPace {
  readonly #clock: Clock;
  /** When the last ones began or will, oldest first. */
  #begun: readonly number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the next request may begin, or the signal aborts. */
  async next(signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const before = this.#begun.length < PER_SECOND ? undefined : this.#begun[0];
    const atMs = Math.max(now, (before ?? -Infinity) + WINDOW_MS);
    this.#begun = [...this.#begun, atMs].slice(-PER_SECOND);
    await this.#clock.sleep(atMs - now, signal);
  }
}
