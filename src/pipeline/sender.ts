import type { Transport } from "../otlp/transport.ts";
import type { OutboxRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { unreachable } from "../util/unreachable.ts";
import { WakeUp } from "../util/wake-up.ts";
import type { PipelineReport } from "./report.ts";

/** The collector's default limit is 4 MiB; this leaves room for its own framing. */
const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

const RETRY_MS = 1000;

export type SenderOptions = {
  readonly store: Store;
  readonly signal: "logs";
  /** Only rows of this encoding are sent: what another exporter was to send waits for it. */
  readonly encoding: string;
  /** Retries by itself what the collector may take later, until its signal aborts. */
  readonly transport: Transport;
  readonly clock: Clock;
  /** Whether this instance may send (leadership); it keeps its outbox otherwise. */
  readonly active: () => boolean;
  readonly report: (report: PipelineReport) => void;
};

/**
 * Sends the outbox of one signal, oldest first, one request in flight, until each row was acknowledged.
 *
 * Rows go out byte for byte as they were committed, however often; OTLP requests are repeated fields, so consecutive
 * rows are concatenated into one. A row leaves the outbox when the collector took it, or refused it for good.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #wake = new WakeUp();
  #maxRows = Number.POSITIVE_INFINITY;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** There may be something to send. */
  wake(): void {
    this.#wake.ring();
  }

  /** Sends what there is and what comes until `signal` aborts; what is under way then goes on until `deadline`. */
  async run(signal: AbortSignal, deadline: AbortSignal = signal): Promise<void> {
    while (!signal.aborted) {
      await this.drain(deadline);
      await this.#wake.wait(this.#options.clock, signal);
    }
  }

  /** Sends until the outbox is empty, or the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    const { store, encoding, active } = this.#options;
    while (!signal.aborted && active()) {
      const rows = store
        .outboxBatch(this.#options.signal, encoding, MAX_REQUEST_BYTES)
        .slice(0, this.#maxRows);
      if (rows.length === 0) return;
      await this.#send(rows, signal);
    }
  }

  async #send(rows: readonly OutboxRow[], signal: AbortSignal): Promise<void> {
    const { transport, clock, report } = this.#options;
    const body =
      rows.length === 1 && rows[0] !== undefined
        ? rows[0].body
        : Buffer.concat(rows.map((row) => row.body));
    const startedMs = clock.now();
    const result = await transport(body, signal);
    const records = rows.reduce((sum, row) => sum + row.records, 0);
    switch (result.type) {
      case "accepted":
        await this.#acknowledge(rows, signal);
        this.#maxRows = Number.POSITIVE_INFINITY;
        if (result.rejected > 0)
          report({
            type: "export-rejected",
            signal: "logs",
            items: result.rejected,
            message: result.message,
          });
        report({
          type: "exported",
          signal: "logs",
          items: records - result.rejected,
          durationMs: clock.now() - startedMs,
        });
        return;
      case "too-large":
      case "refused":
        await this.#divide(rows, { error: result.error, signal });
        return;
      case "retryable":
      case "aborted":
        // Its transport does not come back with these before the signal aborts; if one did, not in a hot loop.
        await clock.sleep(RETRY_MS, signal);
        return;
      default:
        unreachable(result);
    }
  }

  /** Smaller requests until one row stands alone: what is refused then is lost, and only that. */
  async #divide(
    rows: readonly OutboxRow[],
    refusal: { readonly error: Error; readonly signal: AbortSignal },
  ): Promise<void> {
    const [row] = rows;
    if (row === undefined) return;
    if (rows.length > 1) {
      this.#maxRows = Math.floor(rows.length / 2);
      return;
    }
    await this.#acknowledge(rows, refusal.signal);
    this.#maxRows = Number.POSITIVE_INFINITY;
    const { error } = refusal;
    this.#options.report({ type: "export-refused", signal: "logs", items: row.records, error });
  }

  /** Takes rows out of the outbox; while that fails (a full disk) nothing else is sent, or they would go out for ever. */
  async #acknowledge(rows: readonly OutboxRow[], signal: AbortSignal): Promise<void> {
    const { store, clock, report } = this.#options;
    const ids = rows.map((row) => row.id);
    for (;;) {
      const written = store.acknowledge(ids);
      if (written.type === "committed" || signal.aborted) return;
      report({ type: "export-failed", signal: "logs", error: cannotAcknowledge(written.error) });
      await clock.sleep(RETRY_MS, signal);
    }
  }
}

function cannotAcknowledge(cause: Error): Error {
  return new Error(
    `Cannot take what was sent out of the state file: ${cause.message}; is its disk full?`,
    { cause },
  );
}
