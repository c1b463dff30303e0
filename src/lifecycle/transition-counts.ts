import type { ConditionTransition } from "./condition-transitions.ts";
import type { HealthTransition } from "./health-transition.ts";
import { type Identity, kindIdentity } from "./identity.ts";
import type { PhaseTransition } from "./phase-transition.ts";
import type { CountSignal, DurationSignal } from "./signal.ts";

export type Transitions = {
  readonly conditions: readonly ConditionTransition[];
  readonly phase: PhaseTransition | undefined;
  readonly health: HealthTransition | undefined;
};

/**
 * `lifeline.object.transitions`: what became of each condition (not its reason), the phase and the health; and
 * `lifeline.object.phase.duration`, of a phase that was left.
 */
export function countTransitions(
  transitions: Transitions,
  identity: Identity,
  clusterName: string | undefined,
): readonly (CountSignal | DurationSignal)[] {
  const steps = stepsOf(transitions);
  if (steps.length === 0 && transitions.phase === undefined) return [];
  const attributes = kindIdentity(identity, clusterName);
  const counts = steps.map(([dimension, to]): CountSignal => ({
    type: "count",
    metric: "lifeline.object.transitions",
    attributes: { ...attributes, dimension, to },
    by: 1,
  }));
  return [...counts, ...phaseDuration(transitions.phase, identity, clusterName)];
}

type Step = readonly [dimension: string, to: string];

/** What went became nothing: that is not counted. */
function stepsOf({ conditions, phase, health }: Transitions): readonly Step[] {
  const steps: Step[] = [];
  for (const { type, before, after } of conditions)
    if (after !== undefined && before?.status !== after.status) steps.push([type, after.status]);
  if (phase?.after !== undefined) steps.push(["phase", phase.after]);
  if (health !== undefined) steps.push(["health", health.after.health]);
  return steps;
}

function phaseDuration(
  phase: PhaseTransition | undefined,
  { kind, group }: Identity,
  clusterName: string | undefined,
): readonly DurationSignal[] {
  if (phase?.before === undefined || phase.leftAfterMs === undefined) return [];
  return [
    {
      type: "duration",
      metric: "lifeline.object.phase.duration",
      attributes: { ...kindIdentity({ kind, group }, clusterName), phase: phase.before },
      durationMs: phase.leftAfterMs,
      atMs: phase.when.happenedAtMs,
    },
  ];
}
