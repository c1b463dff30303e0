import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import type { PipelineReport } from "./report.ts";

/** Spans take no more than this share of the bound: a tracing backend that is away for long leaves records the rest. */
const SPANS_SHARE = 0.5;
/** Room returns below this share of the bound, so that it is not full again with the next change. */
const LOW_WATER = 0.8;

export type OutboxRoomOptions = {
  readonly store: Store;
  /** What counts: the signals that this run sends, each in its encoding. */
  readonly queues: readonly { readonly signal: "logs" | "traces"; readonly encoding: string }[];
  /** Bound of all that waits for the collector, in bytes. */
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
 *                                                       └── what is left waits for its watch: not caught up
 * ```
 */
export class OutboxRoom {
  readonly #options: OutboxRoomOptions;
  #isFull = false;
  #isSaidFull = false;
  #isBehind = false;
  /** Since when it has not all been told. */
  #untoldSinceMs: number | undefined;
  #told = { netChanges: 0, changes: 0 };

  constructor(options: OutboxRoomOptions) {
    this.#options = options;
    if (options.store.withheldCount > 0) this.#fallBehind();
  }

  /** Whether it was full, and what it had no room for, and can be told, was not all told since. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Whether it is still to be said that all was told. */
  get owesWord(): boolean {
    return this.#untoldSinceMs !== undefined;
  }

  /** `pendingBytes`: what is said already but not written yet. */
  isFull(pendingBytes: number): boolean {
    const { store, queues, maxBytes, report } = this.#options;
    let sizeBytes = pendingBytes;
    for (const { signal, encoding } of queues) sizeBytes += store.outboxSizeBytes(signal, encoding);
    this.#isFull = sizeBytes >= (this.#isFull ? maxBytes * LOW_WATER : maxBytes);
    if (!this.#isFull) return false;
    this.#fallBehind();
    if (!this.#isSaidFull) report({ type: "outbox-full", sizeBytes, maxBytes });
    this.#isSaidFull = true;
    return true;
  }

  /** Whether one more trace finds room: spans that wait must not crowd out records. */
  takesTraces(pendingBytes: number): boolean {
    const { store, queues, maxBytes } = this.#options;
    const encoding = queues.find(({ signal }) => signal === "traces")?.encoding ?? "";
    const isOver = store.outboxSizeBytes("traces", encoding) >= maxBytes * SPANS_SHARE;
    return !isOver && !this.isFull(pendingBytes);
  }

  /** So many changes were of an object that came and went while there was no room. */
  vanished(changes: number): void {
    this.#told.changes += changes;
  }

  /**
   * All that was withheld and can be told now was told: as so many net changes, for so many changes. `left`: of how many
   * objects something waits still, as nobody watches them now.
   */
  caughtUp(told: { readonly netChanges: number; readonly changes: number }, left: number): void {
    this.#isBehind = false;
    this.#told.netChanges += told.netChanges;
    this.#told.changes += told.changes;
    if (this.#untoldSinceMs === undefined || left > 0) return;
    const { clock, report } = this.#options;
    const behindMs = clock.now() - this.#untoldSinceMs;
    report({ type: "outbox-caught-up", behindMs, ...this.#told });
    this.#untoldSinceMs = undefined;
    this.#isSaidFull = false;
    this.#told = { netChanges: 0, changes: 0 };
  }

  #fallBehind(): void {
    this.#isBehind = true;
    this.#untoldSinceMs ??= this.#options.clock.now();
  }
}
