import type { Condition } from "../conditions.ts";
import { fieldAt } from "../../util/json.ts";
import { integerAt, asCurrent, asFailed, asInProgress, textAt } from "./kstatus-result.ts";
import type { KstatusResult, KstatusSubject } from "./kstatus-result.ts";

/** The Deployment controller takes this deadline (MaxInt32) as none, and then keeps no Progressing condition. */
const NO_DEADLINE = 2_147_483_647;

type Shortfall = {
  readonly reason: string;
  readonly label: string;
  readonly have: number;
  readonly want: number;
};

export function deploymentStatus({ object, conditions }: KstatusSubject): KstatusResult {
  const verdict = rolloutOf(conditions);
  if (verdict.deadlineExceeded)
    return asFailed("ProgressDeadlineExceeded", "The rollout exceeded its progress deadline");
  const want = integerAt(object, ["spec", "replicas"], 1);
  const replicas = statusInteger(object, "replicas");
  const updated = statusInteger(object, "updatedReplicas");
  const available = statusInteger(object, "availableReplicas");
  const ready = statusInteger(object, "readyReplicas");
  const short =
    shortOf({ reason: "LessReplicas", label: "replicas exist", have: replicas, want }) ??
    shortOf({ reason: "LessUpdated", label: "replicas updated", have: updated, want }) ??
    leftOver(replicas, want) ??
    shortOf({
      reason: "LessAvailable",
      label: "updated replicas available",
      have: available,
      want: updated,
    }) ??
    shortOf({ reason: "LessReady", label: "replicas ready", have: ready, want });
  if (short !== undefined) return short;
  const hasDeadline =
    integerAt(object, ["spec", "progressDeadlineSeconds"], NO_DEADLINE) !== NO_DEADLINE;
  if (hasDeadline && !verdict.rolledOut)
    return asInProgress("ReplicaSetNotAvailable", "The new ReplicaSet is not available");
  if (!verdict.available)
    return asInProgress("DeploymentNotAvailable", "Deployment is not available");
  return asCurrent("DeploymentAvailable", `Deployment is available with ${replicas} replicas`);
}

function rolloutOf(conditions: readonly Condition[]): {
  readonly deadlineExceeded: boolean;
  readonly rolledOut: boolean;
  readonly available: boolean;
} {
  const progressing = conditions.filter((condition) => condition.type === "Progressing");
  return {
    deadlineExceeded: progressing.some(({ reason }) => reason === "ProgressDeadlineExceeded"),
    rolledOut: progressing.some(
      ({ status, reason }) => status === "True" && reason === "NewReplicaSetAvailable",
    ),
    available: conditions.some(({ type, status }) => type === "Available" && status === "True"),
  };
}

export function replicaSetStatus({ object, conditions }: KstatusSubject): KstatusResult {
  if (conditions.some(({ type, status }) => type === "ReplicaFailure" && status === "True")) {
    return asInProgress("ReplicaFailure", "Pods cannot be created or deleted");
  }
  const want = integerAt(object, ["spec", "replicas"], 1);
  const replicas = statusInteger(object, "replicas");
  const labelled = statusInteger(object, "fullyLabeledReplicas");
  const available = statusInteger(object, "availableReplicas");
  const ready = statusInteger(object, "readyReplicas");
  return (
    shortOf({ reason: "LessLabelled", label: "replicas labelled", have: labelled, want }) ??
    shortOf({ reason: "LessAvailable", label: "replicas available", have: available, want }) ??
    shortOf({ reason: "LessReady", label: "replicas ready", have: ready, want }) ??
    leftOver(replicas, want) ??
    asCurrent("ReplicaSetAvailable", `ReplicaSet is available with ${replicas} replicas`)
  );
}

export function statefulSetStatus({ object }: KstatusSubject): KstatusResult {
  if (textAt(object, ["spec", "updateStrategy", "type"]) === "OnDelete") {
    return asCurrent("OnDeleteStrategy", "StatefulSet leaves updates to whoever deletes its Pods");
  }
  const want = integerAt(object, ["spec", "replicas"], 1);
  const replicas = statusInteger(object, "replicas");
  const ready = statusInteger(object, "readyReplicas");
  return (
    shortOf({ reason: "LessReplicas", label: "replicas exist", have: replicas, want }) ??
    shortOf({ reason: "LessReady", label: "replicas ready", have: ready, want }) ??
    leftOver(replicas, want) ??
    revisionStatus(object, want, replicas)
  );
}

/** The end of the StatefulSet rule: with a partition (-1: none) only the Pods above it must be new. */
function revisionStatus(object: unknown, want: number, replicas: number): KstatusResult {
  const partition = integerAt(object, ["spec", "updateStrategy", "rollingUpdate", "partition"], -1);
  if (partition !== -1) {
    const updated = statusInteger(object, "updatedReplicas");
    return (
      shortOf({
        reason: "PartitionRollout",
        label: "replicas updated",
        have: updated,
        want: want - partition,
      }) ??
      asCurrent(
        "PartitionRolledOut",
        `The partition is rolled out with ${updated} updated replicas`,
      )
    );
  }
  const current = statusInteger(object, "currentReplicas");
  const short = shortOf({
    reason: "LessCurrent",
    label: "replicas of the current revision",
    have: current,
    want,
  });
  if (short !== undefined) return short;
  if (
    textAt(object, ["status", "currentRevision"]) !== textAt(object, ["status", "updateRevision"])
  ) {
    return asInProgress("RevisionMismatch", "The update revision is not the current one yet");
  }
  return asCurrent("StatefulSetAvailable", `StatefulSet is available with ${replicas} replicas`);
}

/** A DaemonSet that its controller has seen has both generations, so a missing one means not yet. */
export function daemonSetStatus({ object }: KstatusSubject): KstatusResult {
  const unseen =
    missingGeneration(object, ["metadata", "generation"], "NoGeneration") ??
    missingGeneration(object, ["status", "observedGeneration"], "NoObservedGeneration");
  if (unseen !== undefined) return unseen;
  const want = integerAt(object, ["status", "desiredNumberScheduled"], -1);
  if (want === -1)
    return asInProgress("NoDesiredNumber", "status.desiredNumberScheduled is missing");
  const current = statusInteger(object, "currentNumberScheduled");
  const updated = statusInteger(object, "updatedNumberScheduled");
  const available = statusInteger(object, "numberAvailable");
  const ready = statusInteger(object, "numberReady");
  return (
    shortOf({ reason: "LessCurrent", label: "Pods scheduled", have: current, want }) ??
    shortOf({ reason: "LessUpdated", label: "Pods updated", have: updated, want }) ??
    shortOf({ reason: "LessAvailable", label: "Pods available", have: available, want }) ??
    shortOf({ reason: "LessReady", label: "Pods ready", have: ready, want }) ??
    asCurrent("DaemonSetAvailable", `DaemonSet is available with ${want} Pods`)
  );
}

function missingGeneration(
  object: unknown,
  path: readonly string[],
  reason: string,
): KstatusResult | undefined {
  return fieldAt(object, ...path) === undefined
    ? asInProgress(reason, `${path.join(".")} is missing`)
    : undefined;
}

function statusInteger(object: unknown, field: string): number {
  return integerAt(object, ["status", field], 0);
}

function shortOf({ reason, label, have, want }: Shortfall): KstatusResult | undefined {
  return want > have ? asInProgress(reason, `${have} of ${want} ${label}`) : undefined;
}

function leftOver(replicas: number, want: number): KstatusResult | undefined {
  return replicas > want
    ? asInProgress("ExtraPods", `${replicas - want} old replicas still to go`)
    : undefined;
}
