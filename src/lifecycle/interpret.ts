import { unreachable } from "../util/unreachable.ts";
import { countChanges } from "./change-counts.ts";
import { eventTime } from "./event-time.ts";
import { collapse, passTime } from "./flood-guard.ts";
import { type ChangeOf, type InterpretOptions, standing } from "./fold.ts";
import { assessHealth } from "./health/assess-health.ts";
import type { Assessment } from "./health/assessment.ts";
import {
  findHealthTransition,
  type HealthTransition,
  rememberHealth,
} from "./health-transition.ts";
import { readIdentity } from "./identity.ts";
import { interpretAppeared } from "./interpret-appeared.ts";
import { interpretChanged } from "./interpret-changed.ts";
import { isSameMemory, type Memory } from "./memory.ts";
import { startMemory } from "./next-memory.ts";
import { readPhase } from "./phase.ts";
import { presentConditions } from "./present-conditions.ts";
import { createSubject } from "./record.ts";
import { collapsedRecords } from "./records/collapsed.ts";
import { deletedRecord } from "./records/deletion.ts";
import { healthRecord } from "./records/health-changed.ts";
import type { Interpret, Outcome } from "./signal.ts";
import { countTransitions } from "./transition-counts.ts";
import { rememberUnwell, tellStuck } from "./stuck.ts";
import { endWork, followWork } from "./traces/follow-work.ts";
import {
  rememberDone,
  tellEnded,
  traceOfRecords,
  workOfRecords,
  type WorkStory,
} from "./traces/interpret-work.ts";
import type { WorkStep } from "./traces/work-step.ts";

const NO_TRANSITIONS: Pick<WorkStep, "conditions" | "transitions" | "specWrite"> = {
  conditions: new Map(),
  transitions: { conditions: [], phase: undefined, health: undefined },
  specWrite: undefined,
};

/**
 * The fold (docs/contract.md §4): what one Change of an object means, given what is remembered of it. Pure; never throws,
 * whatever the object holds.
 *
 * All records are made, each `observed` of a first look included (but see `minimumSeverity`): which of them are sent is
 * the pipeline's to decide (`LIFELINE_LOG_SEVERITY`, `admitFirstLook`).
 */
export function createInterpret(options: InterpretOptions): Interpret {
  return (change, memory) => {
    switch (change.type) {
      case "appeared":
        return interpretAppeared(change, options);
      case "changed":
        return interpretChanged(change, memory, options);
      case "disappeared":
        return interpretDisappeared(change, memory, options);
      case "elapsed":
        return interpretElapsed(change, memory, options);
      default:
        return unreachable(change);
    }
  };
}

function interpretDisappeared(
  change: ChangeOf<"disappeared">,
  known: Memory | undefined,
  options: InterpretOptions,
): Outcome {
  const { before: object, kind, cause, finalStateUnknown, observedAtMs } = change;
  const identity = readIdentity(object, kind);
  const assessment = assessHealth(object, kind, observedAtMs);
  const lastHealth = known?.health?.value ?? assessment.health;
  const wasDeleting = known?.health?.value === "terminating";
  const ended =
    options.traces === undefined
      ? []
      : endWork(known?.work, stepOfGone(change, known), wasDeleting);
  const subject = createSubject(
    identity,
    observedAtMs,
    traceOfRecords(
      identity,
      { work: workOfRecords({ work: undefined, ended }), generation: known?.generation },
      options,
    ),
  );
  const records = [deletedRecord(subject, { object, cause, finalStateUnknown, lastHealth })];
  return {
    memory: known ?? startMemory({ object, health: lastHealth, observedAtMs, created: false }),
    health: lastHealth,
    ...(options.traces === undefined ? {} : { ended }),
    signals: [
      ...collapsedRecords(subject, collapse(known?.flood)),
      ...records,
      ...tellEnded(ended, { object, identity, assessment, finalStateUnknown }, options),
      ...countChanges(records, subject.identity, options.clusterName),
    ],
  };
}

function stepOfGone(change: ChangeOf<"disappeared">, known: Memory | undefined): WorkStep {
  const { before: object, kind: facts, observedAtMs, isLate = false } = change;
  return {
    ...NO_TRANSITIONS,
    object,
    facts,
    health: "terminating",
    generation: known?.generation?.value,
    generationBefore: known?.generation?.value,
    when: eventTime(undefined, observedAtMs),
    observedAtMs,
    isLate,
  };
}

/** Nobody wrote: only what time alone decides can have changed, which is health, being stuck, and what the flood guard holds. */
function interpretElapsed(
  change: ChangeOf<"elapsed">,
  known: Memory | undefined,
  options: InterpretOptions,
): Outcome {
  const { after: object, kind: facts, observedAtMs } = change;
  const assessment = assessHealth(object, facts, observedAtMs);
  const memory =
    known?.health === undefined
      ? startMemory({ object, health: assessment.health, observedAtMs, created: false })
      : known;
  const passed = passTime(memory.flood, observedAtMs);
  const transition = findHealthTransition(assessment, memory, {
    when: eventTime(undefined, observedAtMs),
    byTimeAlone: true,
  });
  const followed = workOverTime(change, { assessment, memory, transition }, options);
  const identity = readIdentity(object, facts);
  const { generation } = memory;
  const subject = createSubject(
    identity,
    observedAtMs,
    traceOfRecords(identity, { work: workOfRecords(followed), generation }, options),
  );
  const { stuckAfterMs } = options;
  const { flood } = passed;
  const { work } = followed;
  const done = rememberDone(memory.done, followed.ended, object);
  const stuck = tellStuck(
    subject,
    passOver(memory, { assessment, transition, flood, work, done, observedAtMs }),
    {
      object,
      facts,
      assessment,
      stuckAfterMs,
    },
  );
  const records = [
    ...(transition === undefined ? [] : [healthRecord(subject, transition)]),
    ...stuck.records,
  ];
  const counts =
    records.length === 0 ? [] : countChanges(records, subject.identity, options.clusterName);
  const moved = { conditions: [], phase: undefined, health: transition };
  return {
    ...standing({ assessment, memory: stuck.memory }, options),
    signals: [
      ...collapsedRecords(subject, passed.collapsed),
      ...records,
      ...tellEnded(followed.ended, { object, identity, assessment }, options),
      ...counts,
      ...countTransitions(moved, identity, options.clusterName),
    ],
  };
}

function workOverTime(
  { after: object, kind: facts, observedAtMs }: ChangeOf<"elapsed">,
  of: {
    readonly assessment: Assessment;
    readonly memory: Memory;
    readonly transition: HealthTransition | undefined;
  },
  { traces }: InterpretOptions,
): WorkStory {
  const { assessment, memory, transition } = of;
  if (traces === undefined) return { work: memory.work, ended: [] };
  const conditions = presentConditions(object);
  const step = {
    object,
    facts,
    health: assessment.health,
    generation: memory.generation?.value,
    conditions,
    transitions: { conditions: [], phase: undefined, health: transition },
    specWrite: undefined,
    when: eventTime(undefined, observedAtMs),
    observedAtMs,
    isLate: false,
    before: { conditions, phase: readPhase(object)?.value },
    begins: undefined,
  };
  return followWork(memory.work, step, traces);
}

type Passed = {
  readonly assessment: Assessment;
  readonly transition: HealthTransition | undefined;
  readonly flood: Memory["flood"];
  readonly work: Memory["work"];
  readonly done: Memory["done"];
  readonly observedAtMs: number;
};

/** The memory after time has passed; the memory itself where that moved nothing in it. */
function passOver(memory: Memory, passed: Passed): Memory {
  const { assessment, transition, flood, work, done, observedAtMs } = passed;
  const health = rememberHealth(memory, transition);
  const { generation } = memory;
  const unwell = rememberUnwell(memory, {
    health: assessment.health,
    transition,
    generation,
    observedAtMs,
  });
  const next: Memory = { ...memory, health, unwell, flood, work, done };
  return isSameMemory(memory, next) ? memory : next;
}
