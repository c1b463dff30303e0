import { definitionStatus } from "./kstatus-definition.ts";
import { jobStatus } from "./kstatus-job.ts";
import { podStatus } from "./kstatus-pod.ts";
import { asCurrent } from "./kstatus-result.ts";
import type { KstatusResult, KstatusRule } from "./kstatus-result.ts";
import { serviceStatus } from "./kstatus-service.ts";
import { volumeClaimStatus } from "./kstatus-volume-claim.ts";
import {
  daemonSetStatus,
  deploymentStatus,
  replicaSetStatus,
  statefulSetStatus,
} from "./kstatus-workloads.ts";

/** A rule for one built-in kind, under each API group that has served it; the core group is `""`. */
export type KindRow<Rule> = {
  readonly kind: string;
  readonly groups: readonly string[];
  readonly rule: Rule;
};

/** kstatus' rules by kind (`legacyTypes` in `pkg/kstatus/status/core.go`). */
export const KSTATUS_KINDS: readonly KindRow<KstatusRule>[] = [
  { kind: "ConfigMap", groups: [""], rule: alwaysCurrent },
  { kind: "Secret", groups: [""], rule: alwaysCurrent },
  { kind: "CronJob", groups: ["batch"], rule: alwaysCurrent },
  // Its generations have been compared by now, and the controller says no more than that.
  { kind: "PodDisruptionBudget", groups: ["policy"], rule: alwaysCurrent },
  { kind: "Service", groups: [""], rule: serviceStatus },
  { kind: "PersistentVolumeClaim", groups: [""], rule: volumeClaimStatus },
  { kind: "Pod", groups: [""], rule: podStatus },
  { kind: "Deployment", groups: ["apps", "extensions"], rule: deploymentStatus },
  { kind: "ReplicaSet", groups: ["apps", "extensions"], rule: replicaSetStatus },
  { kind: "StatefulSet", groups: ["apps"], rule: statefulSetStatus },
  { kind: "DaemonSet", groups: ["apps", "extensions"], rule: daemonSetStatus },
  { kind: "Job", groups: ["batch"], rule: jobStatus },
  { kind: "CustomResourceDefinition", groups: ["apiextensions.k8s.io"], rule: definitionStatus },
];

/** A lookup in a table of kinds: by kind first, since hardly any custom resource shares one with a built-in. */
export function indexByKind<Rule>(
  rows: readonly KindRow<Rule>[],
): (group: string, kind: string) => Rule | undefined {
  const byKind = new Map(rows.map((row) => [row.kind, row]));
  return (group, kind) => {
    const row = byKind.get(kind);
    return row?.groups.includes(group) === true ? row.rule : undefined;
  };
}

function alwaysCurrent(): KstatusResult {
  return asCurrent("AlwaysReady", "This kind has nothing to wait for");
}
