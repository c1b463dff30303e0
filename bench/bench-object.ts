import type { JsonMap } from "../src/util/json.ts";

/** The kind that the bench replays. */
export const BENCH_KIND = {
  group: "bench.example.com",
  version: "v1",
  kind: "BenchDatabase",
  resource: "benchdatabases",
} as const;

const CONDITION_TYPES = ["Ready", "StorageBound", "EndpointPublished", "BackupEnabled"] as const;

/** What moves in one object; the rest of it is the same text for all. */
export type BenchObject = {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  resourceVersion: number;
  generation: number;
  observedGeneration: number;
  size: number;
  phase: string;
  connections: number;
  beats: number;
  /** By condition: whether it is True, and since when (Unix milliseconds). */
  readonly conditions: { isTrue: boolean; sinceMs: number }[];
};

/**
 * Gauges of each of these objects at any time: info, created_time, generation, observed_generation, phase, health,
 * healthy, a condition and its transition_time for each, and four fields of the status.
 */
export const SERIES_PER_OBJECT: number = 7 + 2 * CONDITION_TYPES.length + 4;

/** A new object whose controller has seen it and is content. */
export function createBenchObject(index: number, nowMs: number): BenchObject {
  const number = String(index).padStart(6, "0");
  return {
    name: `database-${number}`,
    namespace: `team-${index % 20}`,
    uid: `00000000-0000-4000-a000-000000${number}`,
    resourceVersion: index + 1,
    generation: 1,
    observedGeneration: 1,
    size: 3,
    phase: "Running",
    connections: 10,
    beats: 0,
    conditions: CONDITION_TYPES.map(() => ({ isTrue: true, sinceMs: nowMs })),
  };
}

/** The object as an API server sends it: about 3.1 KB of JSON, managedFields of three managers included. */
export function renderBenchObject(object: BenchObject, nowMs: number): JsonMap {
  const now = rfc3339(nowMs);
  return {
    apiVersion: `${BENCH_KIND.group}/${BENCH_KIND.version}`,
    kind: BENCH_KIND.kind,
    metadata: {
      name: object.name,
      namespace: object.namespace,
      uid: object.uid,
      resourceVersion: String(object.resourceVersion),
      generation: object.generation,
      creationTimestamp: "2026-01-15T08:00:00Z",
      labels: LABELS,
      annotations: ANNOTATIONS,
      finalizers: [`${BENCH_KIND.group}/protect`],
      managedFields: [
        { ...managedBy("argocd-controller", now, SPEC_FIELDS), operation: "Apply" },
        { ...managedBy("bench-operator", now, STATUS_FIELDS), subresource: "status" },
        managedBy("bench-operator", now, FINALIZER_FIELDS),
      ],
    },
    spec: { ...SPEC, size: object.size },
    status: {
      observedGeneration: object.observedGeneration,
      phase: object.phase,
      readyReplicas: 3,
      connections: object.connections,
      storageAllocatedGb: 40,
      endpoint: `${object.name}.${object.namespace}.svc.cluster.local:5432`,
      lastHeartbeatTime: rfc3339(nowMs + object.beats * 1000),
      conditions: object.conditions.map((condition, index) => renderCondition(condition, index)),
    },
  };
}

/** RFC 3339 in whole seconds, as API servers write times. */
function rfc3339(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19)}Z`;
}

function renderCondition(
  { isTrue, sinceMs }: { isTrue: boolean; sinceMs: number },
  index: number,
): JsonMap {
  return {
    type: CONDITION_TYPES[index],
    status: isTrue ? "True" : "False",
    reason: isTrue ? "Reconciled" : "Reconciling",
    message: isTrue ? "The desired state was reached" : "Work goes on",
    lastTransitionTime: rfc3339(sinceMs),
  };
}

const LABELS = {
  "app.kubernetes.io/name": "bench-database",
  "app.kubernetes.io/managed-by": "argocd",
  team: "payments",
};

const ANNOTATIONS = {
  "argocd.argoproj.io/tracking-id": "shop:bench.example.com/BenchDatabase:team/database",
};

const SPEC = {
  engine: "postgres",
  version: "16.4",
  size: 3,
  storage: { sizeGb: 40 },
  resources: { requests: { cpu: "500m", memory: "1Gi" } },
  backup: { schedule: "0 2 * * *", retentionDays: 30 },
  parameters: { max_connections: "200" },
  credentialsSecretRef: { name: "database-credentials", key: "url" },
};

const SPEC_FIELDS = fieldsOf({ spec: SPEC, labels: LABELS });
const STATUS_FIELDS = fieldsOf({
  status: {
    observedGeneration: 0,
    phase: 0,
    readyReplicas: 0,
    connections: 0,
    storageAllocatedGb: 0,
    endpoint: 0,
    lastHeartbeatTime: 0,
    conditions: Object.fromEntries(
      CONDITION_TYPES.map((type) => [
        `k:{"type":"${type}"}`,
        { lastTransitionTime: 0, message: 0, reason: 0, status: 0, type: 0 },
      ]),
    ),
  },
});
const FINALIZER_FIELDS = fieldsOf({ metadata: { finalizers: 0 } });

/** The shape of `fieldsV1`: every field by `f:NAME`, leaves empty. */
function fieldsOf(value: unknown): JsonMap {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, below]) => [
      name.startsWith("k:") ? name : `f:${name}`,
      fieldsOf(below),
    ]),
  );
}

function managedBy(manager: string, time: string, fieldsV1: JsonMap): JsonMap {
  return {
    manager,
    operation: "Update",
    apiVersion: `${BENCH_KIND.group}/${BENCH_KIND.version}`,
    time,
    fieldsType: "FieldsV1",
    fieldsV1,
  };
}
