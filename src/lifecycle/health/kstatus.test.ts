import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject } from "../../cluster/kube-object.ts";
import { computeKstatus } from "./kstatus.ts";
import type { KstatusStatus } from "./kstatus-result.ts";

const CREATED_AT_MS = Date.parse("2026-01-31T08:00:00Z");
const NOW_MS = CREATED_AT_MS + 60_000;

type Row = readonly [
  name: string,
  object: Readonly<Record<string, unknown>>,
  status: KstatusStatus,
  reason: string,
];

function objectOf(fields: Readonly<Record<string, unknown>>): KubeObject {
  const metadata = {
    name: "x",
    uid: "1",
    resourceVersion: "1",
    creationTimestamp: "2026-01-31T08:00:00Z",
  };
  return { apiVersion: "example.com/v1", kind: "Thing", metadata, ...fields };
}

function condition(type: string, status: string, reason = ""): object {
  return { type, status, reason, message: "" };
}

function conditions(...list: readonly unknown[]): object {
  return { conditions: list };
}

function checkRows(rule: string, rows: readonly Row[]): void {
  test.each(rows)(`${rule}: %s`, (...[, fields, status, reason]) => {
    expect(computeKstatus(objectOf(fields), NOW_MS)).toMatchObject({ status, reason });
  });
}

const generations = (
  generation: unknown,
  observedGeneration: unknown,
): Record<string, unknown> => ({
  metadata: { name: "x", generation },
  status: { observedGeneration },
});

checkRows("1 deletion", [
  [
    "wins over all else",
    { metadata: { deletionTimestamp: "2026-01-31T08:00:00Z", generation: 2 }, status: "odd" },
    "Terminating",
    "DeletionRequested",
  ],
  [
    "an empty timestamp is none",
    { metadata: { deletionTimestamp: "" } },
    "Current",
    "NoConditions",
  ],
  ["a number is an error", { metadata: { deletionTimestamp: 5 } }, "Unknown", "MalformedMetadata"],
]);

checkRows("2 generation", [
  ["behind", generations(2, 1), "InProgress", "LatestGenerationNotObserved"],
  ["ahead counts, too", generations(1, 2), "InProgress", "LatestGenerationNotObserved"],
  ["equal goes on", generations(2, 2), "Current", "NoConditions"],
  ["not observed anywhere", { metadata: { generation: 2 }, status: {} }, "Current", "NoConditions"],
  ["no status", { metadata: { generation: 2 } }, "Current", "NoConditions"],
  ["null status", { metadata: { generation: 2 }, status: null }, "Current", "NoConditions"],
  ["no generation", { metadata: {}, status: { observedGeneration: 2 } }, "Current", "NoConditions"],
  ["observed null is an error", generations(2, null), "Unknown", "MalformedGeneration"],
  ["observed text is an error", generations(2, "2"), "Unknown", "MalformedGeneration"],
  ["generation text is an error", generations("2", 2), "Unknown", "MalformedGeneration"],
  ["a fraction is an error", generations(2, 1.5), "Unknown", "MalformedGeneration"],
  [
    "comes before the conditions",
    { ...generations(2, 1), status: { observedGeneration: 1, conditions: "odd" } },
    "InProgress",
    "LatestGenerationNotObserved",
  ],
  [
    "a condition's own is not read",
    {
      metadata: { generation: 2 },
      status: conditions({ ...condition("Ready", "True"), observedGeneration: 1 }),
    },
    "Current",
    "Ready",
  ],
]);

const reconciling = condition("Reconciling", "True", "Working");
const stalled = condition("Stalled", "True", "Stuck");

checkRows("3 Reconciling and Stalled", [
  ["Reconciling", { status: conditions(reconciling) }, "InProgress", "Working"],
  ["Stalled", { status: conditions(stalled) }, "Failed", "Stuck"],
  ["Reconciling first", { status: conditions(reconciling, stalled) }, "InProgress", "Working"],
  ["Stalled first", { status: conditions(stalled, reconciling) }, "Failed", "Stuck"],
  [
    "Stalled wins over Ready",
    { status: conditions(condition("Ready", "True"), stalled) },
    "Failed",
    "Stuck",
  ],
  [
    "False says nothing",
    { status: conditions(condition("Stalled", "False"), condition("Reconciling", "False")) },
    "Current",
    "NoConditions",
  ],
  [
    "wins over a kind's rule",
    { apiVersion: "v1", kind: "ConfigMap", status: conditions(stalled) },
    "Failed",
    "Stuck",
  ],
]);

checkRows("3 conditions that cannot be decoded", [
  ["status is text", { status: "Ready" }, "Unknown", "MalformedStatus"],
  [
    "status is text and there is a generation",
    { metadata: { generation: 1 }, status: "Ready" },
    "Unknown",
    "MalformedStatus",
  ],
  ["status is a list", { status: [] }, "Unknown", "MalformedStatus"],
  ["conditions are text", { status: { conditions: "Ready" } }, "Unknown", "MalformedConditions"],
  [
    "conditions are a map",
    { status: { conditions: { Ready: "True" } } },
    "Unknown",
    "MalformedConditions",
  ],
  ["a condition is text", { status: conditions("Ready") }, "Unknown", "MalformedConditions"],
  [
    "a status is a boolean",
    { status: conditions({ type: "Ready", status: true }) },
    "Unknown",
    "MalformedConditions",
  ],
  [
    "a reason is a number",
    { status: conditions({ type: "Ready", status: "True", reason: 5 }) },
    "Unknown",
    "MalformedConditions",
  ],
  [
    "null is as good as absent",
    { status: conditions(null, { type: "Ready", status: "True", reason: null }) },
    "Current",
    "Ready",
  ],
  ["conditions null", { status: { conditions: null } }, "Current", "NoConditions"],
  [
    "even for kinds that read none",
    { apiVersion: "v1", kind: "Secret", status: "odd" },
    "Unknown",
    "MalformedStatus",
  ],
]);

checkRows("4 kinds with nothing to wait for", [
  ["ConfigMap", { apiVersion: "v1", kind: "ConfigMap" }, "Current", "AlwaysReady"],
  ["Secret", { apiVersion: "v1", kind: "Secret" }, "Current", "AlwaysReady"],
  [
    "CronJob",
    { apiVersion: "batch/v1", kind: "CronJob", status: conditions(condition("Ready", "False")) },
    "Current",
    "AlwaysReady",
  ],
  ["CronJob beta", { apiVersion: "batch/v1beta1", kind: "CronJob" }, "Current", "AlwaysReady"],
  [
    "PodDisruptionBudget",
    { apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
    "Current",
    "AlwaysReady",
  ],
  [
    "PodDisruptionBudget not observed",
    { apiVersion: "policy/v1", kind: "PodDisruptionBudget", ...generations(2, 1) },
    "InProgress",
    "LatestGenerationNotObserved",
  ],
]);

const foreign = condition("Ready", "False", "Mine");

checkRows("4 kinds go by their group", [
  [
    "a Service of Knative",
    { apiVersion: "serving.knative.dev/v1", kind: "Service", status: conditions(foreign) },
    "InProgress",
    "Mine",
  ],
  [
    "a Deployment of its own",
    { apiVersion: "example.com/v1", kind: "Deployment", status: conditions(foreign) },
    "InProgress",
    "Mine",
  ],
  [
    "a Pod with a malformed version",
    { apiVersion: "a/b/v1", kind: "Pod", status: conditions(foreign) },
    "InProgress",
    "Mine",
  ],
  [
    "a StatefulSet was never in extensions",
    { apiVersion: "extensions/v1beta1", kind: "StatefulSet" },
    "Current",
    "NoConditions",
  ],
]);

function service(spec: object): Record<string, unknown> {
  return { apiVersion: "v1", kind: "Service", spec };
}

checkRows("4 Service", [
  ["without a type", service({}), "Current", "ServiceReady"],
  ["NodePort", service({ type: "NodePort" }), "Current", "ServiceReady"],
  ["ExternalName", service({ type: "ExternalName" }), "Current", "ServiceReady"],
  [
    "LoadBalancer without a cluster IP",
    service({ type: "LoadBalancer" }),
    "InProgress",
    "NoIPAssigned",
  ],
  [
    "LoadBalancer with one and without ingress",
    service({ type: "LoadBalancer", clusterIP: "10.0.0.1" }),
    "Current",
    "ServiceReady",
  ],
]);

function claim(status: unknown): Record<string, unknown> {
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", status };
}

checkRows("4 PersistentVolumeClaim", [
  ["Bound", claim({ phase: "Bound" }), "Current", "Bound"],
  ["Pending", claim({ phase: "Pending" }), "InProgress", "NotBound"],
  ["Lost", claim({ phase: "Lost" }), "InProgress", "NotBound"],
  ["no status", claim(undefined), "InProgress", "NotBound"],
]);

function pod(phase: unknown, status: object = {}): Record<string, unknown> {
  return { apiVersion: "v1", kind: "Pod", status: { phase, ...status } };
}

const crashing = {
  containerStatuses: [{ name: "app", state: { waiting: { reason: "CrashLoopBackOff" } } }],
};
const unschedulable = conditions(condition("PodScheduled", "False", "Unschedulable"));

checkRows("4 Pod", [
  ["Succeeded", pod("Succeeded"), "Current", "PodSucceeded"],
  ["Failed has come to its end", pod("Failed"), "Current", "PodFailed"],
  [
    "Running and ready",
    pod("Running", conditions(condition("Ready", "True"))),
    "Current",
    "PodReady",
  ],
  [
    "Running and ready, though a container crashes",
    pod("Running", { ...crashing, ...conditions(condition("Ready", "True")) }),
    "Current",
    "PodReady",
  ],
  [
    "Running and crashing",
    pod("Running", { ...crashing, ...conditions(condition("Ready", "False")) }),
    "Failed",
    "ContainerCrashLooping",
  ],
  [
    "Running and not ready",
    pod("Running", conditions(condition("Ready", "False"))),
    "InProgress",
    "PodRunningNotReady",
  ],
  ["Running without conditions", pod("Running"), "InProgress", "PodRunningNotReady"],
  [
    "Running, a container waits for its image",
    pod("Running", {
      containerStatuses: [{ name: "a", state: { waiting: { reason: "ImagePullBackOff" } } }],
    }),
    "InProgress",
    "PodRunningNotReady",
  ],
  [
    "Running, an init container crashes",
    pod("Running", { initContainerStatuses: crashing.containerStatuses }),
    "InProgress",
    "PodRunningNotReady",
  ],
  [
    "Running, container statuses are text",
    pod("Running", { containerStatuses: "odd" }),
    "Unknown",
    "MalformedStatus",
  ],
  ["Pending", pod("Pending"), "InProgress", "PodPending"],
  ["Pending and crashing", pod("Pending", crashing), "InProgress", "PodPending"],
  [
    "Pending and gated",
    pod("Pending", conditions(condition("PodScheduled", "False", "SchedulingGated"))),
    "InProgress",
    "PodPending",
  ],
  ["Pending and unschedulable", pod("Pending", unschedulable), "Failed", "PodUnschedulable"],
  [
    "Pending and unschedulable, no creation time",
    { ...pod("Pending", unschedulable), metadata: {} },
    "Failed",
    "PodUnschedulable",
  ],
  ["no phase", pod(undefined), "InProgress", "PodNotObserved"],
  ["a phase that is a number", pod(5), "InProgress", "PodNotObserved"],
  ["phase Unknown", pod("Unknown"), "Unknown", "UnknownPodPhase"],
  ["another phase", pod("Frobbing"), "Unknown", "UnknownPodPhase"],
]);

function workload(kind: string, spec: unknown, status: unknown): Record<string, unknown> {
  return { apiVersion: "apps/v1", kind, spec, status };
}

const settledDeployment = {
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
};
const rolledOut = condition("Progressing", "True", "NewReplicaSetAvailable");
const available = condition("Available", "True");

function deployment(
  status: object,
  spec: object = { replicas: 2, progressDeadlineSeconds: 600 },
): Record<string, unknown> {
  return workload("Deployment", spec, {
    ...settledDeployment,
    ...conditions(rolledOut, available),
    ...status,
  });
}

checkRows("4 Deployment", [
  ["settled", deployment({}), "Current", "DeploymentAvailable"],
  [
    "in extensions",
    { ...deployment({}), apiVersion: "extensions/v1beta1" },
    "Current",
    "DeploymentAvailable",
  ],
  [
    "deadline exceeded",
    deployment(
      conditions(condition("Progressing", "False", "ProgressDeadlineExceeded"), available),
    ),
    "Failed",
    "ProgressDeadlineExceeded",
  ],
  [
    "deadline exceeded whatever the status",
    deployment(conditions(condition("Progressing", "True", "ProgressDeadlineExceeded"))),
    "Failed",
    "ProgressDeadlineExceeded",
  ],
  [
    "no status: one replica is wanted",
    workload("Deployment", {}, undefined),
    "InProgress",
    "LessReplicas",
  ],
  ["too few replicas", deployment({ replicas: 1, readyReplicas: 0 }), "InProgress", "LessReplicas"],
  ["too few updated", deployment({ updatedReplicas: 1, replicas: 3 }), "InProgress", "LessUpdated"],
  ["old Pods left", deployment({ replicas: 3, availableReplicas: 1 }), "InProgress", "ExtraPods"],
  [
    "too few available",
    deployment({ availableReplicas: 1, readyReplicas: 1 }),
    "InProgress",
    "LessAvailable",
  ],
  ["too few ready", deployment({ readyReplicas: 1 }), "InProgress", "LessReady"],
  [
    "not rolled out",
    deployment(conditions(condition("Progressing", "True", "ReplicaSetUpdated"), available)),
    "InProgress",
    "ReplicaSetNotAvailable",
  ],
  [
    "rolled out but not True",
    deployment(
      conditions(condition("Progressing", "Unknown", "NewReplicaSetAvailable"), available),
    ),
    "InProgress",
    "ReplicaSetNotAvailable",
  ],
  [
    "without a deadline there is no Progressing",
    deployment(conditions(available), { replicas: 2 }),
    "Current",
    "DeploymentAvailable",
  ],
  [
    "MaxInt32 is no deadline",
    deployment(conditions(available), { replicas: 2, progressDeadlineSeconds: 2_147_483_647 }),
    "Current",
    "DeploymentAvailable",
  ],
  [
    "not available",
    deployment(conditions(rolledOut, condition("Available", "False"))),
    "InProgress",
    "DeploymentNotAvailable",
  ],
  ["available not said", deployment(conditions(rolledOut)), "InProgress", "DeploymentNotAvailable"],
  [
    "scaled to none",
    deployment(
      { replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 },
      { replicas: 0 },
    ),
    "Current",
    "DeploymentAvailable",
  ],
  ["replicas as text count as absent", deployment({ replicas: "2" }), "InProgress", "LessReplicas"],
]);

const settledSet = { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2 };

function replicaSet(status: object): Record<string, unknown> {
  return workload("ReplicaSet", { replicas: 2 }, { ...settledSet, ...status });
}

checkRows("4 ReplicaSet", [
  ["settled", replicaSet({}), "Current", "ReplicaSetAvailable"],
  ["no status", workload("ReplicaSet", {}, undefined), "InProgress", "LessLabelled"],
  [
    "replica failure first",
    replicaSet({ ...conditions(condition("ReplicaFailure", "True")), fullyLabeledReplicas: 0 }),
    "InProgress",
    "ReplicaFailure",
  ],
  [
    "replica failure over",
    replicaSet(conditions(condition("ReplicaFailure", "False"))),
    "Current",
    "ReplicaSetAvailable",
  ],
  [
    "too few labelled",
    replicaSet({ fullyLabeledReplicas: 1, availableReplicas: 1 }),
    "InProgress",
    "LessLabelled",
  ],
  [
    "too few available",
    replicaSet({ availableReplicas: 1, readyReplicas: 1 }),
    "InProgress",
    "LessAvailable",
  ],
  ["too few ready", replicaSet({ readyReplicas: 1, replicas: 3 }), "InProgress", "LessReady"],
  ["too many", replicaSet({ replicas: 3 }), "InProgress", "ExtraPods"],
]);

const settledStateful = {
  replicas: 4,
  readyReplicas: 4,
  currentReplicas: 4,
  updatedReplicas: 4,
  currentRevision: "a",
  updateRevision: "a",
};

function statefulSet(
  status: object,
  updateStrategy: object = { type: "RollingUpdate" },
): Record<string, unknown> {
  return workload(
    "StatefulSet",
    { replicas: 4, updateStrategy },
    { ...settledStateful, ...status },
  );
}

const partition = (value: number): object => ({
  type: "RollingUpdate",
  rollingUpdate: { partition: value },
});

checkRows("4 StatefulSet", [
  ["settled", statefulSet({}), "Current", "StatefulSetAvailable"],
  [
    "OnDelete, whatever is missing",
    statefulSet({ replicas: 0 }, { type: "OnDelete" }),
    "Current",
    "OnDeleteStrategy",
  ],
  ["no status", workload("StatefulSet", {}, undefined), "InProgress", "LessReplicas"],
  [
    "too few replicas",
    statefulSet({ replicas: 3, readyReplicas: 3 }),
    "InProgress",
    "LessReplicas",
  ],
  ["too few ready", statefulSet({ readyReplicas: 3, replicas: 5 }), "InProgress", "LessReady"],
  ["too many", statefulSet({ replicas: 5 }), "InProgress", "ExtraPods"],
  [
    "partition not reached",
    statefulSet({ updatedReplicas: 1, currentReplicas: 2 }, partition(2)),
    "InProgress",
    "PartitionRollout",
  ],
  [
    "partition reached, though revisions differ",
    statefulSet({ updatedReplicas: 2, currentReplicas: 2, updateRevision: "b" }, partition(2)),
    "Current",
    "PartitionRolledOut",
  ],
  [
    "partition 0 wants all",
    statefulSet({ updatedReplicas: 3 }, partition(0)),
    "InProgress",
    "PartitionRollout",
  ],
  [
    "partition above the replicas",
    statefulSet({ updatedReplicas: 0 }, partition(9)),
    "Current",
    "PartitionRolledOut",
  ],
  [
    "too few current",
    statefulSet({ currentReplicas: 3, updateRevision: "b" }),
    "InProgress",
    "LessCurrent",
  ],
  ["revisions differ", statefulSet({ updateRevision: "b" }), "InProgress", "RevisionMismatch"],
  [
    "both revisions absent",
    statefulSet({ currentRevision: undefined, updateRevision: undefined }),
    "Current",
    "StatefulSetAvailable",
  ],
]);

const settledDaemons = {
  observedGeneration: 1,
  desiredNumberScheduled: 4,
  currentNumberScheduled: 4,
  updatedNumberScheduled: 4,
  numberAvailable: 4,
  numberReady: 4,
};

function daemonSet(status: object): Record<string, unknown> {
  return {
    ...workload("DaemonSet", {}, { ...settledDaemons, ...status }),
    metadata: { name: "x", generation: 1 },
  };
}

checkRows("4 DaemonSet", [
  ["settled", daemonSet({}), "Current", "DaemonSetAvailable"],
  [
    "in extensions",
    { ...daemonSet({}), apiVersion: "extensions/v1beta1" },
    "Current",
    "DaemonSetAvailable",
  ],
  ["no generation", { ...daemonSet({}), metadata: {} }, "InProgress", "NoGeneration"],
  [
    "no observed generation",
    daemonSet({ observedGeneration: undefined }),
    "InProgress",
    "NoObservedGeneration",
  ],
  [
    "older observed generation",
    daemonSet({ observedGeneration: 0 }),
    "InProgress",
    "LatestGenerationNotObserved",
  ],
  [
    "no desired number",
    daemonSet({ desiredNumberScheduled: undefined }),
    "InProgress",
    "NoDesiredNumber",
  ],
  [
    "none desired",
    daemonSet({ desiredNumberScheduled: 0, currentNumberScheduled: 0 }),
    "Current",
    "DaemonSetAvailable",
  ],
  [
    "too few current",
    daemonSet({ currentNumberScheduled: 3, updatedNumberScheduled: 3 }),
    "InProgress",
    "LessCurrent",
  ],
  [
    "too few updated",
    daemonSet({ updatedNumberScheduled: 3, numberAvailable: 3 }),
    "InProgress",
    "LessUpdated",
  ],
  [
    "too few available",
    daemonSet({ numberAvailable: 3, numberReady: 3 }),
    "InProgress",
    "LessAvailable",
  ],
  ["too few ready", daemonSet({ numberReady: 3 }), "InProgress", "LessReady"],
]);

function job(status: unknown, spec: object = {}): Record<string, unknown> {
  return { apiVersion: "batch/v1", kind: "Job", spec, status };
}

const suspendedJob = conditions(condition("Suspended", "True"));

checkRows("4 Job", [
  ["no status", job(undefined), "InProgress", "JobNotStarted"],
  ["complete", job(conditions(condition("Complete", "True"))), "Current", "JobComplete"],
  ["failed", job(conditions(condition("Failed", "True"))), "Failed", "JobFailed"],
  [
    "the first in list order wins",
    job(conditions(condition("Failed", "True"), condition("Complete", "True"))),
    "Failed",
    "JobFailed",
  ],
  [
    "running is Current",
    job({ startTime: "2026-01-31T08:00:00Z", active: 1 }),
    "Current",
    "JobRunning",
  ],
  [
    "running, Failed is False",
    job({ startTime: "2026-01-31T08:00:00Z", ...conditions(condition("Failed", "False")) }),
    "Current",
    "JobRunning",
  ],
  ["suspended", job(suspendedJob, { suspend: true }), "Current", "JobSuspended"],
  [
    "was suspended and is resumed",
    job(suspendedJob, { suspend: false }),
    "InProgress",
    "JobNotStarted",
  ],
  [
    "to be suspended",
    job(conditions(condition("Suspended", "False")), { suspend: true }),
    "InProgress",
    "JobNotStarted",
  ],
]);

function definition(...list: readonly object[]): Record<string, unknown> {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    status: conditions(...list),
  };
}

const accepted = condition("NamesAccepted", "True", "NoConflicts");

checkRows("4 CustomResourceDefinition", [
  ["no conditions", definition(), "InProgress", "Installing"],
  ["names accepted only", definition(accepted), "InProgress", "Installing"],
  [
    "names refused",
    definition(
      condition("NamesAccepted", "False", "ListKindConflict"),
      condition("Established", "True"),
    ),
    "Failed",
    "ListKindConflict",
  ],
  [
    "established before the names in the list",
    definition(
      condition("Established", "True"),
      condition("NamesAccepted", "False", "ListKindConflict"),
    ),
    "Current",
    "Established",
  ],
  [
    "installing",
    definition(accepted, condition("Established", "False", "Installing")),
    "InProgress",
    "Installing",
  ],
  [
    "not established",
    definition(accepted, condition("Established", "False", "NotAccepted")),
    "Failed",
    "NotAccepted",
  ],
  ["established", definition(accepted, condition("Established", "True")), "Current", "Established"],
  [
    "established unknown",
    definition(accepted, condition("Established", "Unknown", "Who")),
    "InProgress",
    "Installing",
  ],
]);

checkRows("5 Ready", [
  ["True", { status: conditions(condition("Ready", "True")) }, "Current", "Ready"],
  ["False", { status: conditions(condition("Ready", "False", "Broken")) }, "InProgress", "Broken"],
  [
    "Unknown",
    { status: conditions(condition("Ready", "Unknown", "Checking")) },
    "InProgress",
    "Checking",
  ],
  [
    "another status is passed over",
    { status: conditions(condition("Ready", "true"), condition("Ready", "False", "Second")) },
    "InProgress",
    "Second",
  ],
  [
    "the first of two",
    { status: conditions(condition("Ready", "True"), condition("Ready", "False")) },
    "Current",
    "Ready",
  ],
  [
    "of kinds without a rule",
    {
      apiVersion: "v1",
      kind: "Node",
      status: conditions(condition("Ready", "False", "KubeletNotReady")),
    },
    "InProgress",
    "KubeletNotReady",
  ],
]);

checkRows("6 otherwise", [
  ["a kind without a rule", {}, "Current", "NoConditions"],
  [
    "Ingress without an address",
    { apiVersion: "networking.k8s.io/v1", kind: "Ingress" },
    "Current",
    "NoConditions",
  ],
  [
    "other conditions",
    { status: conditions(condition("Available", "False")) },
    "Current",
    "NoConditions",
  ],
  ["phases are not read", { status: { phase: "Failed" } }, "Current", "NoConditions"],
]);

test.each([
  ["at its creation", 0, "InProgress"],
  ["a millisecond before the window ends", 14_999, "InProgress"],
  ["when the window ends", 15_000, "Failed"],
  ["if its creation lies ahead of our clock", -5_000, "InProgress"],
])("an unschedulable Pod is judged by its age: %s", (_name, ageMs, status) => {
  const result = computeKstatus(objectOf(pod("Pending", unschedulable)), CREATED_AT_MS + ageMs);

  const wakeAtMs = status === "InProgress" ? CREATED_AT_MS + 15_000 : undefined;
  expect(result.status).toBe(status);
  expect(result.wakeAtMs).toBe(wakeAtMs);
});

test("computeKstatus() gives the controller's message for a condition", () => {
  const object = objectOf({
    status: conditions({
      type: "Ready",
      status: "False",
      reason: "Broken",
      message: "disk is full",
    }),
  });

  expect(computeKstatus(object, NOW_MS)).toEqual({
    status: "InProgress",
    reason: "Broken",
    message: "disk is full",
  });
});

test("computeKstatus() names what crashes", () => {
  const { message } = computeKstatus(objectOf(pod("Running", crashing)), NOW_MS);

  expect(message).toContain("app");
});

const kinds = [
  "Pod",
  "Service",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "Job",
  "PersistentVolumeClaim",
  "CustomResourceDefinition",
  "Thing",
];

test("computeKstatus() never throws, whatever the object holds", () => {
  const arbitrary = fc.record({
    apiVersion: fc.constantFrom("v1", "apps/v1", "batch/v1", "apiextensions.k8s.io/v1"),
    kind: fc.constantFrom(...kinds),
    metadata: fc.jsonValue(),
    spec: fc.jsonValue(),
    status: fc.oneof(
      fc.jsonValue(),
      fc.record({
        phase: fc.oneof(fc.constantFrom("Running", "Pending"), fc.jsonValue()),
        conditions: fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())),
        containerStatuses: fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())),
      }),
    ),
  });

  fc.assert(
    fc.property(arbitrary, (value) => {
      const object: KubeObject = JSON.parse(JSON.stringify(value));

      const { status } = computeKstatus(object, NOW_MS);

      expect(["InProgress", "Failed", "Current", "Terminating", "Unknown"]).toContain(status);
    }),
    { numRuns: 500 },
  );
});
