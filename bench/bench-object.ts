import type { JsonMap } from "../src/util/json.ts";
import { placeKey, seriesKey } from "./series-key.ts";

/** The kind that the bench replays. */
export const BENCH_KIND = {
  group: "bench.example.com",
  version: "v1",
  kind: "BenchDatabase",
  resource: "benchdatabases",
} as const;

const API_VERSION = `${BENCH_KIND.group}/${BENCH_KIND.version}`;
const CREATED_AT = "2026-01-15T08:00:00Z";
const CREATED_AT_SECONDS = Date.parse(CREATED_AT) / 1000;
const READY_REPLICAS = 3;
const ALLOCATED_GB = 40;
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
  readonly conditions: Condition[];
};

/** Whether it is True, and since when (Unix milliseconds). */
type Condition = { isTrue: boolean; sinceMs: number };

/** A new object whose controller has seen it and is content. */
export function createBenchObject(
  index: number,
  { nowMs, name }: { readonly nowMs: number; readonly name?: string },
): BenchObject {
  const number = String(index).padStart(6, "0");
  return {
    name: name ?? `database-${number}`,
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

/** True unless its controller has not seen the newest spec or says that it is not ready; progressing is all else that it can be. */
export function isCurrent(object: BenchObject): boolean {
  return object.observedGeneration === object.generation && isReady(object);
}

/** What its condition Ready says. */
export function isReady({ conditions: [ready] }: BenchObject): boolean {
  return ready?.isTrue === true;
}

/** Identifies an object among all series. */
export function objectKey({ namespace, name }: BenchObject): string {
  return placeKey({ ...BENCH_KIND, namespace, name });
}

/** The gauges that this object has, by `seriesKey`, and their values (docs/contract.md §5). */
export function benchSeries(object: BenchObject): ReadonlyMap<string, number> {
  const series = new Map<string, number>();
  const add = (metric: string, value: number, attributes: Record<string, string> = {}): void =>
    void series.set(seriesKey(`lifeline.object.${metric}`, attributes), value);
  add("info", 1, { api_version: API_VERSION });
  add("created_time", CREATED_AT_SECONDS);
  add("generation", object.generation);
  add("observed_generation", object.observedGeneration);
  add("phase", 1, { phase: object.phase });
  add("health", 1, { health: isCurrent(object) ? "current" : "progressing" });
  add("healthy", isCurrent(object) ? 1 : 0);
  for (const [index, { isTrue, sinceMs }] of object.conditions.entries()) {
    const condition = CONDITION_TYPES[index] ?? "";
    add("condition", 1, { condition, status: isTrue ? "True" : "False" });
    add("condition.transition_time", Math.floor(sinceMs / 1000), { condition });
  }
  add("status.ready_replicas", READY_REPLICAS);
  add("status.connections", object.connections);
  add("status.storage_allocated_gb", ALLOCATED_GB);
  add("status.last_heartbeat_time", heartbeatSeconds(object));
  return series;
}

/**
 * The object as an API server sends it: about 3 KB of JSON, managedFields of three managers included. Put together
 * from ready pieces, so that the server's work does not slow down what is measured.
 */
export function renderBenchObject(object: BenchObject, nowMs: number): string {
  const { name, namespace, uid, resourceVersion, generation } = object;
  const { before, spec, status, after } = PIECES;
  const now = rfc3339(nowMs);
  const conditions = object.conditions.map(renderCondition).join(",");
  return (
    `${before}"name":"${name}","namespace":"${namespace}","uid":"${uid}","resourceVersion":"${resourceVersion}",` +
    `"generation":${generation},"managedFields":[${MANAGED_FIELDS.map((text) => `{"time":"${now}",${text}`).join(",")}]},` +
    `${spec}"size":${object.size}},${status}"observedGeneration":${object.observedGeneration},"phase":"${object.phase}",` +
    `"connections":${object.connections},"endpoint":"${name}.${namespace}.svc.cluster.local:5432",` +
    `"lastHeartbeatTime":"${rfc3339(heartbeatSeconds(object) * 1000)}","conditions":[${conditions}]${after}`
  );
}

function renderCondition({ isTrue, sinceMs }: Condition, index: number): string {
  const [reason, message] = isTrue
    ? ["Reconciled", "The desired state was reached"]
    : ["Reconciling", "Work goes on"];
  return (
    `{"type":"${CONDITION_TYPES[index]}","status":"${isTrue ? "True" : "False"}","reason":"${reason}",` +
    `"message":"${message}","lastTransitionTime":"${rfc3339(sinceMs)}"}`
  );
}

/** By Unix second: spelling them anew was most of the cost of rendering, and a run shows only some hundred. */
const spelledTimes = new Map<number, string>();

/** RFC 3339 in whole seconds, as API servers write times. */
function rfc3339(unixMs: number): string {
  const second = Math.floor(unixMs / 1000);
  const known = spelledTimes.get(second);
  if (known !== undefined) return known;
  const text = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  spelledTimes.set(second, text);
  return text;
}

function heartbeatSeconds({ beats }: BenchObject): number {
  return CREATED_AT_SECONDS + beats;
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
  storage: { sizeGb: 40 },
  resources: { requests: { cpu: "500m", memory: "1Gi" } },
  backup: { schedule: "0 2 * * *", retentionDays: 30 },
  parameters: { max_connections: "200" },
  credentialsSecretRef: { name: "database-credentials", key: "url" },
};

const SPEC_FIELDS = fieldsOf({ spec: { ...SPEC, size: 0 }, labels: LABELS });
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

function managedBy(manager: string, fieldsV1: JsonMap, more: JsonMap = {}): string {
  const entry = {
    manager,
    operation: "Update",
    apiVersion: API_VERSION,
    fieldsType: "FieldsV1",
    fieldsV1,
    ...more,
  };
  return JSON.stringify(entry).slice(1);
}

const MANAGED_FIELDS = [
  managedBy("argocd-controller", SPEC_FIELDS, { operation: "Apply" }),
  managedBy("bench-operator", STATUS_FIELDS, { subresource: "status" }),
  managedBy("bench-operator", FINALIZER_FIELDS),
];

/** What is the same in all objects; each ends where something of the object's own follows. */
const PIECES = {
  before:
    `{"apiVersion":"${API_VERSION}","kind":"${BENCH_KIND.kind}","metadata":{` +
    `${open({ creationTimestamp: CREATED_AT, labels: LABELS, annotations: ANNOTATIONS, finalizers: [`${BENCH_KIND.group}/protect`] })},`,
  spec: `"spec":{${open(SPEC)},`,
  status: `"status":{${open({ readyReplicas: READY_REPLICAS, storageAllocatedGb: ALLOCATED_GB })},`,
  after: "}}",
};

/** JSON of an object without its brackets. */
function open(value: JsonMap): string {
  return JSON.stringify(value).slice(1, -1);
}
