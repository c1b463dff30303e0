import type { AttributeValue, LogSignal, Span, TraceSignal } from "../lifecycle/signal.ts";
import type { OutboxRequest } from "../store/rows.ts";

/** How signals become outbox requests; the encoding's name is stored beside the bytes. */
export type Encoder<Signal> = {
  readonly encoding: string;
  /** What it answers is read before it is asked again, and may be overwritten then. */
  encode(signals: readonly Signal[]): Uint8Array;
};

export type Encoders = {
  /** Absent: that signal is not exported. */
  readonly logs: Encoder<LogSignal> | undefined;
  readonly traces?: Encoder<TraceSignal> | undefined;
};

/** Ids, times and what goes around them, of one span on the wire. */
const SPAN_BYTES = 60;

/** What is said until the next transaction, which will hold it as one request per signal. */
export class PendingRequests {
  readonly #encoders: Encoders;
  #logs: LogSignal[] = [];
  #traces: TraceSignal[] = [];
  #textBytes = 0;
  #wireBytes = 0;

  constructor(encoders: Encoders) {
    this.#encoders = encoders;
  }

  get isEmpty(): boolean {
    return this.#logs.length === 0 && this.#traces.length === 0;
  }

  /** How many things are said. */
  get count(): number {
    return this.#logs.length + this.#traces.length;
  }

  /** Of their texts, about. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** Of what they take in the outbox, about. */
  get wireBytes(): number {
    return this.#wireBytes;
  }

  log(signal: LogSignal): void {
    this.#logs.push(signal);
    let textBytes = signal.body.length;
    let names = 0;
    for (const name in signal.attributes) {
      textBytes += lengthOf(signal.attributes[name]);
      names += name.length;
    }
    this.#textBytes += textBytes;
    this.#wireBytes += textBytes + names;
  }

  trace(signal: TraceSignal): void {
    if (this.#encoders.traces === undefined) return;
    this.#traces.push(signal);
    const bytes = signal.spans.reduce((sum, span) => sum + sizeOf(span), 0);
    this.#textBytes += bytes;
    this.#wireBytes += bytes;
  }

  /** `positions`: what they cover, as JSON. The bodies hold until the next call. */
  encode(positions: string): readonly OutboxRequest[] {
    const { logs, traces } = this.#encoders;
    const requests: OutboxRequest[] = [];
    if (logs !== undefined && this.#logs.length > 0) {
      const { encoding } = logs;
      const [records, body] = [this.#logs.length, logs.encode(this.#logs)];
      requests.push({ signal: "logs", encoding, records, positions, body });
    }
    if (traces !== undefined && this.#traces.length > 0) {
      const { encoding } = traces;
      const records = this.#traces.reduce((sum, { spans }) => sum + spans.length, 0);
      const body = traces.encode(this.#traces);
      requests.push({ signal: "traces", encoding, records, positions, body });
    }
    return requests;
  }

  clear(): void {
    this.#logs = [];
    this.#traces = [];
    this.#textBytes = 0;
    this.#wireBytes = 0;
  }
}

function sizeOf({ name, attributes, events }: Span): number {
  let bytes = SPAN_BYTES + name.length;
  for (const of of [attributes, ...events.map((event) => event.attributes)])
    for (const key in of) bytes += key.length + lengthOf(of[key]);
  return bytes;
}

/** Lists and numbers are small. */
function lengthOf(value: AttributeValue | undefined): number {
  return typeof value === "string" ? value.length : 0;
}
