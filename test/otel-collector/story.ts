import { readFile } from "node:fs/promises";
import type { AdminClient, NewObject } from "../testbed/admin-client.ts";

const EXAMPLE = new URL("../../examples/custom-database/crds-and-objects.yaml", import.meta.url);
const NAMESPACE = "platform";

/** Who writes, as each program calls itself. */
const GITOPS = { fieldManager: "kustomize-controller" };
const PERSON = { fieldManager: "kubectl-edit" };
const OPERATOR = { fieldManager: "database-operator" };

const MINUTE_MS = 60_000;

/** The CRD of examples/custom-database, and nothing else of that file. */
export async function installDatabases(admin: AdminClient): Promise<void> {
  const [definition = ""] = (await readFile(EXAMPLE, "utf8")).split("\n---\n");
  await admin.applyYaml(definition);
  await admin.createNamespace(NAMESPACE);
}

/**
 * What README's queries are asked about: billing-db is changed by two programs and degrades, reports-db has not been
 * ready for a quarter of an hour.
 */
export async function playStory(admin: AdminClient): Promise<void> {
  const [billing, reports] = [database("billing-db"), database("reports-db")];
  for (const object of [billing, reports]) await admin.create(object, GITOPS);
  await admin.patchStatus(billing, readyStatus(), OPERATOR);
  await admin.patchStatus(reports, reportsStatus(), OPERATOR);
  await admin.patch(billing, { spec: { replicas: 5 } }, PERSON);
  await admin.patchStatus(billing, { readyReplicas: 5, totalReplicas: 5 }, OPERATOR);
  await admin.patch(billing, { spec: { version: "5.0" } }, GITOPS);
  await admin.patchStatus(billing, degradedStatus(), OPERATOR);
}

function database(name: string): NewObject {
  return {
    apiVersion: "custom.example.com/v1",
    kind: "CustomDatabase",
    metadata: { name, namespace: NAMESPACE },
    spec: { databaseType: "mongo-replica", version: "4.4", replicas: 3, storageGb: 50 },
  };
}

function readyStatus(): object {
  return {
    phase: "Ready",
    readyReplicas: 3,
    totalReplicas: 3,
    conditions: [
      condition({ type: "Ready", status: "True", reason: "DatabaseAvailable" }),
      condition({ type: "Degraded", status: "False", reason: "NoDegradation" }),
    ],
  };
}

function degradedStatus(): object {
  return {
    phase: "Degraded",
    observedVersion: "5.0",
    readyReplicas: 2,
    conditions: [
      condition({ type: "Ready", status: "False", reason: "ReplicasFailed" }),
      condition({ type: "Degraded", status: "True", reason: "ReplicasFailed" }),
    ],
  };
}

function reportsStatus(): object {
  const since = new Date(Date.now() - 15 * MINUTE_MS);
  return {
    phase: "Provisioning",
    readyReplicas: 1,
    totalReplicas: 3,
    conditions: [condition({ type: "Ready", status: "False", reason: "WaitingForVolume" }, since)],
  };
}

type Condition = { readonly type: string; readonly status: string; readonly reason: string };

function condition(facts: Condition, since = new Date()): object {
  return { ...facts, message: "", lastTransitionTime: `${since.toISOString().slice(0, 19)}Z` };
}
