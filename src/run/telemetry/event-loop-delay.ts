import { monitorEventLoopDelay } from "node:perf_hooks";
import type { EventLoopDelay } from "./observe.ts";

/** Fine enough to see 50 ms, the most that we allow ourselves at the 99th percentile, and nearly free. */
const RESOLUTION_MS = 10;
const NS_PER_MS = 1_000_000;

/** Starts measuring; each call tells of the time since the call before. Does not keep the process alive. */
export function measureEventLoopDelay(): () => EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return () => {
    const delay =
      histogram.count === 0
        ? NO_DELAY
        : {
            p50Ms: late(histogram.percentile(50)),
            p99Ms: late(histogram.percentile(99)),
            maxMs: late(histogram.max),
          };
    histogram.reset();
    return delay;
  };
}

const NO_DELAY: EventLoopDelay = { p50Ms: 0, p99Ms: 0, maxMs: 0 };

/** The histogram holds whole timer periods: what is beyond the period is the delay. */
function late(periodNs: number): number {
  return Math.max(0, periodNs / NS_PER_MS - RESOLUTION_MS);
}
