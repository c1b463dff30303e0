import { fieldAt } from "../../util/json.ts";
import { integerAt, asCurrent, asFailed, asInProgress, textAt } from "./kstatus-result.ts";
import type { KstatusResult, KstatusSubject } from "./kstatus-result.ts";

/** The reason of a Job that has started and not ended: Current for kstatus, progressing for us. */
export const JOB_RUNNING = "JobRunning";

/** Job: the first of its deciding conditions in list order, else whether it has started. */
export function jobStatus({ object, conditions }: KstatusSubject): KstatusResult {
  const want = integerAt(
    object,
    ["spec", "completions"],
    integerAt(object, ["spec", "parallelism"], 1),
  );
  const succeeded = integerAt(object, ["status", "succeeded"], 0);
  const failed = integerAt(object, ["status", "failed"], 0);
  const isSuspended = fieldAt(object, "spec", "suspend") === true;
  for (const { type, status } of conditions) {
    if (status !== "True") continue;
    if (type === "Complete")
      return asCurrent("JobComplete", `Job is complete: ${succeeded} of ${want} succeeded`);
    if (type === "Failed")
      return asFailed("JobFailed", `Job failed: ${failed} Pods failed of ${want} wanted`);
    if (type === "Suspended" && isSuspended) return asCurrent("JobSuspended", "Job is suspended");
  }
  if (textAt(object, ["status", "startTime"]) === "")
    return asInProgress("JobNotStarted", "Job has not started");
  const active = integerAt(object, ["status", "active"], 0);
  return asCurrent(
    JOB_RUNNING,
    `Job runs: ${active} active, ${succeeded} succeeded, ${failed} failed`,
  );
}
