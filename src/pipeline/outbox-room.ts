import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import type { PipelineReport } from "./report.ts";

/** Room returns below this share of the bound, so that it is not full again with the next change. */
const LOW_WATER = 0.8;

export type OutboxRoomOptions = {
  readonly store: Store;
  readonly signal: "logs";
  readonly encoding: string;
  /** Bound of what waits for the collector, in bytes. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
};

/**
 * Whether what is said finds room among what waits for the collector. Of other encodings nothing counts: the collector
 * of this run will never take it.
 *
 * ```
 *   room ── maxBytes ──▶ full ── below LOW_WATER ──▶ room, behind ── all withheld was told ──▶ room
 * ```
 */
export class OutboxRoom {
  readonly #options: OutboxRoomOptions;
  #isFull = false;
  #behindSinceMs: number | undefined;
  #vanished = 0;

  constructor(options: OutboxRoomOptions) {
    this.#options = options;
    if (options.store.withheldCount > 0) this.#behindSinceMs = options.clock.now();
  }

  /** Whether it was full, and what it had no room for was not all told since. */
  get isBehind(): boolean {
    return this.#behindSinceMs !== undefined;
  }

  /** `pendingBytes`: what is said already but not written yet. */
  isFull(pendingBytes: number): boolean {
    const { store, signal, encoding, maxBytes, clock, report } = this.#options;
    const sizeBytes = store.outboxSizeBytes(signal, encoding) + pendingBytes;
    this.#isFull = sizeBytes >= (this.#isFull ? maxBytes * LOW_WATER : maxBytes);
    if (this.#isFull && this.#behindSinceMs === undefined) {
      this.#behindSinceMs = clock.now();
      report({ type: "outbox-full", sizeBytes, maxBytes });
    }
    return this.#isFull;
  }

  /** So many changes were of an object that came and went while there was no room. */
  vanished(changes: number): void {
    this.#vanished += changes;
  }

  /** All that was withheld and can be told now was told: as so many net changes, for so many changes. */
  caughtUp(told: { readonly netChanges: number; readonly changes: number }): void {
    if (this.#behindSinceMs === undefined) return;
    const { clock, report } = this.#options;
    report({
      type: "outbox-caught-up",
      behindMs: clock.now() - this.#behindSinceMs,
      netChanges: told.netChanges,
      changes: told.changes + this.#vanished,
    });
    this.#behindSinceMs = undefined;
    this.#vanished = 0;
  }
}
