import { countChanges } from "./change-counts.ts";
import { findConditionTransitions, whenWritten } from "./condition-transitions.ts";
import { isDeleting } from "./deletion-time.ts";
import { type ChangeOf, type InterpretOptions, type Standing, standing } from "./fold.ts";
import { assessHealth } from "./health/assess-health.ts";
import type { Assessment } from "./health/assessment.ts";
import { readIdentity } from "./identity.ts";
import { EMPTY_MEMORY } from "./memory.ts";
import { startMemory } from "./next-memory.ts";
import { readPhase } from "./phase.ts";
import { presentConditions } from "./present-conditions.ts";
import { type Subject, createSubject } from "./record.ts";
import { createdRecord, observedRecord } from "./records/appeared.ts";
import { conditionRecord } from "./records/condition-changed.ts";
import { deletingRecord } from "./records/deletion.ts";
import { healthRecord } from "./records/health-changed.ts";
import { phaseRecord } from "./records/phase-changed.ts";
import type { LogSignal, Outcome } from "./signal.ts";
import { countTransitions, type Transitions } from "./transition-counts.ts";
import { beginWork } from "./traces/follow-work.ts";
import {
  NO_WORK,
  rememberDone,
  tellEnded,
  traceOfRecords,
  workOfRecords,
  type WorkStory,
} from "./traces/interpret-work.ts";

/**
 * `created`, or `observed` for an object that is old: then nothing changed in the cluster, so that nothing is counted
 * and no transition told, and memory starts from the times that the object itself recorded.
 */
export function interpretAppeared(
  change: ChangeOf<"appeared">,
  options: InterpretOptions,
): Outcome {
  const { after, cause, kind, observedAtMs } = change;
  const identity = readIdentity(after, kind);
  const assessment = assessHealth(after, kind, observedAtMs);
  const created = cause === "created";
  const begun = startMemory({ object: after, health: assessment.health, observedAtMs, created });
  const followed = workOf(change, { assessment, memory: begun }, options);
  const done = rememberDone(undefined, followed.ended, after);
  const memory =
    followed.work === undefined && done === undefined
      ? begun
      : { ...begun, work: followed.work, done };
  const { generation } = memory;
  const subject = createSubject(
    identity,
    observedAtMs,
    traceOfRecords(identity, { work: workOfRecords(followed), generation }, options),
  );
  const traces = tellEnded(followed.ended, { object: after, identity, assessment }, options);
  const stands = standing({ assessment, memory }, options);
  if (!created)
    return { ...stands, signals: [observedRecord(subject, cause, assessment), ...traces] };
  const transitions = firstTransitions(change, assessment);
  const records = createdStory(subject, change, { assessment, transitions });
  return {
    ...stands,
    signals: [
      ...records,
      ...traces,
      ...countChanges(records, identity, options.clusterName),
      ...countTransitions(transitions, identity, options.clusterName),
    ],
  };
}

function workOf(
  change: ChangeOf<"appeared">,
  { assessment, memory }: Standing,
  { traces }: InterpretOptions,
): WorkStory {
  if (traces === undefined) return NO_WORK;
  const { after: object, kind: facts, observedAtMs, specWrite, isLate = false, cause } = change;
  const conditions = presentConditions(object);
  const before = presentConditions(undefined);
  const clock = { observedAtMs };
  const step = {
    object,
    facts,
    health: assessment.health,
    generation: memory.generation?.value,
    conditions,
    transitions: {
      conditions: findConditionTransitions({ before, after: conditions }, EMPTY_MEMORY, clock),
      phase: undefined,
      health: undefined,
    },
    specWrite,
    when: whenWritten(clock),
    observedAtMs,
    isLate,
  };
  return beginWork(step, cause, traces);
}

type Born = { readonly assessment: Assessment; readonly transitions: Transitions };

/** All that the object has at its first sight, as if it had come then; of its health only what is bad. */
function firstTransitions(
  { after, observedAtMs }: ChangeOf<"appeared">,
  assessment: Assessment,
): Transitions {
  const clock = { observedAtMs };
  const when = whenWritten(clock);
  const sides = { before: presentConditions(undefined), after: presentConditions(after) };
  const phase = readPhase(after);
  const isBad = assessment.health === "failed" || assessment.health === "degraded";
  return {
    conditions: findConditionTransitions(sides, EMPTY_MEMORY, clock),
    phase: phase && { after: phase.value, when },
    health: isBad ? { after: assessment, when, byTimeAlone: false } : undefined,
  };
}

/**
 * A created object tells all that it has at its first sight: conditions, a phase, a bad health and a requested deletion
 * are facts since its creation, whether a controller was quicker than we are or we found them after a restart.
 */
function createdStory(
  subject: Subject,
  change: ChangeOf<"appeared">,
  { assessment, transitions }: Born,
): readonly LogSignal[] {
  const { after, kind: facts } = change;
  const { conditions, phase, health } = transitions;
  const records = [createdRecord(subject, after, assessment)];
  const judgedBy = { after, facts, hadConditions: false, specChanged: false };
  for (const transition of conditions) records.push(conditionRecord(subject, transition, judgedBy));
  if (phase !== undefined) records.push(phaseRecord(subject, phase));
  if (health !== undefined) records.push(healthRecord(subject, health));
  if (isDeleting(after)) records.push(deletingRecord(subject, after));
  return records;
}
