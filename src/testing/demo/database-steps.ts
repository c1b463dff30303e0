import type { JsonMap } from "../../util/json.ts";
import type { Writer } from "../simulated-api-server/managed-fields.ts";
import { DATABASES } from "./custom-kinds.ts";
import type { ConditionState, StoryStep } from "./story-step.ts";

/** Who plays in the day: one database of the story. */
export type Database = {
  readonly namespace: string;
  readonly name: string;
  readonly team: string;
  readonly databaseType: string;
  readonly scheme: string;
  readonly version: string;
  readonly nextVersion: string;
  readonly replicas: number;
  readonly storageGb: number;
  /** Stands in its spec and in its connection string; must never arrive anywhere. */
  readonly password: string;
};

/** When something begins and how long it takes, in fractions of the day. */
type Span = { readonly at: number; readonly length: number };

export const GITOPS: Writer = { manager: "gitops", operation: "Apply" };
const KUBECTL: Writer = { manager: "kubectl-edit" };
const OPERATOR: Writer = { manager: "database-operator" };

const AUTOSCALER: Writer = { manager: "autoscaler" };
const SECRETS_SYNC: Writer = { manager: "secrets-sync", operation: "Apply" };

const BACKUP_SCHEDULE = "0 2 * * *";

/** The operator frees the volumes before it lets go of a database. */
const FINALIZER = "custom.example.com/release-volumes";

type Ref = { readonly resource: string; readonly namespace: string; readonly name: string };

function databaseRef({ namespace, name }: Database): Ref {
  return { resource: DATABASES, namespace, name };
}

/** Created by somebody, taken up by the operator: phase Pending, not ready. */
function beginSteps(
  database: Database,
  { at, length }: Span,
  writer: Writer,
): readonly StoryStep[] {
  const ref = databaseRef(database);
  const { databaseType, version, replicas, storageGb, team, password } = database;
  const spec = {
    databaseType,
    version,
    replicas,
    storageGb,
    backupSchedule: BACKUP_SCHEDULE,
    adminPassword: password,
  };
  return [
    { at, type: "create", ref, writer, input: { labels: { team }, finalizers: [FINALIZER], spec } },
    reports(database, at + length * 0.3, {
      status: { phase: "Pending", readyReplicas: 0, totalReplicas: replicas },
      conditions: [condition("Ready", "False", ["Creating", "Waiting for the first replica"])],
    }),
    reports(database, at + length, { status: { phase: "Provisioning", observedVersion: version } }),
  ];
}

/** From nothing to Ready, replica by replica. */
export function provisionSteps(
  database: Database,
  { at, length }: Span,
  writer: Writer,
): readonly StoryStep[] {
  const { replicas, storageGb } = database;
  const joining = Array.from({ length: replicas - 1 }, (_, index) =>
    reports(database, at + length * (0.4 + (0.3 * index) / replicas), {
      status: { readyReplicas: index + 1 },
    }),
  );
  return [
    ...beginSteps(database, { at, length: length * 0.3 }, writer),
    ...joining,
    reports(database, at + length * 0.8, {
      status: {
        phase: "Ready",
        readyReplicas: replicas,
        storageAllocatedGb: storageGb,
        connectionString: connectionStringOf(database, database.password),
      },
      conditions: [READY, NOT_DEGRADED],
    }),
    reports(database, at + length, {
      conditions: [
        condition("BackupEnabled", "True", ["BackupJobScheduled", "Daily backups are configured"]),
      ],
    }),
  ];
}

/** A replica is lost, then the quorum; both come back. */
export function degradeSteps(database: Database, { at, length }: Span): readonly StoryStep[] {
  const { replicas } = database;
  return [
    reports(database, at, {
      status: { phase: "Degraded", readyReplicas: replicas - 1 },
      conditions: [
        condition("Degraded", "True", [
          "ReplicaLost",
          "1 replica does not answer: its node is gone",
        ]),
      ],
    }),
    reports(database, at + length * 0.35, {
      status: { readyReplicas: replicas - 2 },
      conditions: [
        condition("Ready", "False", ["QuorumLost", "2 replicas do not answer: writes are refused"]),
      ],
    }),
    reports(database, at + length * 0.75, {
      status: { readyReplicas: replicas - 1 },
      conditions: [READY],
    }),
    reports(database, at + length, {
      status: { phase: "Ready", readyReplicas: replicas },
      conditions: [NOT_DEGRADED],
    }),
  ];
}

/** Somebody wants the next version; the operator rolls it out. */
export function upgradeSteps(database: Database, { at, length }: Span): readonly StoryStep[] {
  const { nextVersion, replicas } = database;
  return [
    {
      at,
      type: "update",
      ref: databaseRef(database),
      writer: KUBECTL,
      patch: { spec: { version: nextVersion } },
    },
    reports(database, at + length * 0.2, {
      status: { phase: "Provisioning", readyReplicas: replicas - 1 },
      conditions: [
        condition("Ready", "False", ["RollingUpdate", `Moving to version ${nextVersion}`]),
      ],
    }),
    reports(database, at + length, {
      status: { phase: "Ready", observedVersion: nextVersion, readyReplicas: replicas },
      conditions: [READY],
    }),
  ];
}

/** More storage than there is: phase Failed. */
export function failSteps(database: Database, { at, length }: Span): readonly StoryStep[] {
  const message = `Cannot allocate ${database.storageGb} GiB: the quota of "${database.namespace}" has 40 GiB left`;
  return [
    ...beginSteps(database, { at, length: length * 0.5 }, KUBECTL),
    reports(database, at + length, {
      status: { phase: "Failed" },
      conditions: [condition("Ready", "False", ["ProvisioningFailed", message])],
    }),
  ];
}

/** Deleted by somebody; gone when the operator has let go. */
export function removeSteps(database: Database, { at, length }: Span): readonly StoryStep[] {
  const ref = databaseRef(database);
  return [
    { at, type: "delete", ref, writer: KUBECTL },
    {
      at: at + length,
      type: "update",
      ref,
      writer: OPERATOR,
      patch: { metadata: { finalizers: [] } },
    },
  ];
}

/** Somebody changes by hand what gitops owns; gitops puts it back, and the operator has nothing to do. */
export function driftSteps(database: Database, { at, length }: Span): readonly StoryStep[] {
  const ref = databaseRef(database);
  const { replicas } = database;
  const byHand = { replicas: replicas + 2, backupSchedule: "@never" };
  const asDeclared = { replicas, backupSchedule: BACKUP_SCHEDULE };
  return [
    { at, type: "update", ref, writer: KUBECTL, patch: { spec: byHand } },
    { at: at + length * 0.7, type: "update", ref, writer: GITOPS, patch: { spec: asDeclared } },
    reports(database, at + length, { conditions: [READY] }),
  ];
}

/** More than the flood guard lets through (docs/contract.md §4). */
const FIGHT_WRITES = 24;

/** Two managers each want another number of replicas, and write over each other until one gives up. */
export function fightSteps(database: Database, { at, length }: Span): readonly StoryStep[] {
  const ref = databaseRef(database);
  const { replicas } = database;
  const writes = Array.from({ length: FIGHT_WRITES }, (_, index): StoryStep => {
    const isAutoscaler = index % 2 === 0;
    return {
      at: at + (length * index) / FIGHT_WRITES,
      type: "update",
      ref,
      writer: isAutoscaler ? AUTOSCALER : GITOPS,
      patch: { spec: { replicas: isAutoscaler ? replicas + 1 : replicas } },
    };
  });
  return [...writes, reports(database, at + length, { conditions: [READY] })];
}

/** The password in the spec is replaced; the operator follows with the connection string. */
export function rotateSteps(
  database: Database,
  { at, length }: Span,
  newPassword: string,
): readonly StoryStep[] {
  const ref = databaseRef(database);
  const connectionString = connectionStringOf(database, newPassword);
  return [
    {
      at,
      type: "update",
      ref,
      writer: SECRETS_SYNC,
      patch: { spec: { adminPassword: newPassword } },
    },
    reports(database, at + length, { status: { connectionString }, conditions: [READY] }),
  ];
}

const READY = condition("Ready", "True", [
  "DatabaseAvailable",
  "All replicas are healthy and accessible",
]);
const NOT_DEGRADED = condition("Degraded", "False", [
  "NoDegradation",
  "The database runs normally",
]);

type Report = { readonly status?: JsonMap; readonly conditions?: readonly ConditionState[] };

function reports(
  database: Database,
  at: number,
  { status = {}, conditions = [] }: Report,
): StoryStep {
  return { at, type: "status", ref: databaseRef(database), writer: OPERATOR, status, conditions };
}

type Why = readonly [reason: string, message: string];

function condition(
  type: string,
  status: ConditionState["status"],
  [reason, message]: Why,
): ConditionState {
  return { type, status, reason, message };
}

function connectionStringOf({ scheme, name, namespace }: Database, password: string): string {
  return `${scheme}://app:${password}@${name}-0.${namespace}.svc,${name}-1.${namespace}.svc/main`;
}
