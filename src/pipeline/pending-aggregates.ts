import { DURATION_BOUNDS_S } from "../lifecycle/signal-table.ts";
import type { Attributes, CountSignal, DurationSignal } from "../lifecycle/signal.ts";
import type { UnitOfWork } from "../store/rows.ts";

type Counter = { readonly metric: string; readonly attributes: string; by: number };

type Histogram = {
  readonly metric: string;
  readonly attributes: string;
  readonly counts: number[];
  sum: number;
  exemplar: string | undefined;
};

/** The example that a histogram gives: a value, when it was over (Unix milliseconds), and the trace that tells it. */
export type Exemplar = {
  readonly value: number;
  readonly timeMs: number;
  readonly traceId: string;
  readonly spanId: string;
};

/** What the next transaction adds to our own counters and histograms. */
export class PendingAggregates {
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();
  /** On every series, besides what it says itself: which shard counted. */
  readonly #shared: Attributes;

  constructor(shared: Attributes = {}) {
    this.#shared = shared;
  }

  get isEmpty(): boolean {
    return this.#counters.size === 0 && this.#histograms.size === 0;
  }

  count({ metric, attributes, by }: CountSignal): void {
    const key = keyOf(metric, attributes);
    const known = this.#counters.get(key);
    if (known === undefined)
      this.#counters.set(key, { metric, attributes: this.#canonical(attributes), by });
    else known.by += by;
  }

  record({ metric, attributes, durationMs, atMs, trace }: DurationSignal): void {
    const key = keyOf(metric, attributes);
    const histogram = this.#histograms.get(key) ?? {
      metric,
      attributes: this.#canonical(attributes),
      counts: [...DURATION_BOUNDS_S, Infinity].map(() => 0),
      sum: 0,
      exemplar: undefined,
    };
    const seconds = durationMs / 1_000;
    const bucket = bucketOf(seconds);
    histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
    histogram.sum += seconds;
    if (trace !== undefined) {
      const { traceId, spanId } = trace;
      const exemplar: Exemplar = { value: seconds, timeMs: atMs, traceId, spanId };
      histogram.exemplar = JSON.stringify(exemplar);
    }
    this.#histograms.set(key, histogram);
  }

  deltas(): Pick<UnitOfWork, "counterDeltas" | "histogramDeltas"> {
    return {
      counterDeltas: [...this.#counters.values()],
      histogramDeltas: [...this.#histograms.values()],
    };
  }

  clear(): void {
    this.#counters.clear();
    this.#histograms.clear();
  }

  /** JSON with sorted keys, so that one series has one text. */
  #canonical(attributes: Attributes): string {
    const all = Object.entries({ ...attributes, ...this.#shared });
    return JSON.stringify(Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1))));
  }
}

/** A bound belongs to the bucket below it (OpenTelemetry's metrics data model, "Histogram"). */
function bucketOf(seconds: number): number {
  const index = DURATION_BOUNDS_S.findIndex((bound) => seconds <= bound);
  return index < 0 ? DURATION_BOUNDS_S.length : index;
}

/** One place makes the attributes of a metric, so their order is the same; only what is stored needs to be sorted. */
function keyOf(metric: string, attributes: Attributes): string {
  return `${metric} ${JSON.stringify(attributes)}`;
}
