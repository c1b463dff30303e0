import { expect } from "vitest";
import type { NewObject } from "../../testbed/admin-client.ts";
import { type Example, specOf, statusOf } from "../read-example.ts";
import {
  type Change,
  conditionChanged,
  created,
  deleted,
  healthChanged,
  phaseChanged,
  reasonChanged,
  statusUpdated,
  type Transition,
  updated,
} from "../record-rows.ts";
import type { RecordRow, ShownCondition, Step, Story } from "../story.ts";

const KIND = "CustomDatabase";
const OBJECT = { kind: KIND, name: "my-app-db" };
const OPERATOR = "database-operator";
const REDACTED: unknown = expect.stringMatching(/^\[redacted:\w{4}\]$/);

/** Passwords that must never leave; the first stands in the example's place of "pass". */
export const PASSWORDS = { first: "Vq7-first-password", second: "Xw9-second-password" };

type At = (seconds: number) => string;

/** What all steps of this story draw on. */
type Cast = {
  readonly plain: NewObject;
  /** What the example's status holds in the end. */
  readonly final: Readonly<Record<string, unknown>>;
  readonly conditions: Conditions;
};

/** A database from its creation to a failure: conditions, phases, replicas, and a password in its status. */
export function customDatabase(example: Example, at: At): Story {
  const cast: Cast = {
    plain: specOf(example, KIND),
    final: statusOf(example, KIND),
    conditions: conditionsAt(at),
  };
  return {
    example: "custom-database",
    acts: [
      [
        createdStep(cast),
        pending(),
        provisioning(cast),
        ready(cast),
        labelled(),
        scaled(),
        observed(cast),
        degraded(cast),
        failed(cast),
        failedAgain(cast),
      ],
      [
        {
          name: "deleted",
          object: OBJECT,
          write: { type: "delete", removed: true },
          records: [deleted("failed", { tier: "gold" })],
          shows: {},
        },
      ],
    ],
  };
}

function createdStep({ plain }: Cast): Step {
  return {
    name: "created",
    object: OBJECT,
    write: { type: "create", manager: "kubectl-create", object: () => plain },
    records: [created("unknown")],
    shows: {},
  };
}

function pending(): Step {
  return {
    ...byOperator("pending", { phase: "Pending", readyReplicas: 0, totalReplicas: 3 }),
    records: [
      statusChanged(
        { path: "status.readyReplicas", after: 0 },
        { path: "status.totalReplicas", after: 3 },
      ),
      phaseChanged("Pending"),
      healthChanged("progressing", {
        reason: "Pending",
        left: { word: "unknown", since: "created" },
      }),
    ],
    shows: {
      phase: "Pending",
      health: "progressing",
      status: { ready_replicas: 0, total_replicas: 3 },
    },
  };
}

function provisioning({ conditions: { unready, noBackup, fine } }: Cast): Step {
  const conditions = written(1, unready, noBackup, fine);
  return {
    ...byOperator("provisioning", { phase: "Provisioning", readyReplicas: 1, conditions }),
    records: [
      statusChanged({ path: "status.readyReplicas", before: 0, after: 1 }),
      ...[unready, noBackup, fine].map(conditionChanged),
      phaseChanged("Provisioning", { word: "Pending", since: "pending" }),
    ],
    shows: {
      phase: "Provisioning",
      conditions: shown(unready, noBackup, fine),
      status: { ready_replicas: 1, total_replicas: 3 },
    },
  };
}

/** The example's status, with times of today. */
function ready({ final, conditions: { unready, noBackup, ready: is, backup, fine } }: Cast): Step {
  const conditions = written(1, is, backup, fine);
  const connectionString = connection(final, PASSWORDS.first);
  return {
    ...byOperator("ready", { ...final, connectionString, conditions }),
    records: [
      statusChanged(
        { path: "status.readyReplicas", before: 1, after: 3 },
        { path: "status.observedVersion", after: "4.4" },
        { path: "status.storageAllocatedGb", after: 50 },
        { path: "status.connectionString", after: REDACTED },
      ),
      conditionChanged({ ...is, left: { status: "False", since: unready.lastTransitionTime } }),
      conditionChanged({
        ...backup,
        left: { status: "False", since: noBackup.lastTransitionTime },
      }),
      phaseChanged("Ready", { word: "Provisioning", since: "provisioning" }),
      healthChanged("current", {
        reason: "DatabaseAvailable",
        left: { word: "progressing", since: "pending" },
      }),
    ],
    shows: {
      phase: "Ready",
      health: "current",
      conditions: shown(is, backup, fine),
      status: { ready_replicas: 3, total_replicas: 3, storage_allocated_gb: 50 },
    },
  };
}

function labelled(): Step {
  const patch = { metadata: { labels: { tier: "gold" } } };
  return {
    name: "labelled",
    object: OBJECT,
    write: { type: "patch", manager: "kubectl-label", patch },
    records: [
      updated({
        by: "kubectl-label/Update",
        changes: [{ path: "metadata.labels", after: { tier: "gold" } }],
      }),
    ],
    shows: {},
  };
}

/** Ready still speaks of generation 1 (docs/health.md, rule 4). */
function scaled(): Step {
  return {
    name: "scaled",
    object: OBJECT,
    write: { type: "patch", manager: "kubectl-edit", patch: { spec: { replicas: 5 } } },
    records: [
      updated({
        by: "kubectl-edit/Update",
        changes: [{ path: "spec.replicas", before: 3, after: 5 }],
      }),
      healthChanged("progressing", {
        reason: "LatestGenerationNotObserved",
        left: { word: "current", since: "ready" },
      }),
    ],
    shows: { generation: 2, health: "progressing" },
  };
}

function observed({ conditions: { ready: is, backup, fine } }: Cast): Step {
  const conditions = written(2, is, backup, fine);
  return {
    ...byOperator("observed", { readyReplicas: 5, totalReplicas: 5, conditions }),
    records: [
      statusChanged(
        { path: "status.readyReplicas", before: 3, after: 5 },
        { path: "status.totalReplicas", before: 3, after: 5 },
      ),
      healthChanged("current", {
        reason: "DatabaseAvailable",
        left: { word: "progressing", since: "scaled" },
      }),
    ],
    shows: {
      health: "current",
      status: { ready_replicas: 5, total_replicas: 5, storage_allocated_gb: 50 },
    },
  };
}

function degraded({ conditions: { ready: is, backup, fine, lost } }: Cast): Step {
  const conditions = written(2, is, backup, lost);
  return {
    ...byOperator("degraded", { phase: "Degraded", readyReplicas: 4, conditions }),
    records: [
      statusChanged({ path: "status.readyReplicas", before: 5, after: 4 }),
      conditionChanged({
        ...lost,
        left: { status: "False", since: fine.lastTransitionTime },
        severity: "WARN",
      }),
      phaseChanged("Degraded", { word: "Ready", since: "ready" }),
      healthChanged("degraded", {
        reason: "ReplicaLost",
        left: { word: "current", since: "observed" },
      }),
    ],
    shows: {
      phase: "Degraded",
      health: "degraded",
      conditions: shown(is, backup, lost),
      status: { ready_replicas: 4, total_replicas: 5, storage_allocated_gb: 50 },
    },
  };
}

function failed({ conditions: { ready: was, backup, lost, failed: is } }: Cast): Step {
  return {
    ...byOperator("failed", { phase: "Failed", conditions: written(2, is, backup, lost) }),
    records: [
      conditionChanged({
        ...is,
        left: { status: "True", since: was.lastTransitionTime },
        severity: "WARN",
      }),
      phaseChanged("Failed", { word: "Degraded", since: "degraded" }),
      healthChanged("failed", {
        reason: "ProvisioningFailed",
        left: { word: "degraded", since: "degraded" },
      }),
    ],
    shows: { phase: "Failed", health: "failed", conditions: shown(is, backup, lost) },
  };
}

/** A new password shows as a change, and no more. */
function failedAgain({ final, conditions: { backup, lost, failed: was } }: Cast): Step {
  const is = { ...was, reason: "StorageFailed" };
  const connectionString = connection(final, PASSWORDS.second);
  const conditions = written(2, is, backup, lost);
  return {
    ...byOperator("failed for another reason", { connectionString, conditions }),
    records: [
      statusChanged({ path: "status.connectionString", before: REDACTED, after: REDACTED }),
      reasonChanged(is),
    ],
    shows: {},
  };
}

function byOperator(name: string, status: object): Pick<Step, "name" | "object" | "write"> {
  return { name, object: OBJECT, write: { type: "status", manager: OPERATOR, status } };
}

function statusChanged(...changes: readonly Change[]): RecordRow {
  return statusUpdated({ by: `${OPERATOR}/Update/status`, changes });
}

function connection(final: Cast["final"], password: string): string {
  return String(final["connectionString"]).replace(":pass@", `:${password}@`);
}

type Conditions = Readonly<
  Record<"unready" | "ready" | "failed" | "noBackup" | "backup" | "fine" | "lost", Transition>
>;

function conditionsAt(at: At): Conditions {
  return {
    unready: {
      type: "Ready",
      status: "False",
      reason: "Provisioning",
      lastTransitionTime: at(2),
    },
    ready: {
      type: "Ready",
      status: "True",
      reason: "DatabaseAvailable",
      message: "All replicas are healthy and accessible",
      lastTransitionTime: at(32),
    },
    failed: {
      type: "Ready",
      status: "False",
      reason: "ProvisioningFailed",
      message: "No volume could be had",
      lastTransitionTime: at(55),
    },
    noBackup: {
      type: "BackupEnabled",
      status: "False",
      reason: "DatabaseNotReady",
      lastTransitionTime: at(2),
    },
    backup: {
      type: "BackupEnabled",
      status: "True",
      reason: "BackupJobScheduled",
      message: "Daily backups are configured",
      lastTransitionTime: at(12),
    },
    fine: {
      type: "Degraded",
      status: "False",
      reason: "NoDegradation",
      message: "Database is running normally",
      lastTransitionTime: at(2),
    },
    lost: {
      type: "Degraded",
      status: "True",
      reason: "ReplicaLost",
      message: "One replica does not answer",
      lastTransitionTime: at(44),
    },
  };
}

/** As the operator writes them. */
function written(
  observedGeneration: number,
  ...conditions: readonly Transition[]
): readonly object[] {
  return conditions.map((condition) => Object.assign({ observedGeneration }, condition));
}

/** As the series show them. */
function shown(...conditions: readonly Transition[]): Readonly<Record<string, ShownCondition>> {
  return Object.fromEntries(
    conditions.map(({ type, status, lastTransitionTime }) => [
      type,
      { status, lastTransitionTime },
    ]),
  );
}
