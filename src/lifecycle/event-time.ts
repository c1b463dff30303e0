import { formatRfc3339 } from "../util/format-rfc3339.ts";
import { parseRfc3339Ms } from "../util/rfc3339.ts";

/** Stores refuse records that are much older or later than now; docs/contract.md §4 draws the line here. */
const PAST_MAX_MS = 50 * 60_000;
const FUTURE_MAX_MS = 60_000;

/** When a fact happened, all in Unix milliseconds. */
export type EventTime = {
  /** What the record says: the cluster's time if a store takes it, else the time observed. */
  readonly timeMs: number;
  /** What durations are reckoned with: the cluster's time even if it is long past. */
  readonly happenedAtMs: number;
  /** The cluster's time where the record could not say it: `lifeline.event_time`. */
  readonly original?: string;
};

/** The cluster's time where it is believable and a store takes it, else the time observed (docs/contract.md §4). */
export function eventTime(
  clusterMs: number | undefined,
  observedAtMs: number,
  original?: string,
): EventTime {
  if (clusterMs === undefined) return { timeMs: observedAtMs, happenedAtMs: observedAtMs };
  if (clusterMs > observedAtMs + FUTURE_MAX_MS)
    return disbelievedTime(clusterMs, observedAtMs, original);
  if (clusterMs >= observedAtMs - PAST_MAX_MS)
    return { timeMs: clusterMs, happenedAtMs: clusterMs };
  return {
    timeMs: observedAtMs,
    happenedAtMs: clusterMs,
    original: original ?? formatRfc3339(clusterMs),
  };
}

/** The time observed, with what the cluster said beside it. */
export function disbelievedTime(
  clusterMs: number,
  observedAtMs: number,
  original?: string,
): EventTime {
  return {
    timeMs: observedAtMs,
    happenedAtMs: observedAtMs,
    original: original ?? formatRfc3339(clusterMs),
  };
}

/** How long something held, in milliseconds; `undefined` if nobody knows since when, never negative (clocks differ a little). */
export function heldForMs(sinceMs: number | undefined, until: EventTime): number | undefined {
  return sinceMs === undefined ? undefined : Math.max(0, until.happenedAtMs - sinceMs);
}

/**
 * Unix milliseconds of a time in an object, or `undefined` if it is none.
 *
 * 0001-01-01T00:00:00Z, which is how Go writes a time that was never set, is none.
 */
export function parseClusterTimeMs(value: unknown): number | undefined {
  const timeMs = parseRfc3339Ms(value);
  return timeMs === undefined || timeMs < 0 ? undefined : timeMs;
}
