import type { Clock } from "./clock.ts";
import { whenAborted } from "./when-aborted.ts";

/**
 * One sleeper that others can wake: `ring()` before `wait()` is not lost, many rings wake once.
 */
export class WakeUp {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, after `delayMs` if given, or when the signal aborts. */
  async wait(clock: Clock, signal: AbortSignal, delayMs?: number): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const waiting = new AbortController();
      const stop = (): void => waiting.abort();
      this.#wake = stop;
      signal.addEventListener("abort", stop, { once: true });
      await (delayMs === undefined
        ? whenAborted(waiting.signal)
        : clock.sleep(delayMs, waiting.signal));
      signal.removeEventListener("abort", stop);
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}
