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
import { beginWork } from "./traces/follow-work.ts";
import {
  NO_WORK,
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
  const memory = followed.work === undefined ? begun : { ...begun, work: followed.work };
  const { generation } = memory;
  const subject = createSubject(
    identity,
    observedAtMs,
    traceOfRecords(identity, { work: workOfRecords(followed), generation }, options),
  );
  const records = created
    ? createdStory(subject, change, assessment)
    : [observedRecord(subject, cause, assessment)];
  const traces = tellEnded(followed.ended, { object: after, identity, assessment }, options);
  return {
    ...standing({ assessment, memory }, options),
    signals: created
      ? [...records, ...traces, ...countChanges(records, identity, options.clusterName)]
      : [...records, ...traces],
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

/**
 * A created object tells all that it has at its first sight: conditions, a phase, a bad health and a requested deletion
 * are facts since its creation, whether a controller was quicker than we are or we found them after a restart.
 */
function createdStory(
  subject: Subject,
  change: ChangeOf<"appeared">,
  assessment: Assessment,
): readonly LogSignal[] {
  const { after, kind: facts, observedAtMs } = change;
  const clock = { observedAtMs };
  const when = whenWritten(clock);
  const records = [createdRecord(subject, after, assessment)];
  const conditions = { before: presentConditions(undefined), after: presentConditions(after) };
  const judgedBy = { after, facts, hadConditions: false, specChanged: false };
  for (const transition of findConditionTransitions(conditions, EMPTY_MEMORY, clock)) {
    records.push(conditionRecord(subject, transition, judgedBy));
  }
  const phase = readPhase(after);
  if (phase !== undefined) records.push(phaseRecord(subject, { after: phase.value, when }));
  if (assessment.health === "failed" || assessment.health === "degraded") {
    records.push(healthRecord(subject, { after: assessment, when, byTimeAlone: false }));
  }
  if (isDeleting(after)) records.push(deletingRecord(subject, after));
  return records;
}
