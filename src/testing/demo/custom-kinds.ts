import type { JsonMap } from "../../util/json.ts";

export const DATABASES = "customdatabases.custom.example.com";
export const BACKUPS = "backups.example.com";

const TEXT = { type: "string" };
const INTEGER = { type: "integer" };

const CONDITIONS = {
  type: "array",
  items: {
    type: "object",
    properties: {
      type: TEXT,
      status: TEXT,
      reason: TEXT,
      message: TEXT,
      lastTransitionTime: { type: "string", format: "date-time" },
      observedGeneration: INTEGER,
    },
  },
};

/** A database operator's kind: phases, conditions, and a password in its spec and in its status' connection string. */
const DATABASE_CRD = crd({
  group: "custom.example.com",
  kind: "CustomDatabase",
  plural: "customdatabases",
  spec: {
    databaseType: TEXT,
    version: TEXT,
    replicas: INTEGER,
    storageGb: INTEGER,
    backupSchedule: TEXT,
    adminPassword: TEXT,
  },
  status: {
    phase: { type: "string", enum: ["Pending", "Provisioning", "Ready", "Degraded", "Failed"] },
    observedVersion: TEXT,
    readyReplicas: INTEGER,
    totalReplicas: INTEGER,
    storageAllocatedGb: INTEGER,
    connectionString: TEXT,
    conditions: CONDITIONS,
  },
});

/** A backup operator's kind: phases only. */
const BACKUP_CRD = crd({
  group: "example.com",
  kind: "Backup",
  plural: "backups",
  spec: { databaseName: TEXT, schedule: TEXT },
  status: {
    phase: { type: "string", enum: ["Pending", "Running", "Completed", "Failed"] },
    lastBackupTime: TEXT,
  },
});

/** The CRDs of the demo, in the shape of `apiextensions.k8s.io/v1`. */
export const DEMO_CRDS: readonly JsonMap[] = [DATABASE_CRD, BACKUP_CRD];

type CrdFacts = {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly spec: JsonMap;
  readonly status: JsonMap;
};

function crd({ group, kind, plural, spec, status }: CrdFacts): JsonMap {
  const properties = {
    spec: { type: "object", properties: spec },
    status: { type: "object", properties: status },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties } },
          subresources: { status: {} },
        },
      ],
    },
  };
}
