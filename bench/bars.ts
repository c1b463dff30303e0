import { BASELINE_OF_BARS } from "./baseline.ts";
import type { EngineFigures, Measured } from "./engine/engine-figures.ts";
import type { Subject } from "./engine/run-subject.ts";
import type { Figures } from "./figures.ts";
import { mean } from "./mean.ts";

/** One promise: `limit` as people read it, and what came of it. */
export type Bar = {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  /** `not judged`: the input was smaller than that which the bar is about. */
  readonly outcome: "met" | "MISSED" | "not judged";
};

/** The input that the bars are about. */
const FULL = { objects: 10_000, updates: 200_000, large: 100_000 };

const CPU_SECONDS_PER_MILLION_MAX = 70;
/** What the manifests reckon with as long as that is missed: what was measured, on a slow machine. */
export const CPU_SECONDS_PER_MILLION_RECKONED = 180;
/** The manifests' requests and limits of memory stand on this one and the one below. */
export const LARGE_PEAK_MB_MAX = 200;
/** These two are not reached any more. */
export const IDLE_RSS_MB_BELOW = 110;
const START_CPU_SECONDS_BELOW = 0.3;
const DELAY_P99_MS_MAX = 400;
const CPU_TIMES_WITHOUT_TRACES_MAX = 1.1;

/** The same, whatever the machine: in times of what a bare Node takes to parse that stream. */
const CPU_TIMES_BASELINE_MAX = CPU_SECONDS_PER_MILLION_MAX / BASELINE_OF_BARS;

/** Judges the figures; they tighten from release to release. */
export function judgeBars(figures: Figures): readonly Bar[] {
  const { options, updates, baseline, large, idle, traces } = figures;
  const isFullStream = options.objects === FULL.objects && options.updates >= FULL.updates;
  return [
    bar("CPU-seconds per 1M events", {
      limit: `≤ ${CPU_SECONDS_PER_MILLION_MAX}`,
      value: isFullStream ? updates.cpuPerMillion : undefined,
      isMet: (value) => value <= CPU_SECONDS_PER_MILLION_MAX,
    }),
    bar("the same, in times of a bare Node's parsing of that stream", {
      limit: `≤ ${CPU_TIMES_BASELINE_MAX.toFixed(1)}`,
      value: isFullStream ? updates.cpuPerMillion / mean(baseline) : undefined,
      isMet: (value) => value <= CPU_TIMES_BASELINE_MAX,
    }),
    atMost(
      "CPU with traces, in times of that without",
      CPU_TIMES_WITHOUT_TRACES_MAX,
      traces === undefined ? [] : [traces.withTraces.cpuPerMillion / traces.without.cpuPerMillion],
    ),
    bar("peak at 100,000 objects, MB", {
      limit: `≤ ${LARGE_PEAK_MB_MAX}`,
      value: options.large === FULL.large ? large?.memory.peak : undefined,
      isMet: (value) => value <= LARGE_PEAK_MB_MAX,
    }),
    bar("p99 from a change's bytes to its record received, at 200 changes a second, ms", {
      limit: `≤ ${DELAY_P99_MS_MAX}`,
      value: updates.delay?.p99Ms,
      isMet: (value) => value <= DELAY_P99_MS_MAX,
    }),
    bar("idle RSS, MB", {
      limit: `< ${IDLE_RSS_MB_BELOW}`,
      value: idle?.memory.rss,
      isMet: (value) => value < IDLE_RSS_MB_BELOW,
    }),
    bar("CPU-seconds from start to the first request", {
      limit: `< ${START_CPU_SECONDS_BELOW}`,
      value: idle?.start.firstRequestCpuSeconds,
      isMet: (value) => value < START_CPU_SECONDS_BELOW,
    }),
  ];
}

/** The input that the engine's bars are about. */
const FULL_ENGINE = { objects: 10_000, updates: 200_000, large: 100_000, reconnects: 1000 };

const ENGINE_CPU_SECONDS_PER_MILLION_MAX = 15;
const ENGINE_CPU_TIMES_BASELINE_MAX = ENGINE_CPU_SECONDS_PER_MILLION_MAX / BASELINE_OF_BARS;
const LOOK_PEAK_TIMES_WORK_MAX = 1.2;
const LOOK_EVENT_LOOP_P99_MS_MAX = 50;
/** One for the watch, and the few that everything else shares. */
const CONNECTIONS_MAX = 5;

/** Judges our engine; of several looks of ours the worst counts. */
export function judgeEngineBars(figures: EngineFigures): readonly Bar[] {
  const { options } = figures;
  const isFullStream =
    options.objects === FULL_ENGINE.objects && options.updates >= FULL_ENGINE.updates;
  const cpu = ours(figures.events).map(({ cpuPerMillion }) => cpuPerMillion);
  const bare = taken(figures.events).flatMap(({ subject, cpuPerMillion }) =>
    subject.isBare ? [cpuPerMillion] : [],
  );
  const looks = options.large === FULL_ENGINE.large ? ours(figures.looks) : [];
  const connections = ours(figures.reconnects).map((row) => row.connections);
  return [
    atMost(
      "engine: CPU-seconds per 1M events",
      ENGINE_CPU_SECONDS_PER_MILLION_MAX,
      isFullStream ? cpu : [],
    ),
    atMost(
      "engine: the same, in times of a bare Node's parsing of that stream",
      ENGINE_CPU_TIMES_BASELINE_MAX,
      isFullStream && bare.length > 0 ? cpu.map((value) => value / mean(bare)) : [],
    ),
    atMost(
      "engine: peak of a look at 100,000 objects, in times of the memory at work",
      LOOK_PEAK_TIMES_WORK_MAX,
      looks.map(({ peakMb, workMb }) => peakMb / workMb),
    ),
    atMost(
      "engine: event-loop delay p99 in that look, ms",
      LOOK_EVENT_LOOP_P99_MS_MAX,
      looks.map(({ eventLoopP99Ms }) => eventLoopP99Ms),
    ),
    atMost(
      "engine: TCP connections after 1,000 reconnects",
      CONNECTIONS_MAX,
      options.reconnects >= FULL_ENGINE.reconnects ? connections : [],
    ),
  ];
}

/** Rows that were measured. */
function taken<Row extends object>(
  rows: readonly Measured<Row>[],
): readonly (Row & { readonly subject: Subject })[] {
  return rows.flatMap((row) => (row.failure === undefined ? [row] : []));
}

function ours<Row extends object>(rows: readonly Measured<Row>[]): readonly Row[] {
  return taken(rows).filter(({ subject }) => subject.isOurs);
}

/** Judges the largest of the values, if there is any. */
function atMost(what: string, max: number, values: readonly number[]): Bar {
  return bar(what, {
    limit: `≤ ${max}`,
    value: values.length === 0 ? undefined : Math.max(...values),
    isMet: (value) => value <= max,
  });
}

/** Below this, tenths are too coarse beside a limit of 1.2. */
const FEW = 2;

type Judged = {
  readonly limit: string;
  readonly value: number | undefined;
  readonly isMet: (value: number) => boolean;
};

function bar(what: string, { limit, value, isMet }: Judged): Bar {
  if (value === undefined) return { what, limit, measured: "–", outcome: "not judged" };
  const measured = value < FEW ? value.toFixed(2) : value.toFixed(1);
  return { what, limit, measured, outcome: isMet(value) ? "met" : "MISSED" };
}
