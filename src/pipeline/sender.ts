import { Buffer } from "node:buffer";
import type { DividedRequest } from "../otlp/divide-request.ts";
import { type PauseReason, RetryDelays } from "../otlp/retry-delays.ts";
import type { SendResult, Transport } from "../otlp/transport.ts";
import type { OutboxRow, OutboxStep } from "../store/rows.ts";
import { isDamage } from "../store/sqlite-error.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { unreachable } from "../util/unreachable.ts";
import { WakeUp } from "../util/wake-up.ts";
import { Bisection } from "./bisection.ts";
import type { PipelineReport } from "./report.ts";
import { RequestSize } from "./request-size.ts";
import { Trust } from "./trust.ts";

const RETRY_MS = 1000;

export type SenderOptions = {
  readonly store: Store;
  readonly signal: "logs" | "traces";
  /** Only rows of this encoding are sent: what another exporter was to send waits for it. */
  readonly encoding: string;
  /** Tries once. */
  readonly transport: Transport;
  /** Reads a row as its records; absent: a row is one whole, and what is refused of it is not kept. */
  readonly divide?: ((body: Uint8Array) => DividedRequest | undefined) | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether this instance may send (leadership); it keeps its outbox otherwise. */
  readonly active: () => boolean;
  /** Called when requests are taken again after they were not. */
  readonly recovered: () => void;
  readonly report: (report: PipelineReport) => void;
};

type Refusal = Extract<SendResult, { readonly type: "refused" | "too-large" }>;

type Answer = { readonly result: SendResult; readonly durationMs: number };

/**
 * Sends the outbox of one signal, oldest first, one request in flight, until each row was acknowledged.
 *
 * Rows go out byte for byte as they were committed, however often; OTLP requests are repeated fields, so consecutive
 * rows are concatenated into one. A row leaves the outbox when the collector took it.
 *
 *     sending ──refused, too large──▶ halves of the rows ──one row──▶ halves of its records ──one record──▶ set aside
 *        ▲ └──unreachable, unwelcome──▶ waiting ──▶ probe: the oldest row alone ──taken──┐
 *        └───────────────────────────────────────────────────────────────────────────────┘
 *
 * What is under way is nowhere but in the outbox: each part that is taken or set aside shortens its row in the same
 * transaction, so that a crash repeats at most the request that it interrupted.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #wake = new WakeUp();
  readonly #delays: RetryDelays;
  readonly #size = new RequestSize();
  readonly #rows = new Bisection();
  readonly #trust = new Trust();
  #failingSinceMs: number | undefined;
  /** That it is to end, while it runs. */
  #stop: AbortSignal | undefined;
  /** Once the process ends: aborted when the endpoint refuses all. */
  #refused: AbortController | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#delays = new RetryDelays(options.random);
  }

  /** There may be something to send. */
  wake(): void {
    this.#wake.ring();
  }

  /**
   * Sends what there is and what comes until `signal` aborts; a request that is under way then goes on until `deadline`,
   * which a wait for the next probe does not: that time belongs to what else is to be sent at the end.
   */
  async run(signal: AbortSignal, deadline: AbortSignal = signal): Promise<void> {
    this.#stop = signal;
    try {
      while (!signal.aborted) {
        await this.drain(deadline);
        await this.#wake.wait(this.#options.clock, signal);
      }
    } finally {
      this.#stop = undefined;
    }
  }

  /**
   * At the end of the process: as `drain`, but an endpoint that refuses whatever it is sent is asked once only. That is
   * not mended within seconds, and a stop should not last until its deadline each time.
   */
  async finish(deadline: AbortSignal): Promise<void> {
    const refused = new AbortController();
    this.#stop = refused.signal;
    this.#refused = refused;
    await this.drain(deadline);
  }

  /** Sends until the outbox is empty, or the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    const { store, encoding } = this.#options;
    while (this.#goesOn(signal)) {
      const batch = store.outboxBatch(this.#options.signal, encoding, this.#size.bytes);
      const rows = batch.slice(0, Math.min(this.#size.rows, this.#rows.next(batch.length)));
      if (rows.length === 0) return;
      await this.#send(rows, signal);
    }
  }

  #goesOn(signal: AbortSignal): boolean {
    return !signal.aborted && this.#stop?.aborted !== true && this.#options.active();
  }

  async #send(rows: readonly OutboxRow[], signal: AbortSignal): Promise<void> {
    const [row] = rows;
    if (row === undefined) return;
    const body = rows.length === 1 ? row.body : Buffer.concat(rows.map((one) => one.body));
    const answer = await this.#request(body, signal);
    const { result } = answer;
    switch (result.type) {
      case "accepted": {
        const { store } = this.#options;
        const ids = rows.map(({ id }) => id);
        await this.#untilWritten(() => store.acknowledge(ids), signal);
        this.#rows.accepted(rows.length);
        const records = rows.reduce((sum, one) => sum + one.records, 0);
        this.#accepted({ ...answer, result }, records);
        return;
      }
      case "too-large":
      case "refused":
        if (result.type === "too-large") this.#size.tooLarge(body.length);
        else this.#rows.refused(rows.length);
        if (rows.length === 1) await this.#isolate(row, answer, signal);
        return;
      case "retryable":
      case "unwelcome":
      case "aborted":
        return await this.#pause(result, signal);
      default:
        unreachable(result);
    }
  }

  async #request(body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const { transport, clock } = this.#options;
    const startedMs = clock.now();
    const result = await transport(body, signal);
    return { result, durationMs: clock.now() - startedMs };
  }

  #accepted(
    { result, durationMs }: Answer & { readonly result: { readonly type: "accepted" } },
    records: number,
  ): void {
    const { signal, clock, report, recovered } = this.#options;
    this.#size.accepted();
    this.#delays.reset();
    this.#trust.accepted();
    if (this.#failingSinceMs !== undefined) {
      const failedMs = clock.now() - this.#failingSinceMs;
      this.#failingSinceMs = undefined;
      report({ type: "export-recovered", signal, failedMs });
      recovered();
    }
    const { rejected, message } = result;
    if (rejected > 0)
      report({ type: "export-rejected", signal, items: rejected, of: records, message });
    const taken = Math.max(0, records - rejected);
    report({ type: "exported", signal, items: taken, durationMs });
  }

  /** One probe at a time from now on, and the next one not at once. */
  async #pause(
    result: Exclude<SendResult, Refusal | { readonly type: "accepted" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    // Its transport answers so only when the signal aborts; if it did otherwise, not in a hot loop.
    if (result.type === "aborted") return await clock.sleep(RETRY_MS, signal);
    this.#size.failed();
    this.#failingSinceMs ??= clock.now();
    this.#options.report(failureOf(this.#options.signal, result));
    if (result.type === "unwelcome") this.#refused?.abort();
    const delayMs = this.#delays.next(result);
    await clock.sleep(delayMs, AbortSignal.any([signal, this.#stop ?? signal]));
  }

  /** A row that was refused alone: what of it is taken goes out, in order, and what is not is set aside. */
  async #isolate(row: OutboxRow, refusal: Answer, signal: AbortSignal): Promise<void> {
    const parts = this.#options.divide?.(row.body) ?? { records: 1, slice: () => row.body };
    const search = new Bisection();
    let start = 0;
    let count = parts.records;
    let answer = refusal;
    while (this.#goesOn(signal)) {
      const end = start + count;
      const left = parts.records - end;
      const part = {
        step: {
          id: row.id,
          rest: left === 0 ? undefined : { records: left, body: parts.slice(end, parts.records) },
        },
        body: parts.slice(start, end),
        parts: count,
        records: parts.records === 1 ? row.records : count,
      };
      const outcome = await this.#settle(part, { answer, search }, signal);
      if (outcome === "held") return;
      if (outcome === "over") start = end;
      if (start === parts.records) return;
      count = search.next(parts.records - start);
      answer = await this.#request(parts.slice(start, start + count), signal);
    }
  }

  /** What an answer means for a part of a row: it is over, is to be divided, or everything waits. */
  async #settle(
    part: Part,
    { answer, search }: { readonly answer: Answer; readonly search: Bisection },
    signal: AbortSignal,
  ): Promise<"over" | "divided" | "held"> {
    const { result } = answer;
    switch (result.type) {
      case "accepted":
        await this.#untilWritten(() => this.#options.store.step(part.step), signal);
        search.accepted(part.parts);
        this.#accepted({ ...answer, result }, part.records);
        return "over";
      case "refused":
      case "too-large":
        if (part.parts === 1) {
          if (!(await this.#setAside(part, result, signal))) return "held";
          search.found();
          this.#rows.found();
          return "over";
        }
        if (result.type === "refused") search.refused(part.parts);
        else search.tooLarge(part.parts);
        return "divided";
      case "retryable":
      case "unwelcome":
      case "aborted":
        await this.#pause(result, signal);
        return "held";
      default:
        return unreachable(result);
    }
  }

  /** False if the refusal is not believed for now: then everything stays as it is, and is tried again later. */
  async #setAside(
    { step, body, records }: Part,
    { error }: Refusal,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { store, clock, report, encoding, divide } = this.#options;
    if (divide === undefined) {
      await this.#untilWritten(() => store.step(step), signal);
      report({ type: "export-refused", signal: this.#options.signal, items: records, error });
      return true;
    }
    if (!this.#trust.believes(clock.now())) {
      await this.#pause({ type: "unwelcome", error }, signal);
      return false;
    }
    const deadLetter = {
      signal: this.#options.signal,
      encoding,
      refusedAtMs: clock.now(),
      reason: error.message,
      body,
    };
    let forgotten = 0;
    await this.#untilWritten(() => {
      const written = store.step({ ...step, deadLetter });
      ({ forgotten } = written);
      return written;
    }, signal);
    const { signal: kind } = this.#options;
    report({ type: "export-set-aside", signal: kind, items: records, error, forgotten });
    return true;
  }

  /** Writes what became of rows; while that fails (a full disk) nothing else is sent, or they would go out for ever. */
  async #untilWritten(
    write: () => ReturnType<Store["acknowledge"]>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, report } = this.#options;
    for (;;) {
      const written = write();
      if (written.type === "committed" || signal.aborted) return;
      if (isDamage(written.error)) throw written.error;
      const error = cannotAcknowledge(written.error);
      report({ type: "export-failed", signal: this.#options.signal, error });
      await clock.sleep(RETRY_MS, signal);
    }
  }
}

/** Some neighbouring parts of a row as one request, and what is left of the row once it is over. */
type Part = {
  readonly step: OutboxStep;
  readonly body: Uint8Array;
  readonly parts: number;
  readonly records: number;
};

function failureOf(signal: SenderOptions["signal"], result: PauseReason): PipelineReport {
  const { type, error } = result;
  switch (type) {
    case "retryable":
      return { type: "export-failed", signal, error };
    case "unwelcome":
      return { type: "export-unwelcome", signal, error };
    default:
      return unreachable(type);
  }
}

function cannotAcknowledge(cause: Error): Error {
  return new Error(
    `Cannot take what was sent out of the state file: ${cause.message}; is its disk full?`,
    { cause },
  );
}
