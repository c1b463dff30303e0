import { expect } from "vitest";
import type { NewObject } from "../../testbed/admin-client.ts";
import { type Example, specOf, statusOf } from "../read-example.ts";
import {
  type Change,
  conditionChanged,
  created,
  deleted,
  deleting,
  healthChanged,
  statusUpdated,
} from "../record-rows.ts";
import type { Find, RecordRow, Step, Story } from "../story.ts";

const KIND = "Application";
const OPERATOR = { manager: "application-operator", by: "application-operator/Update/status" };
const CONTROLLER = {
  manager: "kube-controller-manager",
  by: "kube-controller-manager/Update/status",
};
const LABELS = { critical: "true" };
const FINALIZER = "example.com/cleanup";

/** Long past: no store would take a record of that time. */
const BEGUN = "2023-10-27T09:58:00Z";
const DEPLOYED = "2023-10-27T10:00:00Z";

/** Kinds whose health kstatus knows have reasons in our words. */
const SOME_REASON: unknown = expect.stringMatching(/^[A-Z]\w+$/);

const APPLICATION = { kind: KIND, name: "my-web-app" };
const DEPLOYMENT = { kind: "Deployment", name: "my-web-app-deployment" };

/** An application with its Deployment: old transition times, ticks, an owner, and a finalizer that holds its deletion. */
export function application(example: Example, at: (seconds: number) => string): Story {
  return {
    example: "application",
    acts: [
      [createApplication(example), ...deploy(at), ...runApplication(example, at)],
      [
        {
          name: "deletion requested",
          object: APPLICATION,
          write: { type: "delete", removed: false },
          records: [
            deleting([FINALIZER]),
            healthChanged("terminating", {
              reason: SOME_REASON,
              left: { word: "current", since: "available again" },
              when: { type: "deletion-request" },
            }),
          ],
          // The API server counts the request as a generation.
          shows: { generation: 2, health: "terminating", deletionRequested: true },
        },
        {
          name: "released",
          object: APPLICATION,
          write: { type: "release", manager: OPERATOR.manager },
          records: [deleted("terminating", LABELS)],
          shows: {},
        },
        {
          name: "deployment deleted",
          object: DEPLOYMENT,
          write: { type: "delete", removed: true },
          records: [deleted("current", { app: "my-web-app" })],
          shows: {},
        },
      ],
    ],
  };
}

function createApplication(example: Example): Step {
  const plain = specOf(example, KIND);
  const metadata = { ...plain.metadata, labels: LABELS, finalizers: [FINALIZER] };
  return {
    name: "created",
    object: APPLICATION,
    write: { type: "create", manager: "kubectl-create", object: () => ({ ...plain, metadata }) },
    records: [created("unknown", LABELS)],
    shows: {},
  };
}

function deploy(at: (seconds: number) => string): readonly Step[] {
  return [
    {
      name: "deployment created",
      object: DEPLOYMENT,
      write: { type: "create", manager: OPERATOR.manager, object: deployment },
      records: [created("progressing", { app: "my-web-app" })],
      shows: { health: "progressing" },
    },
    rolledOut(at(3)),
  ];
}

function rolledOut(lastTransitionTime: string): Step {
  const counts = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };
  const enough = { type: "Available", status: "True", reason: "MinimumReplicasAvailable" };
  const progressing = { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" };
  const times = { lastUpdateTime: lastTransitionTime, lastTransitionTime };
  const conditions = [
    { ...enough, ...times },
    { ...progressing, ...times },
  ];
  return {
    name: "rolled out",
    object: DEPLOYMENT,
    write: {
      type: "status",
      manager: CONTROLLER.manager,
      status: { observedGeneration: 1, ...counts, conditions },
    },
    records: [
      statusUpdated({
        by: CONTROLLER.by,
        changes: [
          { path: "status.observedGeneration", after: 1 },
          ...Object.keys(counts).map((field): Change => ({ path: `status.${field}`, after: 3 })),
        ],
      }),
      conditionChanged({ ...enough, lastTransitionTime }),
      conditionChanged({ ...progressing, lastTransitionTime }),
      healthChanged("current", {
        reason: SOME_REASON,
        left: { word: "progressing", since: "deployment created" },
      }),
    ],
    shows: {
      observedGeneration: 1,
      health: "current",
      conditions: {
        Available: { status: "True", lastTransitionTime },
        Progressing: { status: "True", lastTransitionTime },
      },
      status: { replicas: 3, updated_replicas: 3, ready_replicas: 3, available_replicas: 3 },
    },
  };
}

/** What the operator makes: owned by the Application, which is its controller. */
function deployment(find: Find): NewObject {
  const owner = find(APPLICATION);
  const labels = { app: APPLICATION.name };
  return {
    apiVersion: "apps/v1",
    kind: DEPLOYMENT.kind,
    metadata: {
      name: DEPLOYMENT.name,
      namespace: owner.metadata.namespace ?? "default",
      labels,
      ownerReferences: [
        {
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name: owner.metadata.name,
          uid: owner.metadata.uid,
          controller: true,
        },
      ],
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "web", image: "nginx:latest" }] },
      },
    },
  };
}

const AVAILABLE = {
  type: "Available",
  status: "True",
  reason: "DeploymentReady",
  message: "Deployment has all desired replicas available.",
};
const UNAVAILABLE = { type: "Available", status: "False", reason: "DeploymentProgressing" };
const TICKS = ["2023-10-27T10:00:10Z", "2023-10-27T10:00:20Z"] as const;

function runApplication(example: Example, at: (seconds: number) => string): readonly Step[] {
  return [
    deploying(),
    available(example),
    ...TICKS.map((lastUpdated): Step => ({
      ...byOperator(`ticked at ${lastUpdated}`, { lastUpdated }),
      records: [],
      ticks: 1,
      shows: { status: { available_replicas: 3, last_updated: lastUpdated } },
    })),
    unavailable(at(4)),
    availableAgain(at(4)),
  ];
}

function deploying(): Step {
  const conditions = [{ ...UNAVAILABLE, lastTransitionTime: BEGUN }];
  return {
    ...byOperator("deploying", { availableReplicas: 0, lastUpdated: BEGUN, conditions }),
    records: [
      replicasChanged({ path: "status.availableReplicas", after: 0 }),
      conditionChanged({ ...UNAVAILABLE, lastTransitionTime: BEGUN }),
      healthChanged("progressing", {
        reason: "DeploymentProgressing",
        left: { word: "unknown", since: "created" },
      }),
    ],
    shows: {
      health: "progressing",
      conditions: { Available: { status: "False", lastTransitionTime: BEGUN } },
      status: { available_replicas: 0, last_updated: BEGUN },
    },
  };
}

function available(example: Example): Step {
  return {
    ...byOperator("available", statusOf(example, KIND)),
    records: [
      replicasChanged({ path: "status.availableReplicas", before: 0, after: 3 }),
      conditionChanged({
        ...AVAILABLE,
        lastTransitionTime: DEPLOYED,
        left: { status: "False", since: BEGUN },
      }),
      healthChanged("current", {
        reason: "DeploymentReady",
        left: { word: "progressing", since: "deploying" },
      }),
    ],
    shows: {
      health: "current",
      conditions: { Available: { status: "True", lastTransitionTime: DEPLOYED } },
      status: { available_replicas: 3, last_updated: DEPLOYED },
    },
  };
}

function unavailable(lastTransitionTime: string): Step {
  const lost = { ...UNAVAILABLE, reason: "ReplicasLost", lastTransitionTime };
  return {
    ...byOperator("unavailable", { availableReplicas: 1, conditions: [lost] }),
    records: [
      replicasChanged({ path: "status.availableReplicas", before: 3, after: 1 }),
      conditionChanged({
        ...lost,
        left: { status: "True", since: DEPLOYED },
        severity: "WARN",
      }),
      healthChanged("progressing", {
        reason: "ReplicasLost",
        left: { word: "current", since: "available" },
      }),
    ],
    shows: {
      health: "progressing",
      conditions: { Available: { status: "False", lastTransitionTime } },
      status: { available_replicas: 1, last_updated: TICKS[1] },
    },
  };
}

/** With a transition time from before the one that it had. */
function availableAgain(since: string): Step {
  const conditions = [{ ...AVAILABLE, lastTransitionTime: DEPLOYED }];
  return {
    ...byOperator("available again", { availableReplicas: 3, conditions }),
    records: [
      replicasChanged({ path: "status.availableReplicas", before: 1, after: 3 }),
      conditionChanged({
        ...AVAILABLE,
        lastTransitionTime: DEPLOYED,
        disbelieved: true,
        left: { status: "False", since },
      }),
      healthChanged("current", {
        reason: "DeploymentReady",
        left: { word: "progressing", since: "unavailable" },
      }),
    ],
    shows: {
      health: "current",
      conditions: { Available: { status: "True", lastTransitionTime: DEPLOYED } },
      status: { available_replicas: 3, last_updated: TICKS[1] },
    },
  };
}

function byOperator(name: string, status: object): Pick<Step, "name" | "object" | "write"> {
  return {
    name,
    object: APPLICATION,
    write: { type: "status", manager: OPERATOR.manager, status },
  };
}

function replicasChanged(change: Change): RecordRow {
  return statusUpdated({ by: OPERATOR.by, changes: [change] });
}
