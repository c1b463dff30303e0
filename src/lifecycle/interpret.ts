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
import { createSubject } from "./record.ts";
import { collapsedRecords } from "./records/collapsed.ts";
import { deletedRecord } from "./records/deletion.ts";
import { healthRecord } from "./records/health-changed.ts";
import type { Interpret, Outcome } from "./signal.ts";
import { rememberUnwell, tellStuck } from "./stuck.ts";

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
  const subject = createSubject(readIdentity(object, kind), observedAtMs);
  const lastHealth = known?.health?.value ?? assessHealth(object, kind, observedAtMs).health;
  const records = [deletedRecord(subject, { object, cause, finalStateUnknown, lastHealth })];
  return {
    memory: known ?? startMemory({ object, health: lastHealth, observedAtMs, created: false }),
    health: lastHealth,
    signals: [
      ...collapsedRecords(subject, collapse(known?.flood)),
      ...records,
      ...countChanges(records, subject.identity, options.clusterName),
    ],
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
  const subject = createSubject(readIdentity(object, facts), observedAtMs);
  const { stuckAfterMs } = options;
  const stuck = tellStuck(
    subject,
    passOver(memory, { assessment, transition, flood: passed.flood, observedAtMs }),
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
  return {
    ...standing({ assessment, memory: stuck.memory }, options),
    signals: [...collapsedRecords(subject, passed.collapsed), ...records, ...counts],
  };
}

type Passed = {
  readonly assessment: Assessment;
  readonly transition: HealthTransition | undefined;
  readonly flood: Memory["flood"];
  readonly observedAtMs: number;
};

/** The memory after time has passed; the memory itself where that moved nothing in it. */
function passOver(memory: Memory, { assessment, transition, flood, observedAtMs }: Passed): Memory {
  const health = rememberHealth(memory, transition);
  const { generation } = memory;
  const unwell = rememberUnwell(memory, {
    health: assessment.health,
    transition,
    generation,
    observedAtMs,
  });
  const next: Memory = { ...memory, health, unwell, flood };
  return isSameMemory(memory, next) ? memory : next;
}
