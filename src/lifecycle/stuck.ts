import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import type { Assessment } from "./health/assessment.ts";
import type { HealthTransition } from "./health-transition.ts";
import { type Health, isHealthy } from "./health-words.ts";
import type { Memory, Unwell } from "./memory.ts";
import type { Subject } from "./record.ts";
import { stuckRecord } from "./records/stuck.ts";
import type { LogSignal } from "./signal.ts";

/** What ought to become current by itself: `terminating` waits for its end, and of `unknown` nobody says that it is on its way. */
const ON_ITS_WAY: ReadonlySet<Health> = new Set(["progressing", "degraded", "failed"]);

export type UnwellFold = {
  readonly health: Health;
  readonly transition: HealthTransition | undefined;
  readonly generation: Memory["generation"];
  readonly observedAtMs: number;
};

/**
 * Since when the object is not well, and whether that was told of this generation. Who is suspended is well: nobody
 * waits for it. What was remembered itself where nothing moved.
 */
export function rememberUnwell(memory: Memory, fold: UnwellFold): Memory["unwell"] {
  const { unwell: known } = memory;
  const isWell = isHealthy(fold.health);
  if (known === undefined)
    return isWell ? undefined : { sinceMs: leftWellAtMs(memory, fold), isTold: false };
  const isTold = known.isTold && fold.generation?.value === memory.generation?.value;
  const sinceMs = isWell ? undefined : (known.sinceMs ?? leftWellAtMs(memory, fold));
  if (sinceMs === undefined && !isTold) return undefined;
  return known.sinceMs === sinceMs && known.isTold === isTold ? known : { sinceMs, isTold };
}

function leftWellAtMs(memory: Memory, { transition, observedAtMs }: UnwellFold): number {
  return transition?.when.happenedAtMs ?? memory.health?.sinceMs ?? observedAtMs;
}

export type StuckRule = {
  readonly health: Health;
  /** `undefined`: nothing is ever called stuck. */
  readonly stuckAfterMs: number | undefined;
};

/** When the object, if it stays as it is, is to be called stuck, in Unix milliseconds; `undefined` if it was already, or is not on its way. */
export function stuckDueAtMs(memory: Memory, rule: StuckRule): number | undefined {
  const { health, stuckAfterMs } = rule;
  if (stuckAfterMs === undefined || !ON_ITS_WAY.has(health)) return undefined;
  const sinceMs = stuckSinceMs(memory);
  return sinceMs === undefined || memory.unwell?.isTold === true
    ? undefined
    : sinceMs + stuckAfterMs;
}

export type StuckMoment = {
  readonly object: KubeObject;
  readonly facts: KindFacts;
  readonly assessment: Assessment;
  readonly stuckAfterMs: number | undefined;
};

/** `lifeline.object.stuck` if its time has come, once per generation; and the memory that it was told. */
export function tellStuck(
  subject: Subject,
  memory: Memory,
  { object, facts, assessment, stuckAfterMs }: StuckMoment,
): { readonly memory: Memory; readonly records: readonly LogSignal[] } {
  const { observedAtMs } = subject;
  const dueAtMs = stuckDueAtMs(memory, { health: assessment.health, stuckAfterMs });
  const sinceMs = stuckSinceMs(memory);
  if (dueAtMs === undefined || sinceMs === undefined || observedAtMs < dueAtMs)
    return { memory, records: [] };
  const told: Unwell = { sinceMs: memory.unwell?.sinceMs, isTold: true };
  const record = stuckRecord(subject, {
    object,
    facts,
    assessment,
    heldMs: observedAtMs - sinceMs,
  });
  return { memory: { ...memory, unwell: told }, records: [record] };
}

/** The later of the generation's start and the last time that it was well. */
function stuckSinceMs({ generation, unwell }: Memory): number | undefined {
  if (unwell?.sinceMs === undefined) return undefined;
  return generation === undefined ? unwell.sinceMs : Math.max(generation.sinceMs, unwell.sinceMs);
}
