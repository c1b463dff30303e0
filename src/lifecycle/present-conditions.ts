import type { KubeObject } from "../cluster/kube-object.ts";
import { cutUtf8 } from "../util/utf8.ts";
import { type Condition, readConditions } from "./conditions.ts";

/** Kubernetes' own limit for a condition type is 316 bytes (`metav1.Condition`); a status is one word. */
const TYPE_MAX_BYTES = 316;
const STATUS_MAX_BYTES = 64;

/**
 * The object's conditions by type, with types and statuses of bounded length, for they go into memory and series.
 *
 * Where a type stands twice the first one counts, as in `findCondition` and kstatus: one type is one fact and one series.
 */
export function presentConditions(object: KubeObject | undefined): ReadonlyMap<string, Condition> {
  return conditionsByType(object === undefined ? [] : readConditions(object));
}

/** As `presentConditions`, of conditions that were read already. */
export function conditionsByType(read: readonly Condition[]): ReadonlyMap<string, Condition> {
  const conditions = new Map<string, Condition>();
  for (const condition of read) {
    const type = cutUtf8(condition.type, TYPE_MAX_BYTES);
    if (conditions.has(type)) continue;
    const status = cutUtf8(condition.status, STATUS_MAX_BYTES);
    const isWithinBounds = type === condition.type && status === condition.status;
    conditions.set(type, isWithinBounds ? condition : { ...condition, type, status });
  }
  return conditions;
}
