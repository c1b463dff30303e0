import { type Example, specOf, statusOf } from "../read-example.ts";
import { created, deleted, healthChanged, phaseChanged, statusUpdated } from "../record-rows.ts";
import type { ObjectName, Step, Story } from "../story.ts";

const KIND = "Backup";
const OPERATOR = { manager: "backup-operator", by: "backup-operator/Update/status" };

const NIGHTLY = { kind: KIND, name: "nightly" };
const WEEKLY = { kind: KIND, name: "weekly" };

/** Backups with nothing but phases; one fails, one is deleted and made again under its name. */
export function backup(example: Example): Story {
  return {
    example: "backup",
    acts: [
      [
        create(example, NIGHTLY),
        pending(NIGHTLY),
        running(NIGHTLY),
        completed(example),
        create(example, WEEKLY),
        pending(WEEKLY),
        failed(),
      ],
      [
        { ...remove(NIGHTLY, "current"), waits: false },
        create(example, NIGHTLY),
        pending(NIGHTLY),
        remove(WEEKLY, "failed"),
      ],
    ],
  };
}

function completed(example: Example): Step {
  const status = statusOf(example, KIND);
  const lastBackupTime = String(status["lastBackupTime"]);
  return {
    name: "completed",
    object: NIGHTLY,
    write: { type: "status", manager: OPERATOR.manager, status },
    records: [
      statusUpdated({
        by: OPERATOR.by,
        changes: [{ path: "status.lastBackupTime", after: lastBackupTime }],
      }),
      phaseChanged("Completed", { word: "Running", since: "running" }),
      healthChanged("current", {
        reason: "Completed",
        left: { word: "progressing", since: "pending" },
      }),
    ],
    shows: {
      phase: "Completed",
      health: "current",
      status: { last_backup_time: lastBackupTime },
    },
  };
}

function failed(): Step {
  return {
    name: "failed",
    object: WEEKLY,
    write: { type: "status", manager: OPERATOR.manager, status: { phase: "Failed" } },
    records: [
      phaseChanged("Failed", { word: "Pending", since: "pending" }),
      healthChanged("failed", {
        reason: "Failed",
        left: { word: "progressing", since: "pending" },
      }),
    ],
    shows: { phase: "Failed", health: "failed" },
  };
}

function remove(object: ObjectName, lastHealth: string): Step {
  return {
    name: "deleted",
    object,
    write: { type: "delete", removed: true },
    records: [deleted(lastHealth)],
    shows: {},
  };
}

function create(example: Example, object: ObjectName): Step {
  const plain = specOf(example, KIND);
  const metadata = { ...plain.metadata, name: object.name };
  return {
    name: "created",
    object,
    write: { type: "create", manager: "kubectl-create", object: () => ({ ...plain, metadata }) },
    records: [created("unknown")],
    shows: {},
  };
}

function pending(object: ObjectName): Step {
  return {
    name: "pending",
    object,
    write: { type: "status", manager: OPERATOR.manager, status: { phase: "Pending" } },
    records: [
      phaseChanged("Pending"),
      healthChanged("progressing", {
        reason: "Pending",
        left: { word: "unknown", since: "created" },
      }),
    ],
    shows: { phase: "Pending", health: "progressing" },
  };
}

/** A Backup comes to an end, so that Running is on its way (docs/health.md, phase lexicon). */
function running(object: ObjectName): Step {
  return {
    name: "running",
    object,
    write: { type: "status", manager: OPERATOR.manager, status: { phase: "Running" } },
    records: [phaseChanged("Running", { word: "Pending", since: "pending" })],
    shows: { phase: "Running" },
  };
}
