import { fieldAt, isMap } from "../../util/json.ts";
import { parseRfc3339Ms } from "../../util/rfc3339.ts";
import { cannotTell, asCurrent, asFailed, asInProgress, textAt } from "./kstatus-result.ts";
import type { KstatusResult, KstatusSubject } from "./kstatus-result.ts";

/** kstatus lets the scheduler try for so long before it calls a Pod unschedulable. */
const SCHEDULE_WINDOW_MS = 15_000;

/** Pod, by its phase. A Failed Pod is Current here: it has come to its end. */
export function podStatus(subject: KstatusSubject): KstatusResult {
  const phase = textAt(subject.object, ["status", "phase"]);
  switch (phase) {
    case "Succeeded":
      return asCurrent("PodSucceeded", "Pod ran to its end");
    case "Failed":
      return asCurrent("PodFailed", "Pod ran to its end and failed");
    case "Running":
      return runningPodStatus(subject);
    case "Pending":
      return pendingPodStatus(subject);
    case "":
      return asInProgress("PodNotObserved", "Pod has no phase yet");
    default:
      return cannotTell(
        "UnknownPodPhase",
        `Cannot judge Pod by its phase: "${phase}" is none of Kubernetes' phases`,
      );
  }
}

function runningPodStatus({ object, conditions }: KstatusSubject): KstatusResult {
  if (conditions.some((condition) => condition.type === "Ready" && condition.status === "True")) {
    return asCurrent("PodReady", "Pod is ready");
  }
  const statuses = fieldAt(object, "status", "containerStatuses");
  if (statuses !== undefined && !Array.isArray(statuses)) {
    return cannotTell(
      "MalformedStatus",
      "Cannot look for crashing containers: status.containerStatuses is not a list",
    );
  }
  const crashing = (statuses ?? [])
    .filter(isCrashLooping)
    .map((status: unknown) => textAt(status, ["name"]));
  if (crashing.length > 0) {
    return asFailed(
      "ContainerCrashLooping",
      `Containers crash again and again: ${crashing.join(", ")}`,
    );
  }
  return asInProgress("PodRunningNotReady", "Pod runs but is not ready");
}

function isCrashLooping(status: unknown): boolean {
  return (
    isMap(status) &&
    status["name"] !== undefined &&
    fieldAt(status, "state", "waiting", "reason") === "CrashLoopBackOff"
  );
}

function pendingPodStatus({ object, conditions, nowMs }: KstatusSubject): KstatusResult {
  const unscheduled = conditions.find(
    (condition) => condition.type === "PodScheduled" && condition.status === "False",
  );
  if (unscheduled?.reason !== "Unschedulable") return asInProgress("PodPending", "Pod is pending");
  // Without a creation time kstatus computes from the year 1, so that the window is long over.
  const createdAtMs = parseRfc3339Ms(fieldAt(object, "metadata", "creationTimestamp")) ?? -Infinity;
  const wakeAtMs = createdAtMs + SCHEDULE_WINDOW_MS;
  if (nowMs < wakeAtMs) {
    return { ...asInProgress("PodNotScheduled", "Pod has not been scheduled yet"), wakeAtMs };
  }
  return asFailed("PodUnschedulable", withDetail("Pod cannot be scheduled", unscheduled.message));
}

function withDetail(sentence: string, detail: string): string {
  return detail === "" ? sentence : `${sentence}: ${detail}`;
}
