import { unreachable } from "../util/unreachable.ts";
import { countChanges } from "./change-counts.ts";
import { eventTime } from "./event-time.ts";
import { type ChangeOf, type InterpretOptions, standing } from "./fold.ts";
import { assessHealth } from "./health/assess-health.ts";
import { findHealthTransition, rememberHealth } from "./health-transition.ts";
import { readIdentity } from "./identity.ts";
import { interpretAppeared } from "./interpret-appeared.ts";
import { interpretChanged } from "./interpret-changed.ts";
import type { Memory } from "./memory.ts";
import { startMemory } from "./next-memory.ts";
import { createSubject } from "./record.ts";
import { deletedRecord } from "./records/deletion.ts";
import { healthRecord } from "./records/health-changed.ts";
import type { Interpret, Outcome } from "./signal.ts";

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
    signals: [...records, ...countChanges(records, subject.identity, options.clusterName)],
  };
}

/** Nobody wrote: only what time alone decides can have changed, which is health. */
function interpretElapsed(
  change: ChangeOf<"elapsed">,
  known: Memory | undefined,
  options: InterpretOptions,
): Outcome {
  const { after: object, kind, observedAtMs } = change;
  const assessment = assessHealth(object, kind, observedAtMs);
  const memory =
    known?.health === undefined
      ? startMemory({ object, health: assessment.health, observedAtMs, created: false })
      : known;
  const transition = findHealthTransition(assessment, memory, {
    when: eventTime(undefined, observedAtMs),
    byTimeAlone: true,
  });
  if (transition === undefined) return { memory, ...standing(assessment), signals: [] };
  const subject = createSubject(readIdentity(object, kind), observedAtMs);
  const records = [healthRecord(subject, transition)];
  const health = rememberHealth(memory, transition);
  return {
    memory: { ...memory, ...(health === undefined ? {} : { health }) },
    ...standing(assessment),
    signals: [...records, ...countChanges(records, subject.identity, options.clusterName)],
  };
}
