import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import type { SpecWrite } from "../../history/change.ts";
import { fieldAt } from "../../util/json.ts";
import type { ConditionTransition } from "../condition-transitions.ts";
import { type Condition, parseGeneration } from "../conditions.ts";
import { type EventTime, parseClusterTimeMs } from "../event-time.ts";
import { chooseSummary } from "../health/summary.ts";
import type { Health } from "../health-words.ts";
import type { HealthTransition } from "../health-transition.ts";
import type { PhaseTransition } from "../phase-transition.ts";
import { hasGoodState, isAwaited } from "../good-state.ts";
import {
  type Mark,
  type Moment,
  type PastWork,
  type TraceOutcome,
  usedMs,
  type Work,
} from "./work.ts";

/** The conditions and the phase of an object, as far as marks tell them. */
export type Standing = {
  readonly conditions: ReadonlyMap<string, Condition>;
  readonly phase: string | undefined;
};

/** What one Change shows of an object, as far as work is concerned. */
export type WorkStep = {
  readonly object: KubeObject;
  readonly facts: KindFacts;
  readonly health: Health;
  /** As `Memory.generation` numbers it, with what a write began; absent for kinds without generations. */
  readonly generation: number | undefined;
  /** The same before the Change; absent at a first sight. */
  readonly generationBefore?: number | undefined;
  readonly conditions: ReadonlyMap<string, Condition>;
  /** The conditions and the phase before the Change; absent at a first sight. */
  readonly before?: Standing;
  readonly transitions: {
    readonly conditions: readonly ConditionTransition[];
    readonly phase: PhaseTransition | undefined;
    readonly health: HealthTransition | undefined;
  };
  readonly specWrite: SpecWrite | undefined;
  /** By the cluster's clock, when the object was written. */
  readonly when: EventTime;
  readonly observedAtMs: number;
  readonly isLate: boolean;
};

/** Something that happened. */
type TimedMark = Mark & { readonly at: Moment };

/** Work that is over. */
export type EndedWork = {
  readonly work: Work;
  readonly outcome: TraceOutcome;
  readonly end: Moment;
};

/** What an owner's trace tells of it. */
export function pastOf({ work: { role, generation, start }, end }: EndedWork): PastWork {
  return { role, generation, start, end };
}

/** A time of the Change's, as seen in it. */
export function momentOf(
  recordedMs: number | undefined,
  step: Pick<WorkStep, "observedAtMs" | "isLate">,
): Moment {
  const { observedAtMs: observedMs } = step;
  return {
    observedMs,
    // What was disbelieved, or never recorded, is the time observed.
    recordedMs: recordedMs === observedMs ? undefined : recordedMs,
    isLate: step.isLate || undefined,
  };
}

/** The transitions of the Change as marks, in the order in which they happened. */
export function marksOf(step: WorkStep): readonly TimedMark[] {
  const { conditions, phase, health } = step.transitions;
  const marks = conditions.map(({ type, after, when }) => ({
    about: "condition" as const,
    name: type,
    value: after?.status ?? "",
    reason: bounded(after?.reason ?? ""),
    at: momentOf(when.happenedAtMs, step),
  }));
  const others = [];
  if (phase !== undefined) {
    const at = momentOf(phase.when.happenedAtMs, step);
    others.push({ about: "phase" as const, name: "", value: phase.after ?? "", reason: "", at });
  }
  if (phase === undefined && conditions.length === 0 && health !== undefined) {
    const at = momentOf(health.when.happenedAtMs, step);
    const { reason } = health.after;
    const value = health.after.health;
    others.push({ about: "health" as const, name: "", value, reason: bounded(reason), at });
  }
  return inOrder([...marks, ...others]);
}

/**
 * The same, with what nobody saw: a condition that is good, as it was, but by its own word only since a later time, was
 * lost and regained meanwhile. An earlier time is not believed, here as elsewhere.
 */
export function allMarksOf(step: WorkStep): readonly TimedMark[] {
  const marks = marksOf(step);
  const { before, isLate } = step;
  if (!isLate || before === undefined || before.conditions === step.conditions) return marks;
  const regained = [...step.conditions.values()].flatMap((after) => {
    const { type, status, reason, lastTransitionTime } = after;
    const known = before.conditions.get(type);
    const isSame = known?.status === status && known.reason === reason;
    const atMs = parseClusterTimeMs(lastTransitionTime);
    if (!isSame || atMs === undefined || !isInGoodState(after)) return [];
    const knownMs = parseClusterTimeMs(known.lastTransitionTime);
    if (knownMs !== undefined && atMs <= knownMs) return [];
    const at = momentOf(atMs, step);
    return [
      { about: "condition" as const, name: type, value: status, reason: bounded(reason), at },
    ];
  });
  return regained.length === 0 ? marks : inOrder([...marks, ...regained]);
}

/** Whether it is in the good state that its type has. */
export function isInGoodState({ type, status }: Pick<Condition, "type" | "status">): boolean {
  return hasGoodState(type) && !isAwaited(type, status);
}

function inOrder(marks: readonly TimedMark[]): readonly TimedMark[] {
  return marks.toSorted((a, b) => usedMs(a.at) - usedMs(b.at));
}

/** The generation that its controller says it has taken up; where every write bumps it, that says nothing. */
export function observedGenerationOf({ object, facts, conditions }: WorkStep): number | undefined {
  if (!facts.hasStatusSubresource || hasNoGeneration(object)) return undefined;
  const observed = parseGeneration(fieldAt(object.status, "observedGeneration"));
  return observed ?? chooseSummary([...conditions.values()])?.observedGeneration;
}

/** Whether the Change shows a step towards what it shows now: without an observedGeneration an old status says nothing of new work. */
export function showsProgress(step: WorkStep): boolean {
  const { conditions, phase, health } = step.transitions;
  if (phase !== undefined || health?.after.health === step.health) return true;
  return conditions.some(({ type, after }) =>
    step.health === "current"
      ? after !== undefined && isInGoodState(after)
      : after === undefined || isAwaited(type, after.status),
  );
}

/** Longer than any CamelCase word: the row holds reasons for as long as the work goes on. */
const REASON_MAX = 128;

function bounded(reason: string): string {
  return reason.slice(0, REASON_MAX);
}

function hasNoGeneration(object: KubeObject): boolean {
  return parseGeneration(fieldAt(object.metadata, "generation")) === undefined;
}
