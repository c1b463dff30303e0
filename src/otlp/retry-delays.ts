import type { SendResult } from "./transport.ts";

/** An answer after which the same may be sent again, later. */
export type PauseReason = Extract<SendResult, { readonly type: "retryable" | "unwelcome" }>;

type Schedule = {
  readonly initialMs: number;
  readonly growth: number;
  readonly maxMs: number;
};

/**
 * From 1 s, growing by half to 10 s: with the spread, a receiver that is back is found within 15 s, however long it was
 * away. Who is refused whatever it sends looks less often whether that was mended.
 */
const SCHEDULES: Readonly<Record<PauseReason["type"], Schedule>> = {
  retryable: { initialMs: 1_000, growth: 1.5, maxMs: 10_000 },
  unwelcome: { initialMs: 5_000, growth: 2, maxMs: 60_000 },
};

/** A receiver's own wish counts up to here: a slip of its clock must not silence us for days. */
const MAX_AFTER_MS = 600_000;

/**
 * How long to wait before the next probe of an endpoint that takes nothing, one after another until `reset`.
 *
 * Each time between half and one and a half of the schedule's, so that a fleet of senders does not come back as one; not
 * sooner than the receiver asked for (OTLP specification, "OTLP/gRPC Throttling" and "OTLP/HTTP Throttling").
 */
export class RetryDelays {
  /** From 0 to 1, 1 excluded; `Math.random` but for tests. */
  readonly #random: () => number;
  #reason: PauseReason["type"] = "retryable";
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds until the next attempt. */
  next(result: PauseReason): number {
    // A rollout is unreachable first, and then perhaps not known at its path yet: that begins anew.
    if (result.type !== this.#reason) this.#failures = 0;
    this.#reason = result.type;
    const { initialMs, growth, maxMs } = SCHEDULES[result.type];
    const baseMs = Math.min(initialMs * growth ** this.#failures, maxMs);
    this.#failures += 1;
    const wishMs = result.type === "retryable" ? (result.afterMs ?? 0) : 0;
    return Math.round(Math.max(baseMs * (0.5 + this.#random()), Math.min(wishMs, MAX_AFTER_MS)));
  }

  /** The endpoint takes what is sent. */
  reset(): void {
    this.#failures = 0;
  }
}
