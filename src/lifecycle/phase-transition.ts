import { type EventTime, heldForMs } from "./event-time.ts";
import type { Memory } from "./memory.ts";

/** `before` is absent when the object had no phase, `after` when it has none any more. */
export type PhaseTransition = {
  readonly before?: string;
  readonly after?: string;
  readonly when: EventTime;
  /** How long the phase that was left had held; absent if nobody knows. */
  readonly leftAfterMs?: number;
};

/** What a phase's two sides are, as far as there are any. */
export type PhaseSides = {
  readonly before: string | undefined;
  readonly after: string | undefined;
};

export function findPhaseTransition(
  { before, after }: PhaseSides,
  memory: Memory,
  when: EventTime,
): PhaseTransition | undefined {
  if (before === after) return undefined;
  const leftAfterMs =
    before !== undefined && memory.phase?.value === before
      ? heldForMs(memory.phase.sinceMs, when)
      : undefined;
  return {
    when,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(leftAfterMs === undefined ? {} : { leftAfterMs }),
  };
}

/** The phase to remember: since the transition if there was one, else what was remembered. */
export function rememberPhase(
  memory: Memory,
  transition: PhaseTransition | undefined,
): Memory["phase"] {
  if (transition === undefined) return memory.phase;
  return transition.after === undefined
    ? undefined
    : { value: transition.after, sinceMs: transition.when.happenedAtMs };
}
