import type { Meter } from "@opentelemetry/api";

/** One instrument about the process itself; docs/signals.md tells them from here. */
export type SelfMetricFacts = {
  readonly unit: string;
  readonly description: string;
  /** Names of its attributes. */
  readonly attributes: readonly string[];
};

export type CounterName =
  | "lifeline.watch.relists"
  | "lifeline.watch.fallbacks"
  | "lifeline.watch.reconnects"
  | "lifeline.watch.skipped"
  | "lifeline.watch.blind"
  | "lifeline.watch.failures"
  | "lifeline.watch.transitions"
  | "lifeline.history.changes"
  | "lifeline.history.skipped"
  | "lifeline.outbox.collapsed"
  | "lifeline.outbox.dropped"
  | "lifeline.export.requests"
  | "lifeline.export.items"
  | "lifeline.export.rejected"
  | "lifeline.export.dead_letters"
  | "lifeline.process.errors";

export type HistogramName =
  | "lifeline.watch.list.duration"
  | "lifeline.history.change.duration"
  | "lifeline.history.commit.duration"
  | "lifeline.export.duration";

export type GaugeName =
  | "lifeline.watch.silence"
  | "lifeline.watch.state"
  | "lifeline.watch.forbidden"
  | "lifeline.history.objects"
  | "lifeline.outbox.records"
  | "lifeline.outbox.size"
  | "lifeline.outbox.age"
  | "lifeline.outbox.behind"
  | "lifeline.export.series"
  | "lifeline.process.event_loop.delay"
  | "lifeline.process.memory";

/** Counters that somebody else counts, and that are only read when they are exported. */
export type ObservedCounterName = "lifeline.watch.events";

export const COUNTERS: Readonly<Record<CounterName, SelfMetricFacts>> = {
  "lifeline.watch.relists": {
    unit: "{relist}",
    description:
      "Times that a kind had to be listed anew, because the watch could not go on from where it was",
    attributes: ["watch", "reason"],
  },
  "lifeline.watch.fallbacks": {
    unit: "{fallback}",
    description:
      "Times that a kind was listed page by page, because the API server would not stream what exists",
    attributes: ["watch", "reason"],
  },
  "lifeline.watch.reconnects": {
    unit: "{reconnect}",
    description: "Times that a watch ended and was asked for again from its last position",
    attributes: ["watch", "cause"],
  },
  "lifeline.watch.skipped": {
    unit: "{event}",
    description:
      "Watch events and list items that were passed over: unreadable, or older than what is known",
    attributes: ["watch", "reason"],
  },
  "lifeline.watch.blind": {
    unit: "{time}",
    description: "Times that a watch gave no sign of life for 5 minutes, and its gauges were held",
    attributes: ["watch"],
  },
  "lifeline.watch.failures": {
    unit: "{failure}",
    description:
      "Requests of a watch that failed, by the status that the API server answered, such as 403 (also where an access review says that it would); `none` where no answer came, or it broke off",
    attributes: ["watch", "status"],
  },
  "lifeline.watch.transitions": {
    unit: "{transition}",
    description: "Times that a watch came to listing, watching, waiting or stopped",
    attributes: ["watch", "state"],
  },
  "lifeline.history.changes": {
    unit: "{change}",
    description: "Changes of objects that were written to the state file",
    attributes: [],
  },
  "lifeline.history.skipped": {
    unit: "{change}",
    description: "Changes that were skipped because making sense of the object failed",
    attributes: ["watch"],
  },
  "lifeline.outbox.collapsed": {
    unit: "{change}",
    description:
      "Changes that found no room in the outbox: told later, all of an object as one, or never, of one that came and went",
    attributes: [],
  },
  "lifeline.outbox.dropped": {
    unit: "{span}",
    description: "Spans of traces that ended while the outbox had no room: nobody will see them",
    attributes: [],
  },
  "lifeline.export.requests": {
    unit: "{request}",
    description:
      "OTLP requests by what became of them: accepted, failed (tried again), refused (for good)",
    attributes: ["signal", "outcome"],
  },
  "lifeline.export.items": {
    unit: "{item}",
    description: "Records and points that the collector took",
    attributes: ["signal"],
  },
  "lifeline.export.rejected": {
    unit: "{item}",
    description:
      "Records and points that the collector rejected for good: with their whole request, or some of one, which it does not name, so that they can't be kept",
    attributes: ["signal"],
  },
  "lifeline.export.dead_letters": {
    unit: "{record}",
    description: "Log records that were refused for good: kept, forgotten (oldest first)",
    attributes: ["outcome"],
  },
  "lifeline.process.errors": {
    unit: "{error}",
    description: "What went wrong, by stage: cluster, lifecycle, otlp, pipeline, store",
    attributes: ["stage"],
  },
};

export const HISTOGRAMS: Readonly<Record<HistogramName, SelfMetricFacts>> = {
  "lifeline.watch.list.duration": {
    unit: "s",
    description: "Time that a whole list took, page by page and what was done with it included",
    attributes: [],
  },
  "lifeline.history.change.duration": {
    unit: "s",
    description: "Time that one change took to be written: the mean of its commit",
    attributes: [],
  },
  "lifeline.history.commit.duration": {
    unit: "s",
    description: "Time that one commit took to be written to the state file",
    attributes: [],
  },
  "lifeline.export.duration": {
    unit: "s",
    description: "Time from sending a request to the collector's answer",
    attributes: ["signal"],
  },
};

export const GAUGES: Readonly<Record<GaugeName, SelfMetricFacts>> = {
  "lifeline.watch.silence": {
    unit: "s",
    description:
      "Time since a watch last gave a sign of life: an event, a bookmark, a page of a list, the answer that it is open; before the first, since its start",
    attributes: ["watch"],
  },
  "lifeline.watch.state": {
    unit: "{watch}",
    description:
      "1 for what a watch does now: starting, listing, watching, waiting (to try again), forbidden, missing (not served), held (the state file can't be written), stopped; 0 for what it did before",
    attributes: ["watch", "state"],
  },
  "lifeline.watch.forbidden": {
    unit: "{watch}",
    description: "Watches that are asked for, but not allowed at present",
    attributes: [],
  },
  "lifeline.history.objects": {
    unit: "{object}",
    description: "Objects that are held",
    attributes: ["watch"],
  },
  "lifeline.outbox.records": {
    unit: "{record}",
    description: "Log records that wait for the collector",
    attributes: [],
  },
  "lifeline.outbox.size": {
    unit: "By",
    description: "Bytes that wait for the collector",
    attributes: [],
  },
  "lifeline.outbox.age": {
    unit: "s",
    description: "How long the oldest of what waits for the collector has been waiting",
    attributes: [],
  },
  "lifeline.outbox.behind": {
    unit: "{object}",
    description: "Objects whose last changes wait for room in the outbox",
    attributes: [],
  },
  "lifeline.export.series": {
    unit: "{series}",
    description: "Object series that are live",
    attributes: [],
  },
  "lifeline.process.event_loop.delay": {
    unit: "s",
    description: "How late the event loop came back to its work since the last export",
    attributes: ["quantile"],
  },
  "lifeline.process.memory": {
    unit: "By",
    description: "Memory of the process",
    attributes: ["type"],
  },
};

export const OBSERVED_COUNTERS: Readonly<Record<ObservedCounterName, SelfMetricFacts>> = {
  "lifeline.watch.events": {
    unit: "{event}",
    description: "Events that a watch gave",
    attributes: ["watch"],
  },
};

type AttributeValues = Readonly<Record<string, string>>;

/** The instruments that are fed as things happen; all of the two tables. */
export interface SelfMetrics {
  add(name: CounterName, by: number, attributes?: AttributeValues): void;
  record(name: HistogramName, value: number, attributes?: AttributeValues): void;
}

/** From a tenth of a millisecond (one change) to ten seconds (a collector's timeout). */
const SECONDS_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Creates all instruments of both tables. */
export function createSelfMetrics(meter: Meter): SelfMetrics {
  const counters = new Map(
    Object.entries(COUNTERS).map(([name, facts]) => [name, meter.createCounter(name, facts)]),
  );
  const advice = { explicitBucketBoundaries: SECONDS_BUCKETS };
  const histograms = new Map(
    Object.entries(HISTOGRAMS).map(([name, facts]) => [
      name,
      meter.createHistogram(name, { ...facts, advice }),
    ]),
  );
  return {
    add: (name, by, attributes) => counters.get(name)?.add(by, attributes),
    record: (name, value, attributes) => histograms.get(name)?.record(value, attributes),
  };
}
