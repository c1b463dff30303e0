import type { Clock } from "../util/clock.ts";
import type { SendResult, Transport } from "./transport.ts";

export type RetryOptions = {
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded; `Math.random` but for tests. */
  readonly random: () => number;
  readonly report?: (report: RetryReport) => void;
  readonly initialDelayMs?: number;
  readonly maxDelayMs?: number;
};

/** An attempt failed and will be repeated after `delayMs`; `attempt` counts from 1 within one request. */
export type RetryReport = {
  readonly type: "send-failed";
  readonly error: Error;
  readonly attempt: number;
  readonly delayMs: number;
};

const INITIAL_DELAY_MS = 1_000;
const GROWTH = 1.5;
const MAX_DELAY_MS = 30_000;

/** A receiver's own wish counts up to here: a slip of its clock must not silence us for days. */
const MAX_AFTER_MS = 600_000;

/**
 * Sends again what may be sent again, for as long as the signal does not abort: the outbox behind it forgets nothing.
 *
 * Waits 1 s, growing by half to 30 s, each time between half and one and a half of it, so that a fleet of senders
 * does not come back as one; not sooner than the receiver asked for.
 */
export function withRetry(next: Transport, options: RetryOptions): Transport {
  return async (body, signal) => {
    let baseMs = options.initialDelayMs ?? INITIAL_DELAY_MS;
    const maxDelayMs = options.maxDelayMs ?? MAX_DELAY_MS;
    for (let attempt = 1; ; attempt += 1) {
      const result = await next(body, signal);
      if (result.type !== "retryable") return result;
      if (signal.aborted) return { type: "aborted" };
      const delayMs = delayOf(result, Math.min(baseMs, maxDelayMs) * (0.5 + options.random()));
      options.report?.({ type: "send-failed", error: result.error, attempt, delayMs });
      await options.clock.sleep(delayMs, signal);
      if (signal.aborted) return { type: "aborted" };
      baseMs = Math.min(baseMs * GROWTH, maxDelayMs);
    }
  };
}

function delayOf(result: SendResult & { readonly type: "retryable" }, backoffMs: number): number {
  return Math.round(Math.max(backoffMs, Math.min(result.afterMs ?? 0, MAX_AFTER_MS)));
}
