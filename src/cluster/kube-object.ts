/**
 * A Kubernetes object as its API server sent it. Only `metadata` is relied on: whoever reads another field
 * asks first what it is, because a custom resource may hold anything anywhere (a status that is a string too).
 */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
};

/** The part of every object that Kubernetes itself types (`metav1.ObjectMeta`); times are RFC 3339 in whole seconds. */
export type ObjectMeta = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  /** Opaque, but within one epoch of one resource ordered by length, then lexically (KEP-5504). */
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  /** When deletion is due, not when it was asked for: that is this minus the grace period. */
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
};

/** `metav1.OwnerReference`; at most one of an object's has `controller: true`. */
type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
};

/** `metav1.ManagedFieldsEntry`: which fields a program last set, and when. `fieldsV1` is a trie of `f:name` keys, or a `RawJson` of one. */
export type ManagedFieldsEntry = {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: unknown;
};

/** What discovery knows of one kind. Stored with its watch and present in every Change, so that no stage asks twice. */
export type KindFacts = {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural in the URL, such as `customdatabases`. */
  readonly resource: string;
  readonly scope: "Namespaced" | "Cluster";
  /** Without one, every write bumps `metadata.generation`. */
  readonly hasStatusSubresource: boolean;
  readonly hints: SchemaHints;
};

/** What a CRD's schema and printer columns say about its status; empty for kinds that no CRD serves. */
export type SchemaHints = {
  /** The enum of `status.phase` (else of `status.state`), in its order. */
  readonly phases: readonly string[];
  /** Columns of type integer, number or date, in their order; `jsonPath` as in the CRD, such as `.status.readyReplicas`. */
  readonly printerColumns: readonly PrinterColumn[];
};

export type PrinterColumn = {
  readonly name: string;
  readonly jsonPath: string;
  readonly type: "integer" | "number" | "date";
};
