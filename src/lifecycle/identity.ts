import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import { fieldAt, isMap } from "../util/json.ts";
import { cutUtf8 } from "../util/utf8.ts";
import type { AttributeValue, Attributes } from "./signal.ts";

/** Kubernetes' own limit for names is 253 bytes; whoever writes longer ones does not reach a store with them. */
const IDENTITY_MAX_BYTES = 512;

/**
 * The kinds whose names have an attribute of their own, with their groups
 * (OpenTelemetry semantic conventions 1.45, registry `k8s.*`).
 */
const NAME_ATTRIBUTES: ReadonlyMap<string, { readonly group: string; readonly attribute: string }> =
  new Map([
    ["Pod", { group: "", attribute: "k8s.pod.name" }],
    ["Node", { group: "", attribute: "k8s.node.name" }],
    ["Namespace", { group: "", attribute: "k8s.namespace.name" }],
    ["Service", { group: "", attribute: "k8s.service.name" }],
    ["PersistentVolume", { group: "", attribute: "k8s.persistentvolume.name" }],
    ["PersistentVolumeClaim", { group: "", attribute: "k8s.persistentvolumeclaim.name" }],
    ["ReplicationController", { group: "", attribute: "k8s.replicationcontroller.name" }],
    ["ResourceQuota", { group: "", attribute: "k8s.resourcequota.name" }],
    ["Deployment", { group: "apps", attribute: "k8s.deployment.name" }],
    ["ReplicaSet", { group: "apps", attribute: "k8s.replicaset.name" }],
    ["StatefulSet", { group: "apps", attribute: "k8s.statefulset.name" }],
    ["DaemonSet", { group: "apps", attribute: "k8s.daemonset.name" }],
    ["Job", { group: "batch", attribute: "k8s.job.name" }],
    ["CronJob", { group: "batch", attribute: "k8s.cronjob.name" }],
    ["HorizontalPodAutoscaler", { group: "autoscaling", attribute: "k8s.hpa.name" }],
    ["StorageClass", { group: "storage.k8s.io", attribute: "k8s.storageclass.name" }],
  ]);

type Owner = { readonly kind: string; readonly name: string };

/** What records and series say about which object it is; every string at most 512 bytes, whatever the object holds. */
export type Identity = {
  readonly kind: string;
  readonly group: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number | undefined;
  /** The owner that controls it; there is at most one. */
  readonly owner?: Owner | undefined;
};

/** Reads an object's identity without trusting its metadata to be what Kubernetes says it is. */
export function readIdentity(object: KubeObject, facts: KindFacts): Identity {
  const metadata: unknown = object.metadata;
  const namespace = text(fieldAt(metadata, "namespace"));
  const generation = fieldAt(metadata, "generation");
  return {
    kind: text(facts.kind),
    group: text(facts.group),
    apiVersion:
      text(object.apiVersion) ||
      (facts.group === "" ? facts.version : `${facts.group}/${facts.version}`),
    name: text(fieldAt(metadata, "name")),
    namespace: namespace === "" ? undefined : namespace,
    uid: text(fieldAt(metadata, "uid")),
    resourceVersion: text(fieldAt(metadata, "resourceVersion")),
    generation: isGeneration(generation) ? generation : undefined,
    owner: readOwner(fieldAt(metadata, "ownerReferences")),
  };
}

/** `CustomDatabase default/my-app-db`; without a namespace `ClusterBackup nightly`. */
export function nameForPeople(identity: Identity): string {
  return `${identity.kind} ${identity.namespace === undefined ? "" : `${identity.namespace}/`}${identity.name}`;
}

/** The attributes that all records about one object share (docs/contract.md §4); the namespace is in their resource. */
export function recordIdentity(identity: Identity): Attributes {
  return identityAt(identity, identity.generation);
}

/**
 * The same for what is about another generation than the object's present one; undefined: about none. An Identity is
 * never copied with another generation: V8 would compile all that reads one anew for each form of it.
 */
export function identityAt(identity: Identity, generation: number | undefined): Attributes {
  const named = NAME_ATTRIBUTES.get(identity.kind);
  const attributes: Record<string, AttributeValue> = {
    "k8s.object.kind": identity.kind,
    "k8s.object.group": identity.group,
    "k8s.object.api_version": identity.apiVersion,
    "k8s.object.name": identity.name,
    "k8s.object.uid": identity.uid,
    "k8s.object.resource_version": identity.resourceVersion,
  };
  if (generation !== undefined) attributes["k8s.object.generation"] = generation;
  if (named?.group === identity.group) attributes[named.attribute] = identity.name;
  if (identity.owner !== undefined) {
    attributes["lifeline.owner.kind"] = identity.owner.kind;
    attributes["lifeline.owner.name"] = identity.owner.name;
  }
  return attributes;
}

/** The attributes that all series of one kind in one namespace share (docs/contract.md §5). */
export function kindIdentity(
  of: Pick<Identity, "kind" | "group" | "namespace">,
  clusterName: string | undefined,
): Attributes {
  const attributes: Record<string, AttributeValue> = {
    "k8s.object.kind": of.kind,
    "k8s.object.group": of.group,
  };
  if (of.namespace !== undefined) attributes["k8s.namespace.name"] = of.namespace;
  if (clusterName !== undefined) attributes["k8s.cluster.name"] = clusterName;
  return attributes;
}

function readOwner(references: unknown): Owner | undefined {
  if (!Array.isArray(references)) return undefined;
  const controller: unknown = references.find(
    (reference) => fieldAt(reference, "controller") === true,
  );
  if (!isMap(controller)) return undefined;
  return { kind: text(controller["kind"]), name: text(controller["name"]) };
}

function text(value: unknown): string {
  return typeof value === "string" ? cutUtf8(value, IDENTITY_MAX_BYTES) : "";
}

function isGeneration(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
