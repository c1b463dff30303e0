import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import { assessHealth } from "./assess-health.ts";

const NOW_MS = Date.parse("2026-01-31T08:01:00Z");

type Fields = Readonly<Record<string, unknown>>;
type Row = readonly [
  name: string,
  fields: Fields,
  health: string,
  reason: string,
  facts?: Partial<KindFacts>,
];

function objectOf(fields: Fields): KubeObject {
  const metadata = { name: "x", uid: "1", resourceVersion: "1", generation: 2 };
  return { apiVersion: "example.com/v1", kind: "Thing", metadata, ...fields };
}

function factsOf({ apiVersion, kind }: KubeObject, partial: Partial<KindFacts> = {}): KindFacts {
  const slashAt = apiVersion.indexOf("/");
  return {
    group: slashAt === -1 ? "" : apiVersion.slice(0, slashAt),
    version: apiVersion.slice(slashAt + 1),
    kind,
    resource: "things",
    scope: "Namespaced",
    hasStatusSubresource: true,
    hints: { phases: [], printerColumns: [] },
    ...partial,
  };
}

function condition(type: string, status: string, reason = ""): object {
  return { type, status, reason, message: "" };
}

function having(...conditions: readonly object[]): { status: { conditions: readonly object[] } } {
  return { status: { conditions } };
}

function checkRows(rule: string, rows: readonly Row[]): void {
  for (const [name, fields, health, reason, facts] of rows) {
    test(`${rule}: ${name}`, () => {
      const object = objectOf(fields);

      expect(assessHealth(object, factsOf(object, facts), NOW_MS)).toMatchObject({
        health,
        reason,
      });
    });
  }
}

const ready = condition("Ready", "True", "Fine");
const deletion = {
  name: "x",
  deletionTimestamp: "2026-01-31T08:00:30Z",
  deletionGracePeriodSeconds: 30,
};

checkRows("rule 1", [
  [
    "deletion wins over all else",
    { metadata: deletion, spec: { paused: true }, ...having(ready) },
    "terminating",
    "DeletionRequested",
  ],
  [
    "with finalizers",
    { metadata: { ...deletion, finalizers: ["a", "b"] } },
    "terminating",
    "WaitingForFinalizers",
  ],
  [
    "with finalizers that are none",
    { metadata: { ...deletion, finalizers: "a" } },
    "terminating",
    "DeletionRequested",
  ],
  [
    "a timestamp that is none",
    { metadata: { deletionTimestamp: 5 }, ...having(ready) },
    "current",
    "Fine",
  ],
]);

test("rule 1 says since when and for what it waits", () => {
  const object = objectOf({ metadata: { ...deletion, finalizers: ["a.example.com/x", "b"] } });

  const { message } = assessHealth(object, factsOf(object), NOW_MS);

  expect(message).toBe("Deletion was requested 1 min ago, waits for a.example.com/x, b");
});

checkRows("rule 2", [
  ["spec.paused", { spec: { paused: true }, ...having(ready) }, "suspended", "Suspended"],
  [
    "spec.suspend",
    { spec: { suspend: true }, ...having(condition("Ready", "False", "Failed")) },
    "suspended",
    "Suspended",
  ],
  ["spec.suspend false", { spec: { suspend: false }, ...having(ready) }, "current", "Fine"],
  ["spec.paused as text", { spec: { paused: "true" }, ...having(ready) }, "current", "Fine"],
  [
    "Crossplane's annotation",
    { metadata: { annotations: { "crossplane.io/paused": "true" } } },
    "suspended",
    "ReconcilePaused",
  ],
  [
    "Crossplane's annotation false",
    { metadata: { annotations: { "crossplane.io/paused": "false" } }, ...having(ready) },
    "current",
    "Fine",
  ],
  ["condition Paused", having(condition("Paused", "True")), "suspended", "Paused"],
  [
    "condition Suspended",
    having(ready, condition("Suspended", "True", "ByHand")),
    "suspended",
    "ByHand",
  ],
  ["condition Paused False", having(condition("Paused", "False"), ready), "current", "Fine"],
  [
    "Synced because paused",
    having(ready, condition("Synced", "False", "ReconcilePaused")),
    "suspended",
    "ReconcilePaused",
  ],
  [
    "before the generation",
    { spec: { suspend: true }, status: { observedGeneration: 1 } },
    "suspended",
    "Suspended",
  ],
  [
    "a paused Deployment",
    { apiVersion: "apps/v1", kind: "Deployment", spec: { paused: true } },
    "suspended",
    "Suspended",
  ],
  [
    "a suspended CronJob",
    { apiVersion: "batch/v1", kind: "CronJob", spec: { suspend: true } },
    "suspended",
    "Suspended",
  ],
]);

function observing(observedGeneration: unknown): Fields {
  return { status: { observedGeneration, conditions: [ready] } };
}

checkRows("rule 3", [
  ["behind", observing(1), "progressing", "LatestGenerationNotObserved"],
  ["behind, as text", observing("1"), "progressing", "LatestGenerationNotObserved"],
  ["equal", observing(2), "current", "Fine"],
  ["equal, as text", observing("2"), "current", "Fine"],
  ["ahead", observing(3), "current", "Fine"],
  ["a word", observing("new"), "current", "Fine"],
  ["no generation", { metadata: {}, ...observing(1) }, "current", "Fine"],
  [
    "no status subresource: always behind",
    observing(1),
    "current",
    "Fine",
    { hasStatusSubresource: false },
  ],
]);

function stale(type: string, status = "True"): object {
  return { ...condition(type, status, "Old"), observedGeneration: 1 };
}

checkRows("rule 4", [
  ["an old summary", having(stale("Ready")), "progressing", "LatestGenerationNotObserved"],
  ["an old failure", having(stale("Ready", "False")), "progressing", "LatestGenerationNotObserved"],
  [
    "old, though the status is not",
    { status: { observedGeneration: 2, conditions: [stale("Ready")] } },
    "progressing",
    "LatestGenerationNotObserved",
  ],
  ["not the summary", having(ready, stale("Available", "False")), "current", "Fine"],
  [
    "the summary of this generation",
    having({ ...ready, observedGeneration: 2 }),
    "current",
    "Fine",
  ],
  [
    "no status subresource: always old",
    having(stale("Ready")),
    "current",
    "Old",
    { hasStatusSubresource: false },
  ],
  [
    "comes before Stalled",
    having(stale("Ready"), condition("Stalled", "True")),
    "progressing",
    "LatestGenerationNotObserved",
  ],
]);

checkRows("rule 5", [
  ["Stalled", having(condition("Stalled", "True", "Stuck"), ready), "failed", "Stuck"],
  [
    "Reconciling",
    having(condition("Reconciling", "True", "Working"), ready),
    "progressing",
    "Working",
  ],
  [
    "Stalled wins, whatever the order",
    having(condition("Reconciling", "True", "Working"), condition("Stalled", "True", "Stuck")),
    "failed",
    "Stuck",
  ],
  [
    "both False",
    having(condition("Reconciling", "False"), condition("Stalled", "False"), ready),
    "current",
    "Fine",
  ],
  [
    "without a reason the type stands in",
    having(condition("Stalled", "True")),
    "failed",
    "Stalled",
  ],
]);

const pod = (status: object): Fields => ({ apiVersion: "v1", kind: "Pod", status });
const job = (status: object): Fields => ({ apiVersion: "batch/v1", kind: "Job", status });
const service = (status: object, clusterIP = "10.0.0.1"): Fields => ({
  apiVersion: "v1",
  kind: "Service",
  spec: { type: "LoadBalancer", clusterIP },
  status,
});
const ingress = (apiVersion: string, status: unknown): Fields => ({
  apiVersion,
  kind: "Ingress",
  status,
});
const address = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } };
const autoscaler = (...list: readonly object[]): Fields => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  ...having(...list),
});
const apiService = (...list: readonly object[]): Fields => ({
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  ...having(...list),
});
const node = (...list: readonly object[]): Fields => ({
  apiVersion: "v1",
  kind: "Node",
  ...having(...list),
});
const settled = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
const deployment = (...list: readonly object[]): Fields => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  status: { ...settled, conditions: list },
});

checkRows("rule 6, as kstatus", [
  ["Current", deployment(condition("Available", "True")), "current", "DeploymentAvailable"],
  ["InProgress", deployment(), "progressing", "DeploymentNotAvailable"],
  [
    "Failed",
    deployment(condition("Progressing", "False", "ProgressDeadlineExceeded")),
    "failed",
    "ProgressDeadlineExceeded",
  ],
  ["an error", pod({ phase: "Frobbing" }), "unknown", "UnknownPodPhase"],
  [
    "a kind's rule wins over its summary",
    { apiVersion: "v1", kind: "ConfigMap", ...having(condition("Ready", "False")) },
    "current",
    "AlwaysReady",
  ],
  [
    "a failure without a reason",
    {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      ...having(condition("NamesAccepted", "False")),
    },
    "failed",
    "Failed",
  ],
]);

checkRows("rule 6, Pod and Job", [
  ["a Pod that failed", pod({ phase: "Failed" }), "failed", "PodFailed"],
  [
    "an evicted Pod",
    pod({ phase: "Failed", reason: "Evicted", message: "low on memory" }),
    "failed",
    "Evicted",
  ],
  ["a Pod that succeeded", pod({ phase: "Succeeded" }), "current", "PodSucceeded"],
  [
    "a crashing Pod",
    pod({
      phase: "Running",
      containerStatuses: [{ name: "a", state: { waiting: { reason: "CrashLoopBackOff" } } }],
    }),
    "failed",
    "ContainerCrashLooping",
  ],
  ["a running Job", job({ startTime: "2026-01-31T08:00:00Z" }), "progressing", "JobRunning"],
  ["a Job not started", job({}), "progressing", "JobNotStarted"],
  [
    "a complete Job",
    job({ startTime: "2026-01-31T08:00:00Z", conditions: [condition("Complete", "True")] }),
    "current",
    "JobComplete",
  ],
  ["a failed Job", job({ conditions: [condition("Failed", "True")] }), "failed", "JobFailed"],
]);

checkRows("rule 6, Service and Ingress", [
  [
    "a load balancer without an address",
    service({ loadBalancer: {} }),
    "progressing",
    "NoLoadBalancer",
  ],
  [
    "a load balancer with an empty list",
    service({ loadBalancer: { ingress: [] } }),
    "progressing",
    "NoLoadBalancer",
  ],
  ["a load balancer with an address", service(address), "current", "ServiceReady"],
  ["a load balancer without a cluster IP", service(address, ""), "progressing", "NoIPAssigned"],
  [
    "a plain Service",
    { apiVersion: "v1", kind: "Service", status: { loadBalancer: {} } },
    "current",
    "ServiceReady",
  ],
  [
    "an Ingress without an address",
    ingress("networking.k8s.io/v1", { loadBalancer: {} }),
    "progressing",
    "NoLoadBalancer",
  ],
  [
    "an Ingress without a status",
    ingress("extensions/v1beta1", undefined),
    "progressing",
    "NoLoadBalancer",
  ],
  [
    "an Ingress with an address",
    ingress("networking.k8s.io/v1", address),
    "current",
    "IngressReady",
  ],
  [
    "an Ingress of another group",
    ingress("config.example.com/v1", { a: 1 }),
    "current",
    "NothingPending",
  ],
]);

const ableToScale = condition("AbleToScale", "True", "ReadyForNewScale");

checkRows("rule 6, HorizontalPodAutoscaler", [
  ["not looked at", autoscaler(), "progressing", "WaitingToScale"],
  ["able to scale", autoscaler(ableToScale), "current", "ReadyForNewScale"],
  [
    "at a limit",
    autoscaler(condition("ScalingLimited", "True", "TooFewReplicas")),
    "current",
    "TooFewReplicas",
  ],
  [
    "not able for another reason",
    autoscaler(condition("AbleToScale", "False", "BackoffBoth")),
    "progressing",
    "WaitingToScale",
  ],
  ...["FailedGetScale", "FailedUpdateScale"].map((reason): Row => [
    reason,
    autoscaler(condition("AbleToScale", "False", reason)),
    "degraded",
    reason,
  ]),
  ...[
    "FailedGetResourceMetric",
    "FailedGetObjectMetric",
    "FailedGetPodsMetric",
    "FailedGetExternalMetric",
    "FailedComputeMetricsReplicas",
    "InvalidSelector",
  ].map((reason): Row => [
    reason,
    autoscaler(ableToScale, condition("ScalingActive", "False", reason)),
    "degraded",
    reason,
  ]),
  [
    "a reason of another condition",
    autoscaler(ableToScale, condition("ScalingLimited", "True", "FailedGetScale")),
    "current",
    "ReadyForNewScale",
  ],
]);

checkRows("rule 6, APIService and Node", [
  ["not looked at", apiService(), "progressing", "NotObserved"],
  ["available", apiService(condition("Available", "True", "Passed")), "current", "Passed"],
  [
    "not available",
    apiService(condition("Available", "False", "FailedDiscoveryCheck")),
    "progressing",
    "FailedDiscoveryCheck",
  ],
  ["a Node that has not reported", node(), "progressing", "NotObserved"],
  ["a ready Node", node(condition("Ready", "True", "KubeletReady")), "current", "KubeletReady"],
  [
    "a Node not ready",
    node(condition("Ready", "False", "KubeletNotReady")),
    "progressing",
    "KubeletNotReady",
  ],
  [
    "a silent Node",
    node(condition("Ready", "Unknown", "NodeStatusUnknown")),
    "failed",
    "NodeStatusUnknown",
  ],
  [
    "a Node that never reported",
    node(condition("Ready", "Unknown", "NodeStatusNeverUpdated")),
    "progressing",
    "NodeStatusNeverUpdated",
  ],
  [
    "a ready Node under pressure",
    node(condition("DiskPressure", "True", "KubeletHasDiskPressure"), condition("Ready", "True")),
    "degraded",
    "KubeletHasDiskPressure",
  ],
]);

checkRows("rule 8", [
  [
    "Synced False though Ready",
    having(ready, condition("Synced", "False", "ReconcileError")),
    "failed",
    "ReconcileError",
  ],
  [
    "Synced False for a quiet reason",
    having(condition("Synced", "False", "Behind")),
    "failed",
    "Behind",
  ],
  [
    "paused by another word",
    having(ready, condition("Synced", "False", "SyncPaused")),
    "current",
    "Fine",
  ],
  [
    "Synced True",
    having(
      condition("Synced", "True", "ReconcileSuccess"),
      condition("Ready", "False", "Creating"),
    ),
    "progressing",
    "Creating",
  ],
]);

const summaries = ["Ready", "Succeeded", "Available", "Established", "Healthy", "Synced"];

checkRows("rule 9", [
  ...summaries.map((type): Row => [
    `${type} True`,
    having(condition(type, "True", "Good")),
    "current",
    "Good",
  ]),
  ...summaries.map((type): Row => [
    `${type} Unknown`,
    having(condition(type, "Unknown", "Who")),
    "progressing",
    "Who",
  ]),
  ...summaries
    .slice(0, -1)
    .map((type): Row => [
      `${type} False`,
      having(condition(type, "False", "Waiting")),
      "progressing",
      "Waiting",
    ]),
  ...summaries
    .slice(1)
    .map((type, index): Row => [
      `${summaries[index]} is chosen before ${type}`,
      having(
        condition(type, "True", "Later"),
        condition(summaries[index] ?? "", "Unknown", "Sooner"),
      ),
      "progressing",
      "Sooner",
    ]),
  ...[
    "ReconcileError",
    "InstallFailed",
    "InvalidSpec",
    "Degraded",
    "ImagePullBackOff",
    "ErrorCreating",
  ].map((reason): Row => [
    `False for ${reason}`,
    having(condition("Ready", "False", reason)),
    "failed",
    reason,
  ]),
  [
    "Unknown is no failure, whatever the reason",
    having(condition("Ready", "Unknown", "CheckFailed")),
    "progressing",
    "CheckFailed",
  ],
  ...["serving.knative.dev", "tekton.dev", "triggers.tekton.dev"].map((group): Row => [
    `False in ${group}`,
    { apiVersion: `${group}/v1`, ...having(condition("Ready", "False", "Missing")) },
    "failed",
    "Missing",
  ]),
  [
    "False in a group that only sounds like it",
    { apiVersion: "nottekton.dev/v1", ...having(condition("Ready", "False", "Missing")) },
    "progressing",
    "Missing",
  ],
  [
    "a status of no meaning is no summary",
    { status: { phase: "Failed", conditions: [condition("Ready", "maybe")] } },
    "failed",
    "Failed",
  ],
  ["a boolean status", having({ type: "Ready", status: true, reason: "Fine" }), "current", "Fine"],
]);

const phase = (value: unknown, more: object = {}): Fields => ({
  status: { phase: value, ...more },
});

checkRows("rule 10", [
  ["phase", phase("Provisioning"), "progressing", "Provisioning"],
  ["state", { status: { state: "running" } }, "current", "running"],
  ["health.status", { status: { health: { status: "Suspended" } } }, "suspended", "Suspended"],
  ["failed", phase("Failed"), "failed", "Failed"],
  ["terminating", phase("Deleting"), "terminating", "Deleting"],
  ["degraded", phase("Degraded"), "degraded", "Degraded"],
  ["phase before state", phase("Failed", { state: "Ready" }), "failed", "Failed"],
  [
    "state where the phase is no known word",
    phase("Frobbing", { state: "Pending" }),
    "progressing",
    "Pending",
  ],
  ["not if there is a summary", phase("Failed", { conditions: [ready] }), "current", "Fine"],
  [
    "beside conditions that are no summary",
    phase("Failed", { conditions: [condition("Progressing", "True")] }),
    "failed",
    "Failed",
  ],
  ["a running backup", { kind: "Backup", ...phase("Running") }, "progressing", "Running"],
  ["a running thing", phase("Running"), "current", "Running"],
  [
    "a running thing whose phases have an end",
    phase("Running"),
    "progressing",
    "Running",
    { hints: { phases: ["Running", "Completed"], printerColumns: [] } },
  ],
  ["a word that nobody knows", phase("Frobbing"), "current", "NothingPending"],
  ["a number", phase(5), "current", "NothingPending"],
  [
    "a built-in kind without a rule",
    { apiVersion: "v1", kind: "PersistentVolume", ...phase("Bound") },
    "current",
    "Bound",
  ],
]);

checkRows("rules 11 and 12", [
  ["no status", {}, "unknown", "NoStatus"],
  ["null status", { status: null }, "unknown", "NoStatus"],
  ["an empty status", { status: {} }, "unknown", "NoStatus"],
  [
    "no status and no status subresource",
    {},
    "current",
    "NothingPending",
    { hasStatusSubresource: false },
  ],
  ["a status that says nothing", { status: { replicas: 3 } }, "current", "NothingPending"],
  ["a status that is text", { status: "Ready" }, "current", "NothingPending"],
  ["conditions that are text", { status: { conditions: "Ready" } }, "current", "NothingPending"],
  [
    "conditions of other types",
    having(condition("BackupEnabled", "False")),
    "current",
    "NothingPending",
  ],
]);

checkRows("rule 13", [
  [
    "a bad condition beside a good summary",
    having(ready, condition("Degraded", "True", "SlowDisk")),
    "degraded",
    "SlowDisk",
  ],
  [
    "a bad condition that is False",
    having(ready, condition("Degraded", "False")),
    "current",
    "Fine",
  ],
  [
    "a bad condition that is Unknown",
    having(ready, condition("Degraded", "Unknown")),
    "current",
    "Fine",
  ],
  [
    "a good condition that is False",
    having(ready, condition("BackupReady", "False")),
    "current",
    "Fine",
  ],
  ["a neutral condition", having(ready, condition("Progressing", "True")), "current", "Fine"],
  [
    "a degraded phase beside a good summary",
    phase("Unhealthy", { conditions: [ready] }),
    "degraded",
    "Unhealthy",
  ],
  [
    "a degraded state behind a good phase",
    phase("Ready", { state: "Warning" }),
    "degraded",
    "Warning",
  ],
  [
    "after a kind's rule",
    deployment(condition("Available", "True"), condition("ReplicaFailure", "True", "Quota")),
    "degraded",
    "Quota",
  ],
  [
    "where nothing else applies",
    having(condition("Failed", "True", "Broken")),
    "degraded",
    "Broken",
  ],
  [
    "only what is current",
    having(condition("Ready", "False", "Waiting"), condition("Degraded", "True")),
    "progressing",
    "Waiting",
  ],
]);

test("assessHealth() asks to be woken when a Pod's time to be scheduled is over", () => {
  const metadata = {
    name: "x",
    uid: "1",
    resourceVersion: "1",
    creationTimestamp: "2026-01-31T08:00:50Z",
  };
  const conditions = [condition("PodScheduled", "False", "Unschedulable")];
  const object: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    status: { phase: "Pending", conditions },
  };
  const wakeAtMs = NOW_MS + 5_000;

  expect(assessHealth(object, factsOf(object), NOW_MS)).toMatchObject({
    health: "progressing",
    wakeAtMs,
  });
  expect(assessHealth(object, factsOf(object), wakeAtMs)).toMatchObject({
    health: "failed",
    reason: "PodUnschedulable",
  });
});

test("assessHealth() gives the condition's message, and nothing but an assessment", () => {
  const object = objectOf(
    having({ ...condition("Ready", "False", "Waiting"), message: "for a volume" }),
  );
  const builtIn = objectOf({ apiVersion: "v1", kind: "ConfigMap" });

  expect(assessHealth(object, factsOf(object), NOW_MS)).toEqual({
    health: "progressing",
    reason: "Waiting",
    message: "Ready is False: for a volume",
  });
  expect(Object.keys(assessHealth(builtIn, factsOf(builtIn), NOW_MS))).toEqual([
    "health",
    "reason",
    "message",
  ]);
});

const API_VERSIONS = [
  "v1",
  "apps/v1",
  "batch/v1",
  "autoscaling/v2",
  "gateway.networking.k8s.io/v1",
  "example.com/v1",
];
const KINDS = [
  "Pod",
  "Service",
  "Deployment",
  "DaemonSet",
  "Job",
  "HorizontalPodAutoscaler",
  "Node",
  "Gateway",
  "HTTPRoute",
  "Backup",
];
const HEALTHS = [
  "current",
  "progressing",
  "degraded",
  "failed",
  "suspended",
  "terminating",
  "unknown",
];

const oddConditions = fc.array(
  fc.oneof(
    fc.jsonValue(),
    fc.record({
      type: fc.oneof(
        fc.constantFrom("Ready", "Synced", "Stalled", "Degraded", "Accepted"),
        fc.jsonValue(),
      ),
      status: fc.oneof(fc.constantFrom("True", "False", "Unknown"), fc.jsonValue()),
      reason: fc.jsonValue(),
      observedGeneration: fc.jsonValue(),
    }),
  ),
);

const oddObject = fc.record({
  apiVersion: fc.constantFrom(...API_VERSIONS),
  kind: fc.constantFrom(...KINDS),
  metadata: fc.oneof(
    fc.jsonValue(),
    fc.record({
      generation: fc.jsonValue(),
      finalizers: fc.jsonValue(),
      deletionTimestamp: fc.constantFrom("", "x", 5),
      annotations: fc.jsonValue(),
    }),
  ),
  spec: fc.jsonValue(),
  status: fc.oneof(
    fc.jsonValue(),
    fc.record({
      phase: fc.oneof(fc.constantFrom("Running", "Pending", "Degraded"), fc.jsonValue()),
      health: fc.jsonValue(),
      observedGeneration: fc.jsonValue(),
      conditions: fc.oneof(oddConditions, fc.jsonValue()),
      parents: fc.oneof(
        fc.array(fc.record({ controllerName: fc.jsonValue(), conditions: oddConditions })),
        fc.jsonValue(),
      ),
      listeners: fc.jsonValue(),
    }),
  ),
});

test("assessHealth() never throws and always says one of our words, whatever the object holds", () => {
  fc.assert(
    fc.property(oddObject, fc.boolean(), (value, hasStatusSubresource) => {
      const object: KubeObject = JSON.parse(JSON.stringify(value));

      const { health, reason, message } = assessHealth(
        object,
        factsOf(object, { hasStatusSubresource }),
        NOW_MS,
      );

      expect(HEALTHS).toContain(health);
      expect(reason).not.toBe("");
      expect(message).not.toBe("");
    }),
    { numRuns: 500 },
  );
});
