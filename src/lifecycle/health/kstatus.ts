import type { KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt, isMap } from "../../util/json.ts";
import { parseConditions } from "../conditions.ts";
import type { Condition } from "../conditions.ts";
import { KSTATUS_KINDS, indexByKind } from "./kstatus-kinds.ts";
import { cannotTell, asCurrent, asFailed, asInProgress } from "./kstatus-result.ts";
import type { KstatusResult } from "./kstatus-result.ts";

const ruleOfKind = indexByKind(KSTATUS_KINDS);

/**
 * What kstatus says of an object that exists, exactly (kubernetes-sigs/cli-utils, `pkg/kstatus/status`, October
 * 2025; v0.37.2 differs in not knowing suspended Jobs).
 *
 * Where kstatus returns an error (or would panic), the status is `Unknown` and the message says why. Never throws.
 */
export function computeKstatus(object: KubeObject, nowMs: number): KstatusResult {
  const early = deletionStatus(object) ?? generationStatus(object);
  if (early !== undefined) return early;
  const malformed = malformedConditions(object.status);
  if (malformed !== undefined) return malformed;
  const conditions = parseConditions(fieldAt(object.status, "conditions"));
  const declared = declaredStatus(conditions);
  if (declared !== undefined) return declared;
  const rule = ruleOfKind(groupOf(object.apiVersion), object.kind);
  if (rule !== undefined) return rule({ object, conditions, nowMs });
  return (
    readyStatus(conditions) ?? asCurrent("NoConditions", "Nothing says that it is not current")
  );
}

function deletionStatus(object: KubeObject): KstatusResult | undefined {
  const deletionTimestamp = fieldAt(object, "metadata", "deletionTimestamp");
  if (deletionTimestamp === undefined || deletionTimestamp === "") return undefined;
  if (typeof deletionTimestamp === "string") {
    return { status: "Terminating", reason: "DeletionRequested", message: "Deletion is requested" };
  }
  return cannotTell(
    "MalformedMetadata",
    "Cannot tell whether deletion is requested: metadata.deletionTimestamp is not a string",
  );
}

/** Compares by `!=`, and only where both generations are there. */
function generationStatus(object: KubeObject): KstatusResult | undefined {
  const generation = fieldAt(object, "metadata", "generation");
  if (generation === undefined) return undefined;
  if (!isInteger(generation)) {
    return cannotTell(
      "MalformedGeneration",
      "Cannot compare generations: metadata.generation is not an integer",
    );
  }
  if (object.status !== undefined && object.status !== null && !isMap(object.status))
    return malformedStatus();
  const observed = fieldAt(object, "status", "observedGeneration");
  if (observed === undefined || observed === generation) return undefined;
  if (!isInteger(observed)) {
    return cannotTell(
      "MalformedGeneration",
      "Cannot compare generations: status.observedGeneration is not an integer",
    );
  }
  return asInProgress(
    "LatestGenerationNotObserved",
    `Generation ${generation} is not observed yet, the latest observed one is ${observed}`,
  );
}

/** kstatus decodes all conditions strictly before it looks at one; null is as good as absent there. */
function malformedConditions(status: unknown): KstatusResult | undefined {
  if (status === undefined || status === null) return undefined;
  if (!isMap(status)) return malformedStatus();
  const list = status["conditions"];
  if (list === undefined || list === null) return undefined;
  if (Array.isArray(list) && list.every(isDecodable)) return undefined;
  return cannotTell(
    "MalformedConditions",
    "Cannot read conditions: status.conditions is not a list of conditions",
  );
}

function malformedStatus(): KstatusResult {
  return cannotTell("MalformedStatus", "Cannot read status: it is not an object");
}

const DECODED_FIELDS = ["type", "status", "reason", "message"];

function isDecodable(condition: unknown): boolean {
  if (condition === null) return true;
  if (!isMap(condition)) return false;
  return DECODED_FIELDS.every((name) => {
    const value = condition[name];
    return value === undefined || value === null || typeof value === "string";
  });
}

/** The two conditions that kstatus itself defines; the first in list order wins. */
function declaredStatus(conditions: readonly Condition[]): KstatusResult | undefined {
  for (const { type, status, reason, message } of conditions) {
    if (status !== "True") continue;
    if (type === "Reconciling") return asInProgress(reason, message);
    if (type === "Stalled") return asFailed(reason, message);
  }
  return undefined;
}

function readyStatus(conditions: readonly Condition[]): KstatusResult | undefined {
  for (const { type, status, reason, message } of conditions) {
    if (type !== "Ready") continue;
    if (status === "True") return asCurrent("Ready", "Object is ready");
    if (status === "False" || status === "Unknown") return asInProgress(reason, message);
  }
  return undefined;
}

function groupOf(apiVersion: unknown): string {
  if (typeof apiVersion !== "string") return "";
  const slashAt = apiVersion.lastIndexOf("/");
  return slashAt === -1 ? "" : apiVersion.slice(0, slashAt);
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}
