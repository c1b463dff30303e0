import { BASELINE_OF_BARS } from "./baseline.ts";
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

export const CPU_SECONDS_PER_MILLION_MAX = 90;
/** The manifests' requests and limits stand on this one, the one above and the one below. */
export const LARGE_PEAK_MB_MAX = 260;
/** These two are not reached any more. */
export const IDLE_RSS_MB_BELOW = 110;
const START_CPU_SECONDS_BELOW = 0.3;

/** The same, whatever the machine: in times of what a bare Node takes to parse that stream. */
const CPU_TIMES_BASELINE_MAX = CPU_SECONDS_PER_MILLION_MAX / BASELINE_OF_BARS;

/** Judges the figures; they tighten from release to release. */
export function judgeBars({ options, updates, baseline, large, idle }: Figures): readonly Bar[] {
  const isFullStream = options.objects === FULL.objects && options.updates >= FULL.updates;
  return [
    bar("CPU-seconds per 1M events", {
      limit: `≤ ${CPU_SECONDS_PER_MILLION_MAX}`,
      value: isFullStream ? updates.cpuPerMillion : undefined,
      isMet: (value) => value <= CPU_SECONDS_PER_MILLION_MAX,
    }),
    bar("the same, in times of a bare Node's parsing of that stream", {
      limit: `≤ ${CPU_TIMES_BASELINE_MAX}`,
      value: isFullStream ? updates.cpuPerMillion / mean(baseline) : undefined,
      isMet: (value) => value <= CPU_TIMES_BASELINE_MAX,
    }),
    bar("peak at 100,000 objects, MB", {
      limit: `≤ ${LARGE_PEAK_MB_MAX}`,
      value: options.large === FULL.large ? large?.memory.peak : undefined,
      isMet: (value) => value <= LARGE_PEAK_MB_MAX,
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

type Judged = {
  readonly limit: string;
  readonly value: number | undefined;
  readonly isMet: (value: number) => boolean;
};

function bar(what: string, { limit, value, isMet }: Judged): Bar {
  if (value === undefined) return { what, limit, measured: "–", outcome: "not judged" };
  const measured = value < 1 ? value.toFixed(2) : value.toFixed(1);
  return { what, limit, measured, outcome: isMet(value) ? "met" : "MISSED" };
}
