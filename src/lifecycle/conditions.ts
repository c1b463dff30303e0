import type { KubeObject } from "../cluster/kube-object.ts";
import { isMap } from "../util/json.ts";

/**
 * One entry of a list of conditions (`metav1.Condition`, and its looser relatives); what is missing is `""`.
 *
 * `status` is `True`, `False` or `Unknown` where the controller keeps to the conventions.
 */
export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** As the object has it, normally RFC 3339. */
  readonly lastTransitionTime?: string | undefined;
  readonly observedGeneration?: number | undefined;
};

const NONE: readonly Condition[] = [];

/** The object's `status.conditions` in their order; empty when there is no such list. Never throws. */
export function readConditions(object: KubeObject): readonly Condition[] {
  return isMap(object.status) ? parseConditions(object.status["conditions"]) : NONE;
}

/** The readable conditions of any value that should be a list of them: an entry without a type is passed over. */
export function parseConditions(list: unknown): readonly Condition[] {
  if (!Array.isArray(list)) return NONE;
  const conditions: Condition[] = [];
  for (const entry of list) {
    const condition = parseCondition(entry);
    if (condition !== undefined) conditions.push(condition);
  }
  return conditions;
}

/** The first condition of that type, which is the one that counts when a list has it twice. */
export function findCondition(
  conditions: readonly Condition[],
  type: string,
): Condition | undefined {
  for (const condition of conditions) {
    if (condition.type === type) return condition;
  }
  return undefined;
}

/**
 * A generation as controllers write it: an integer, or (Argo Rollouts) a string of digits.
 */
export function parseGeneration(value: unknown): number | undefined {
  const generation = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof generation === "number" && Number.isSafeInteger(generation)
    ? generation
    : undefined;
}

function parseCondition(entry: unknown): Condition | undefined {
  if (!isMap(entry)) return undefined;
  const type = entry["type"];
  if (typeof type !== "string" || type === "") return undefined;
  const lastTransitionTime = entry["lastTransitionTime"];
  return {
    type,
    status: parseStatus(entry["status"]),
    reason: parseText(entry["reason"]),
    message: parseText(entry["message"]),
    lastTransitionTime: typeof lastTransitionTime === "string" ? lastTransitionTime : undefined,
    observedGeneration: parseGeneration(entry["observedGeneration"]),
  };
}

/** Some controllers write a boolean. */
function parseStatus(status: unknown): string {
  if (typeof status === "boolean") return status ? "True" : "False";
  return parseText(status);
}

function parseText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
