import type { KindFacts } from "../cluster/kube-object.ts";
import { countPoints } from "../lifecycle/object-counts.ts";
import { listPoints } from "../lifecycle/points.ts";
import { DURATION_BOUNDS_S, METRICS } from "../lifecycle/signal-table.ts";
import type { Attributes, ObjectPoints } from "../lifecycle/signal.ts";
import type { HistogramPoint, SumPoint } from "../otlp/encode-metrics.ts";
import type { MetricExporter } from "../otlp/metric-exporter.ts";
import type { SendResult } from "../otlp/transport.ts";
import type { CounterRow, HistogramRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { ObjectCounts } from "./object-counts.ts";
import type { Exemplar } from "./pending-aggregates.ts";
import { union, without } from "./series-pins.ts";

export type AggregatesOptions = {
  readonly store: Store;
  readonly counts: ObjectCounts;
  readonly exporter: MetricExporter;
  readonly kindOf: (watchId: number) => KindFacts | undefined;
  /** Whether nobody knows at the moment how the objects of that watch stand. */
  readonly isBlind: (watchId: number) => boolean;
  readonly clusterName: string | undefined;
  /** On every series: which shard counts. */
  readonly sharedAttributes?: Attributes;
};

/** Sums over objects of one shard are not those of another; without shards there is none. */
export const SHARD_ATTRIBUTE = "lifeline.shard";

/** Our own sums over objects: how many there are by health, and the counters and histograms that the commits keep. */
export class Aggregates {
  readonly #options: AggregatesOptions;
  /** Series of `lifeline.objects` that are out there. */
  #exported = new Map<string, ObjectPoints>();

  constructor(options: AggregatesOptions) {
    this.#options = options;
  }

  async export(timeMs: number, signal: AbortSignal): Promise<SendResult> {
    const counted = await this.#exportCounts(timeMs, signal);
    // What is refused for good must not keep the counters back.
    if (counted.type !== "accepted" && counted.type !== "refused" && counted.type !== "too-large")
      return counted;
    return this.#exportCounters(timeMs, signal);
  }

  async #exportCounts(timeMs: number, signal: AbortSignal): Promise<SendResult> {
    const counted = new Map(this.#count().map((one) => [JSON.stringify(one.identity), one]));
    const held = this.#held();
    const current = new Map([...counted].filter(([key]) => !held.has(key)));
    const out = [...this.#exported].filter(([key]) => !held.has(key));
    const ended = out.map(([key, one]) => {
      const now = current.get(key)?.series ?? [];
      return { identity: one.identity, points: [], ended: without(one, now) };
    });
    const objects = [...current.values()].map((one) => ({
      identity: one.identity,
      points: listPoints(one),
      ended: [],
    }));
    const result = await this.#options.exporter.gauges(
      { objects: [...ended, ...objects], timeMs, unchanged: true },
      signal,
    );
    const kept = [...this.#exported].filter(([key]) => held.has(key));
    this.#exported =
      result.type === "accepted"
        ? new Map([...kept, ...current])
        : unionByKey(this.#exported, current);
    return result;
  }

  /** The counts that a blind watch has a part in: they are not sent, nor ended, until it sees again. */
  #held(): ReadonlySet<string> {
    const { isBlind } = this.#options;
    const counted = this.#count((watchId) => isBlind(watchId));
    return new Set(counted.map(({ identity }) => JSON.stringify(identity)));
  }

  #count(isWanted: (watchId: number) => boolean = () => true): readonly ObjectPoints[] {
    const { counts, kindOf, clusterName, sharedAttributes } = this.#options;
    const rows = [...counts.entries()].flatMap(({ watchId, namespace, health, count }) => {
      const facts = kindOf(watchId);
      if (facts === undefined || !isWanted(watchId)) return [];
      return [
        {
          kind: facts.kind,
          group: facts.group,
          health,
          count,
          ...(namespace === "" ? {} : { namespace }),
        },
      ];
    });
    const counted = countPoints(rows, clusterName === undefined ? {} : { clusterName });
    return counted.map(({ identity, series, values }) => ({
      identity: { ...identity, ...sharedAttributes },
      series,
      values,
    }));
  }

  /** The last export of a process that stops: what is only announced by it has its value a moment later. */
  async finish(timeMs: number, signal: AbortSignal): Promise<SendResult> {
    const isAnnouncing = [...this.#counters(), ...this.#histograms()].some((row) => !row.announced);
    const result = await this.export(timeMs, signal);
    if (result.type !== "accepted" || !isAnnouncing) return result;
    return this.#exportCounters(timeMs + 1, signal);
  }

  /**
   * A counter that is born is first sent as 0, and with its value from the next export on, so that `increase()` sees
   * its first step. Both at the times of their exports: Prometheus takes no request with a point that is older than
   * what it took before, and a series has one value at a time.
   */
  async #exportCounters(timeMs: number, signal: AbortSignal): Promise<SendResult> {
    const { store, exporter } = this.#options;
    const [counters, histograms] = [this.#counters(), this.#histograms()];
    const summed = await exporter.sums(
      counters.map((row) => sumPoint(row, timeMs)),
      signal,
    );
    if (summed.type !== "accepted" || histograms.length === 0) {
      if (summed.type === "accepted") announce(store, counters.filter(isBorn), []);
      return summed;
    }
    const result = await exporter.histograms(
      histograms.map((row) => histogramPoint(row, timeMs)),
      signal,
    );
    announce(
      store,
      counters.filter(isBorn),
      result.type === "accepted" ? histograms.filter(isBorn) : [],
    );
    return result;
  }

  #counters(): readonly CounterRow[] {
    return this.#ours(this.#options.store.counters());
  }

  #histograms(): readonly HistogramRow[] {
    return this.#ours(this.#options.store.histograms());
  }

  /** Those of this shard: another instance counts, and tells, what was this one's under another configuration. */
  #ours<Row extends { readonly metric: string; readonly attributes: string }>(
    rows: readonly Row[],
  ): readonly Row[] {
    const shard = this.#options.sharedAttributes?.[SHARD_ATTRIBUTE];
    return rows.filter(
      (row) => unitOf(row.metric) !== undefined && attributesOf(row)[SHARD_ATTRIBUTE] === shard,
    );
  }
}

function isBorn({ announced }: { readonly announced: boolean }): boolean {
  return !announced;
}

/** If that cannot be written, there are more zeros before the value, which is as true. */
function announce(
  store: Store,
  counters: readonly CounterRow[],
  histograms: readonly HistogramRow[],
): void {
  if (counters.length + histograms.length > 0) store.announceCounters(counters, histograms);
}

function histogramPoint(row: HistogramRow, timeMs: number): HistogramPoint {
  const attributes = attributesOf(row);
  const exemplar =
    row.exemplar === undefined || !row.announced
      ? undefined
      : // Written by `PendingAggregates`, as JSON.
        (JSON.parse(row.exemplar) as Exemplar);
  return {
    metric: row.metric,
    unit: unitOf(row.metric) ?? "",
    attributes,
    counts: row.announced ? row.counts : row.counts.map(() => 0),
    bounds: DURATION_BOUNDS_S,
    sum: row.announced ? row.sum : 0,
    startMs: row.startedAt,
    timeMs,
    ...(exemplar === undefined ? {} : { exemplar }),
  };
}

/** Nobody knows how much of a failed request arrived: whichever series may be out there. */
function unionByKey(
  older: ReadonlyMap<string, ObjectPoints>,
  newer: ReadonlyMap<string, ObjectPoints>,
): Map<string, ObjectPoints> {
  const all = new Map(older);
  for (const [key, one] of newer) all.set(key, union(older.get(key), one) ?? one);
  return all;
}

function sumPoint(row: CounterRow, timeMs: number): SumPoint {
  return {
    metric: row.metric,
    unit: unitOf(row.metric) ?? "",
    attributes: attributesOf(row),
    value: row.announced ? row.value : 0,
    startMs: row.startedAt,
    timeMs,
  };
}

function attributesOf(row: { readonly attributes: string }): Attributes {
  // Written by `PendingAggregates` from Attributes, as JSON.
  return JSON.parse(row.attributes) as Attributes;
}

/** Undefined for a counter that this program does not know: another version's, left alone. */
function unitOf(metric: string): string | undefined {
  return Object.entries(METRICS).find(([name]) => name === metric)?.[1].unit;
}
