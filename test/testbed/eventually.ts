import { setTimeout as sleep } from "node:timers/promises";
import { toError } from "../../src/util/to-error.ts";
import { PATIENCE_MS } from "./patience.ts";

type EventuallyOptions = {
  /** How long the assertion may keep failing. */
  readonly timeoutMs?: number;
  /** The pause between two attempts. */
  readonly intervalMs?: number;
};

/**
 * Repeats an assertion until it no longer throws, and returns its value; after the timeout the last failure is thrown
 * as it was, so that its diff is what one sees. An attempt that hangs past the timeout fails as such.
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeoutMs = PATIENCE_MS, intervalMs = 50 } = options;
  const deadline = performance.now() + timeoutMs;
  let last: Error | undefined;
  for (;;) {
    try {
      return await within(assertion, deadline - performance.now());
    } catch (error) {
      const failure = toError(error);
      last = failure instanceof HangError && last !== undefined ? last : failure;
    }
    if (performance.now() + intervalMs >= deadline) throw last;
    await sleep(intervalMs);
  }
}

class HangError extends Error {}

async function within<T>(assertion: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const controller = new AbortController();
  const hang = sleep(timeoutMs, undefined, { signal: controller.signal }).then(() => {
    throw new HangError(
      `Cannot decide: the assertion neither passed nor failed within ${Math.round(timeoutMs)} ms`,
    );
  });
  try {
    return await Promise.race([assertion(), hang]);
  } finally {
    controller.abort();
    hang.catch(() => undefined);
  }
}
