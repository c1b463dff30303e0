import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt, isMap } from "../../util/json.ts";
import { spellDuration } from "../../util/spell-duration.ts";
import { findCondition, parseGeneration, readConditions } from "../conditions.ts";
import { deletionRequestedAtMs } from "../deletion-time.ts";
import { byCondition } from "./assessment.ts";
import type { Assessment, HealthRule, Subject } from "./assessment.ts";
import { gatewayApi } from "./gateway-api.ts";
import { builtInKind } from "./kind-rules.ts";
import { healthOfPhase } from "./phase-lexicon.ts";
import { conditionPolarity } from "./polarity.ts";
import { chooseSummary, summaryCondition } from "./summary.ts";

/** docs/health.md's table in its order; rule 0 (deleted) is no health of an object that exists, 13 comes after all. */
const RULES: readonly HealthRule[] = [
  terminating,
  suspended,
  generationNotObserved,
  summaryNotObserved,
  stalledOrReconciling,
  builtInKind,
  gatewayApi,
  notSynced,
  summaryCondition,
  phaseWord,
  noStatusYet,
];

/**
 * How an object stands, by the first rule of docs/health.md's table that has an answer. Never throws, whatever a
 * controller wrote; where it parts from kstatus is listed in `KSTATUS_DEVIATIONS`.
 */
export function assessHealth(object: KubeObject, facts: KindFacts, nowMs: number): Assessment {
  return assessByConditions({ object, facts, nowMs, conditions: readConditions(object) });
}

/** As `assessHealth`, of an object whose conditions were read already. */
export function assessByConditions(read: Omit<Subject, "summary">): Assessment {
  const { object, facts, nowMs, conditions } = read;
  const subject: Subject = { object, facts, nowMs, conditions, summary: chooseSummary(conditions) };
  for (const rule of RULES) {
    const assessment = rule(subject);
    if (assessment !== undefined)
      return assessment.health === "current" ? degraded(subject, assessment) : assessment;
  }
  return degraded(subject, nothingApplies);
}

/** Rule 1. */
function terminating({ object, nowMs }: Subject): Assessment | undefined {
  const deletionTimestamp = fieldAt(object, "metadata", "deletionTimestamp");
  if (typeof deletionTimestamp !== "string" || deletionTimestamp === "") return undefined;
  const requestedAtMs = deletionRequestedAtMs(object);
  const since =
    requestedAtMs === undefined ? "" : ` ${spellDuration(Math.max(0, nowMs - requestedAtMs))} ago`;
  const finalizers = fieldAt(object, "metadata", "finalizers");
  const held = Array.isArray(finalizers)
    ? finalizers.filter((finalizer) => typeof finalizer === "string")
    : [];
  const isHeld = held.length > 0;
  return {
    health: "terminating",
    reason: isHeld ? "WaitingForFinalizers" : "DeletionRequested",
    message: `Deletion was requested${since}${isHeld ? `, waits for ${held.join(", ")}` : ""}`,
  };
}

const SWITCHES: readonly string[] = ["paused", "suspend"];

/** Rule 2: whoever switched it off is not waiting for it. */
function suspended({ object, conditions }: Subject): Assessment | undefined {
  for (const field of SWITCHES) {
    if (fieldAt(object, "spec", field) === true) {
      return { health: "suspended", reason: "Suspended", message: `spec.${field} is true` };
    }
  }
  if (fieldAt(object, "metadata", "annotations", "crossplane.io/paused") === "true") {
    return {
      health: "suspended",
      reason: "ReconcilePaused",
      message: "Annotation crossplane.io/paused is true",
    };
  }
  for (const condition of conditions) {
    const { type, status, reason } = condition;
    const isOff = (type === "Paused" || type === "Suspended") && status === "True";
    if (isOff || (type === "Synced" && reason === "ReconcilePaused"))
      return byCondition("suspended", condition);
  }
  return undefined;
}

/** Rule 3. */
function generationNotObserved({ object, facts }: Subject): Assessment | undefined {
  const observed = parseGeneration(fieldAt(object, "status", "observedGeneration"));
  if (observed === undefined) return undefined;
  const generation = comparableGeneration(object, facts);
  return generation !== undefined && observed < generation
    ? notObserved(generation, observed)
    : undefined;
}

/** Rule 4: a summary of an older generation sums up nothing. */
function summaryNotObserved({ object, facts, summary }: Subject): Assessment | undefined {
  const observed = summary?.observedGeneration;
  if (observed === undefined) return undefined;
  const generation = comparableGeneration(object, facts);
  return generation !== undefined && observed < generation
    ? notObserved(generation, observed)
    : undefined;
}

/** Without a status subresource writing the status bumps the generation, too: what is observed always lags behind. */
function comparableGeneration(object: KubeObject, facts: KindFacts): number | undefined {
  return facts.hasStatusSubresource
    ? parseGeneration(fieldAt(object, "metadata", "generation"))
    : undefined;
}

function notObserved(generation: number, observed: number): Assessment {
  return {
    health: "progressing",
    reason: "LatestGenerationNotObserved",
    message: `Generation ${generation} is not observed yet, the latest observed one is ${observed}`,
  };
}

/** Rule 5: in this order, whatever the list's. */
function stalledOrReconciling({ conditions }: Subject): Assessment | undefined {
  const stalled = findCondition(conditions, "Stalled");
  if (stalled?.status === "True") return byCondition("failed", stalled);
  const reconciling = findCondition(conditions, "Reconciling");
  return reconciling?.status === "True" ? byCondition("progressing", reconciling) : undefined;
}

/** Rule 8: Crossplane says here that it could not apply the spec, though the thing itself may go on being Ready. */
function notSynced({ conditions }: Subject): Assessment | undefined {
  const synced = findCondition(conditions, "Synced");
  if (synced?.status !== "False" || /paused/i.test(synced.reason)) return undefined;
  return byCondition("failed", synced);
}

/** Rule 10; rule 9 has been asked, so that there is no usable condition. */
function phaseWord({ object, facts }: Subject): Assessment | undefined {
  for (const [field, phase] of phasesOf(object)) {
    const health = healthOfPhase(phase, facts);
    if (health !== undefined) return byPhase(health, field, phase);
  }
  return undefined;
}

function byPhase(health: Assessment["health"], field: string, phase: string): Assessment {
  return { health, reason: phase, message: `status.${field} is ${phase}` };
}

/** The fields that controllers without conditions use, as far as they hold text. */
function phasesOf({ status }: KubeObject): readonly (readonly [field: string, phase: string])[] {
  if (!isMap(status)) return [];
  const phases: (readonly [string, string])[] = [];
  const { phase, state } = status;
  const health = fieldAt(status, "health", "status");
  if (typeof phase === "string") phases.push(["phase", phase]);
  if (typeof state === "string") phases.push(["state", state]);
  if (typeof health === "string") phases.push(["health.status", health]);
  return phases;
}

/** Rule 11: a controller is expected and has not been here (fluxcd/kustomize-controller#387). */
function noStatusYet({ object, facts }: Subject): Assessment | undefined {
  const { status } = object;
  const isEmpty =
    status === undefined || status === null || (isMap(status) && Object.keys(status).length === 0);
  if (!isEmpty || !facts.hasStatusSubresource) return undefined;
  return {
    health: "unknown",
    reason: "NoStatus",
    message: "No controller has written a status yet",
  };
}

/** Rule 12: nobody is expected to say anything; or somebody did, and nothing that means trouble. */
const nothingApplies: Assessment = {
  health: "current",
  reason: "NothingPending",
  message: "Nothing says that it is not current",
};

/** Rule 13: what is current, but not well. */
function degraded({ object, facts, conditions }: Subject, current: Assessment): Assessment {
  for (const condition of conditions) {
    if (condition.status === "True" && conditionPolarity(condition.type) === "negative") {
      return byCondition("degraded", condition);
    }
  }
  for (const [field, phase] of phasesOf(object)) {
    if (healthOfPhase(phase, facts) === "degraded") return byPhase("degraded", field, phase);
  }
  return current;
}
