import type { Condition } from "./conditions.ts";
import {
  type EventTime,
  disbelievedTime,
  eventTime,
  heldForMs,
  parseClusterTimeMs,
} from "./event-time.ts";
import { conditionOf, type Memory } from "./memory.ts";

/** What happened to one condition; `before` is absent when it appeared, `after` when it went. */
export type ConditionTransition = {
  readonly type: string;
  readonly before?: Condition;
  readonly after?: Condition;
  readonly when: EventTime;
  /** How long the status that was left had held; absent if nobody knows, or if only the reason changed. */
  readonly leftAfterMs?: number;
};

export type TransitionClock = {
  readonly observedAtMs: number;
  /** By the cluster's clock, when the object was written. */
  readonly writtenAtMs?: number | undefined;
};

type ByType = ReadonlyMap<string, Condition>;

/** The conditions that appeared, went, or have another status or reason; in the order of the list, those that went last. */
export function findConditionTransitions(
  sides: { readonly before: ByType; readonly after: ByType },
  memory: Memory,
  clock: TransitionClock,
): readonly ConditionTransition[] {
  // Of conditions that were not written only one side is read.
  if (sides.before === sides.after) return [];
  const transitions: ConditionTransition[] = [];
  for (const after of sides.after.values()) {
    const { type } = after;
    const before = sides.before.get(type);
    if (before?.status === after.status) {
      if (before.reason !== after.reason)
        transitions.push({ type, before, after, when: whenWritten(clock) });
      continue;
    }
    const when = whenTransitioned(before, after, clock);
    transitions.push({
      type,
      after,
      when,
      ...(before === undefined ? {} : { before, ...leftAfter(memory, type, when) }),
    });
  }
  for (const before of sides.before.values()) {
    const { type } = before;
    if (sides.after.has(type)) continue;
    const when = whenWritten(clock);
    transitions.push({ type, before, when, ...leftAfter(memory, type, when) });
  }
  return transitions;
}

/**
 * Since when a condition holds by its own word, in Unix milliseconds; nobody's word counts for times to come.
 */
export function conditionSinceMs(condition: Condition, observedAtMs: number): number | undefined {
  const statedMs = parseClusterTimeMs(condition.lastTransitionTime);
  return statedMs === undefined ? undefined : eventTime(statedMs, observedAtMs).happenedAtMs;
}

/**
 * The condition's own lastTransitionTime, unless it is earlier than the one before it, which no transition can be. One
 * that did not move although the status did was not kept up by its controller: then the time of the write is nearer.
 */
function whenTransitioned(
  before: Condition | undefined,
  after: Condition,
  clock: TransitionClock,
): EventTime {
  const statedMs = parseClusterTimeMs(after.lastTransitionTime);
  if (statedMs === undefined) return whenWritten(clock);
  const previousMs = parseClusterTimeMs(before?.lastTransitionTime);
  if (previousMs !== undefined && statedMs < previousMs) {
    return disbelievedTime(statedMs, clock.observedAtMs, after.lastTransitionTime);
  }
  if (statedMs === previousMs && clock.writtenAtMs !== undefined) return whenWritten(clock);
  return eventTime(statedMs, clock.observedAtMs, after.lastTransitionTime);
}

/** The time of the write by the cluster's clock, else the time observed. */
export function whenWritten(clock: TransitionClock): EventTime {
  return eventTime(clock.writtenAtMs, clock.observedAtMs);
}

function leftAfter(
  memory: Memory,
  type: string,
  when: EventTime,
): { readonly leftAfterMs?: number } {
  const leftAfterMs = heldForMs(conditionOf(memory, type)?.sinceMs, when);
  return leftAfterMs === undefined ? {} : { leftAfterMs };
}
