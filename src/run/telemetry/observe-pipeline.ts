import type { Meter } from "@opentelemetry/api";
import { silenceOf } from "../../pipeline/blindness.ts";
import type { KindFollower } from "../../pipeline/kind-follower.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { Store } from "../../store/store.ts";
import type { Clock } from "../../util/clock.ts";
import { measureEventLoopDelay } from "./event-loop-delay.ts";
import { type Observations, observe, type OutboxObservation } from "./observe.ts";

type Observed = {
  readonly pipeline: Pipeline;
  readonly kinds: Pick<KindFollower, "forbidden">;
  readonly store: Store;
  readonly clock: Clock;
  readonly memory: Observations["memory"];
};

/** Connects the self-metrics that are looked at when they are exported to the pipeline that they tell of. */
export function observePipeline(
  meter: Meter,
  { pipeline, kinds, store, clock, memory }: Observed,
): void {
  observe(meter, {
    watches: () =>
      [...pipeline.watches].map((watch) => ({
        watch: watch.name,
        events: watch.events,
        objects: pipeline.objectsOf(watch),
        silenceMs: silenceOf(watch, clock.now()),
        state: watch.phase,
        formerStates: [...watch.phases].filter((phase) => phase !== watch.phase),
      })),
    forbidden: () => kinds.forbidden().length,
    outbox: () => outboxOf(store, clock),
    behind: () => store.withheldCount,
    liveSeries: () => pipeline.liveSeries,
    memory,
    eventLoopDelay: measureEventLoopDelay(),
  });
}

/** Undefined where the state file cannot be read, which those who need it tell. */
function outboxOf(store: Store, clock: Clock): OutboxObservation | undefined {
  try {
    const { records, bytes, oldestAt } = store.outboxState();
    const ageMs = oldestAt === undefined ? 0 : clock.now() - oldestAt;
    return { records, sizeBytes: bytes, ageMs };
  } catch {
    return undefined;
  }
}
