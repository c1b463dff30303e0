import type { Meter, ObservableResult } from "@opentelemetry/api";
import { GAUGES, type GaugeName, OBSERVED_COUNTERS } from "./self-metrics.ts";

/** What is only looked at when it is exported: every function is cheap and never throws. */
export type Observations = {
  readonly watches: () => readonly WatchObservation[];
  /** How many watches are not allowed at present. */
  readonly forbidden: () => number;
  /** Undefined: it cannot be read now. */
  readonly outbox: () => OutboxObservation | undefined;
  /** How many objects' last changes wait for room in the outbox. */
  readonly behind: () => number;
  /** How many object series are live. */
  readonly liveSeries: () => number;
  readonly memory: () => {
    readonly rss: number;
    readonly heapUsed: number;
    readonly external: number;
  };
  /** Resets what it measures, so that each export tells of its own interval. */
  readonly eventLoopDelay: () => EventLoopDelay;
};

/** One watch as it stands; `silenceMs` is the time since its last sign of life or, before the first, since its start. */
type WatchObservation = {
  readonly watch: string;
  readonly events: number;
  readonly objects: number;
  readonly silenceMs: number;
  readonly state: string;
  /** Those that it was in before, but is not in now. */
  readonly formerStates: readonly string[];
};

/** `ageMs`: how long its oldest record has been waiting; 0 when it is empty. */
export type OutboxObservation = {
  readonly records: number;
  readonly sizeBytes: number;
  readonly ageMs: number;
};

/** Milliseconds at the median, at the 99th percentile, and at worst. */
export type EventLoopDelay = {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

const MS_PER_S = 1_000;

/** Connects all observed instruments to what they observe. */
export function observe(meter: Meter, observations: Observations): void {
  const gauge = (name: GaugeName, callback: (result: ObservableResult) => void): void =>
    meter.createObservableGauge(name, GAUGES[name]).addCallback(callback);

  observeWatches(meter, observations.watches);
  const ofOutbox = (name: GaugeName, value: (outbox: OutboxObservation) => number): void =>
    gauge(name, (result) => {
      const outbox = observations.outbox();
      if (outbox !== undefined) result.observe(value(outbox));
    });

  gauge("lifeline.watch.forbidden", (result) => result.observe(observations.forbidden()));
  ofOutbox("lifeline.outbox.records", ({ records }) => records);
  ofOutbox("lifeline.outbox.size", ({ sizeBytes }) => sizeBytes);
  ofOutbox("lifeline.outbox.age", ({ ageMs }) => ageMs / MS_PER_S);
  gauge("lifeline.outbox.behind", (result) => result.observe(observations.behind()));
  gauge("lifeline.export.series", (result) => result.observe(observations.liveSeries()));
  gauge("lifeline.process.memory", (result) => {
    const { rss, heapUsed, external } = observations.memory();
    result.observe(rss, { type: "rss" });
    result.observe(heapUsed, { type: "heap_used" });
    result.observe(external, { type: "external" });
  });
  gauge("lifeline.process.event_loop.delay", (result) => {
    const { p50Ms, p99Ms, maxMs } = observations.eventLoopDelay();
    result.observe(p50Ms / MS_PER_S, { quantile: "0.5" });
    result.observe(p99Ms / MS_PER_S, { quantile: "0.99" });
    result.observe(maxMs / MS_PER_S, { quantile: "1" });
  });
}

function observeWatches(meter: Meter, watches: Observations["watches"]): void {
  const silence = meter.createObservableGauge(
    "lifeline.watch.silence",
    GAUGES["lifeline.watch.silence"],
  );
  const objects = meter.createObservableGauge(
    "lifeline.history.objects",
    GAUGES["lifeline.history.objects"],
  );
  const states = meter.createObservableGauge(
    "lifeline.watch.state",
    GAUGES["lifeline.watch.state"],
  );
  const events = meter.createObservableCounter(
    "lifeline.watch.events",
    OBSERVED_COUNTERS["lifeline.watch.events"],
  );
  meter.addBatchObservableCallback(
    (result) => {
      for (const seen of watches()) {
        const attributes = { watch: seen.watch };
        result.observe(events, seen.events, attributes);
        result.observe(objects, seen.objects, attributes);
        result.observe(silence, seen.silenceMs / MS_PER_S, attributes);
        result.observe(states, 1, { ...attributes, state: seen.state });
        // Who only stopped sending it would leave it standing for five minutes in Prometheus.
        for (const state of seen.formerStates) result.observe(states, 0, { ...attributes, state });
      }
    },
    [silence, objects, events, states],
  );
}
