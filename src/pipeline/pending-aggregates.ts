import { DURATION_BOUNDS_S } from "../lifecycle/signal-table.ts";
import type { Attributes, CountSignal, DurationSignal } from "../lifecycle/signal.ts";
import type { UnitOfWork } from "../store/rows.ts";
import { BySeries } from "./by-series.ts";

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
  /** Those of earlier transactions are found again, at nothing: spelling their attributes out is what costs. */
  readonly #knownCounters: BySeries<Counter>;
  readonly #knownHistograms: BySeries<Histogram>;
  /** Those that something is added to. */
  readonly #counters = new Set<Counter>();
  readonly #histograms = new Set<Histogram>();

  /** `shared`: on every series, besides what it says itself: which shard counted. */
  constructor(shared: Attributes = {}) {
    this.#knownCounters = new BySeries((metric, own) => {
      return { metric, attributes: canonical({ ...own, ...shared }), by: 0 };
    });
    this.#knownHistograms = new BySeries((metric, own) => {
      const attributes = canonical({ ...own, ...shared });
      const counts = [...DURATION_BOUNDS_S, Infinity].map(() => 0);
      return { metric, attributes, counts, sum: 0, exemplar: undefined };
    });
  }

  get isEmpty(): boolean {
    return this.#counters.size === 0 && this.#histograms.size === 0;
  }

  count({ metric, attributes, by }: CountSignal): void {
    const counter = this.#knownCounters.at(metric, attributes);
    counter.by += by;
    this.#counters.add(counter);
  }

  record({ metric, attributes, durationMs, atMs, trace }: DurationSignal): void {
    const histogram = this.#knownHistograms.at(metric, attributes);
    const seconds = durationMs / 1_000;
    const bucket = bucketOf(seconds);
    histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
    histogram.sum += seconds;
    this.#histograms.add(histogram);
    if (trace === undefined) return;
    const { traceId, spanId } = trace;
    const exemplar: Exemplar = { value: seconds, timeMs: atMs, traceId, spanId };
    histogram.exemplar = JSON.stringify(exemplar);
  }

  deltas(): Pick<UnitOfWork, "counterDeltas" | "histogramDeltas"> {
    return { counterDeltas: [...this.#counters], histogramDeltas: [...this.#histograms] };
  }

  clear(): void {
    for (const counter of this.#counters) counter.by = 0;
    for (const histogram of this.#histograms) {
      histogram.counts.fill(0);
      histogram.sum = 0;
      histogram.exemplar = undefined;
    }
    this.#counters.clear();
    this.#histograms.clear();
  }
}

/** JSON with sorted keys, so that one series has one text. */
function canonical(attributes: Attributes): string {
  const sorted = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}

/** A bound belongs to the bucket below it (OpenTelemetry's metrics data model, "Histogram"). */
function bucketOf(seconds: number): number {
  const index = DURATION_BOUNDS_S.findIndex((bound) => seconds <= bound);
  return index < 0 ? DURATION_BOUNDS_S.length : index;
}
