import type { KubeObject } from "../cluster/kube-object.ts";
import { fieldAt } from "../util/json.ts";
import { parseClusterTimeMs } from "./event-time.ts";

/** Whether deletion was requested. */
export function isDeleting(object: KubeObject): boolean {
  return parseClusterTimeMs(fieldAt(object.metadata, "deletionTimestamp")) !== undefined;
}

/**
 * When deletion was requested, in Unix milliseconds; `undefined` if it was not.
 *
 * The deletionTimestamp lies ahead of the request by the grace period (`rest.BeforeDelete` in apiserver's registry).
 */
export function deletionRequestedAtMs(object: KubeObject): number | undefined {
  const dueMs = parseClusterTimeMs(fieldAt(object.metadata, "deletionTimestamp"));
  if (dueMs === undefined) return undefined;
  const graceSeconds = fieldAt(object.metadata, "deletionGracePeriodSeconds");
  const requestedMs = dueMs - (typeof graceSeconds === "number" ? graceSeconds * 1_000 : 0);
  return requestedMs > 0 ? requestedMs : dueMs;
}
