import type { Clock } from "../util/clock.ts";

/** `onIdle` is called once, with the reader still waiting; it is expected to abort what the chunks come from. */
export type IdleDeadlineOptions = {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly onIdle: () => void;
};

/**
 * Hands chunks on, and calls `onIdle` when none came for `idleMs` while one was waited for: the time that the consumer
 * takes does not count. Finds connections whose other end is gone without a word.
 */
export async function* withIdleDeadline(
  chunks: AsyncIterable<Uint8Array>,
  options: IdleDeadlineOptions,
): AsyncGenerator<Uint8Array> {
  const { clock, idleMs, onIdle } = options;
  const stop = new AbortController();
  let waitingSinceMs: number | undefined = clock.now();

  async function watchOver(): Promise<void> {
    let delayMs = idleMs;
    while (!stop.signal.aborted) {
      await clock.sleep(delayMs, stop.signal);
      if (stop.signal.aborted) return;
      const idleForMs = waitingSinceMs === undefined ? 0 : clock.now() - waitingSinceMs;
      if (idleForMs >= idleMs) return onIdle();
      delayMs = idleMs - idleForMs;
    }
  }

  void watchOver();
  try {
    for await (const chunk of chunks) {
      waitingSinceMs = undefined;
      yield chunk;
      waitingSinceMs = clock.now();
    }
  } finally {
    stop.abort();
  }
}
