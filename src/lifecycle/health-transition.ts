import { type EventTime, heldForMs } from "./event-time.ts";
import type { Assessment } from "./health/assessment.ts";
import type { Memory } from "./memory.ts";
import type { Health } from "./health-words.ts";

export type HealthTransition = {
  /** Absent for an object that was born in bad health. */
  readonly before?: Health;
  readonly after: Assessment;
  readonly when: EventTime;
  /** How long the health that was left had held; absent if nobody knows. */
  readonly leftAfterMs?: number;
  /** Whether time alone brought it: then nobody wrote, and the resourceVersion says nothing. */
  readonly byTimeAlone: boolean;
};

export type HealthMoment = Pick<HealthTransition, "when" | "byTimeAlone">;

/** The step from the health that was last told to the present one, if they differ. */
export function findHealthTransition(
  after: Assessment,
  memory: Memory,
  moment: HealthMoment,
): HealthTransition | undefined {
  const before = memory.health;
  if (before === undefined || before.value === after.health) return undefined;
  const leftAfterMs = heldForMs(before.sinceMs, moment.when);
  return {
    ...moment,
    before: before.value,
    after,
    ...(leftAfterMs === undefined ? {} : { leftAfterMs }),
  };
}

/** The health to remember: since the transition if there was one, else what was remembered. */
export function rememberHealth(
  memory: Memory,
  transition: HealthTransition | undefined,
): Memory["health"] {
  return transition === undefined
    ? memory.health
    : { value: transition.after.health, sinceMs: transition.when.happenedAtMs };
}
