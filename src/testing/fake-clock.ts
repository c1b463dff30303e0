import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../util/clock.ts";

/** A clock that stands still until the test moves it. */
export interface FakeClock extends Clock {
  /**
   * Moves time forward, stopping at each sleep that falls due on the way: `now()` is then exactly its due time, and
   * what was waiting runs (new sleeps included) before the next one is looked for. Equal due times wake in the order
   * in which they were asked for.
   */
  advance(durationMs: number): Promise<void>;
  /** The sleeps that nobody has woken, in the order in which they will be. */
  pending(): readonly PendingSleep[];
  /** Resolves when so many sleeps are pending: for code that comes to its sleep over a real socket. */
  untilPending(count: number): Promise<void>;
}

/** One unfinished `sleep`; `dueAtMs` is Unix milliseconds by the fake clock. */
type PendingSleep = { readonly delayMs: number; readonly dueAtMs: number };

type Sleeper = PendingSleep & { readonly wake: () => void };
type Waiter = { readonly count: number; readonly resolve: () => void };

/** Starts at `startMs` (Unix milliseconds), by default 2026-01-01T00:00:00Z. A sleep of nothing does not wait. */
export function createFakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  let nowMs = startMs;
  const sleepers: Sleeper[] = [];
  const waiters: Waiter[] = [];

  async function advance(durationMs: number): Promise<void> {
    const untilMs = nowMs + durationMs;
    await nextTurn();
    for (
      let next = sleepers[0];
      next !== undefined && next.dueAtMs <= untilMs;
      next = sleepers[0]
    ) {
      nowMs = next.dueAtMs;
      next.wake();
      await nextTurn();
    }
    nowMs = untilMs;
  }

  function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (delayMs <= 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      function wake(): void {
        sleepers.splice(sleepers.indexOf(sleeper), 1);
        signal?.removeEventListener("abort", wake);
        resolve();
      }
      const sleeper: Sleeper = { delayMs, dueAtMs: nowMs + delayMs, wake };
      const later = sleepers.findIndex((other) => other.dueAtMs > sleeper.dueAtMs);
      sleepers.splice(later === -1 ? sleepers.length : later, 0, sleeper);
      signal?.addEventListener("abort", wake, { once: true });
      for (const waiter of waiters.filter(({ count }) => sleepers.length >= count)) {
        waiters.splice(waiters.indexOf(waiter), 1);
        waiter.resolve();
      }
    });
  }

  return {
    now: () => nowMs,
    sleep,
    advance,
    pending: () => sleepers.map(({ delayMs, dueAtMs }) => ({ delayMs, dueAtMs })),
    async untilPending(count) {
      if (sleepers.length >= count) return;
      await new Promise<void>((resolve) => waiters.push({ count, resolve }));
    },
  };
}
