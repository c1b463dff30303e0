import type { KubeObject, ObjectMeta } from "../cluster/kube-object.ts";

/**
 * What is remembered of one object: trimmed and redacted, in sections that are compared as strings so that only
 * what differs is parsed.
 */
export type ObjectState = {
  readonly uid: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Only here, not in `metadata`: a write that changed nothing else leaves that equal. */
  readonly resourceVersion: string;
  /** JSON of metadata without what stands above. */
  readonly metadata: string;
  /** JSON of all fields that are neither apiVersion, kind, metadata nor status, so that ConfigMaps, Roles are whole. */
  readonly spec: string;
  /** JSON of the status, whatever it is; empty where there is none. */
  readonly status: string;
  /** What `encodeManagers` wrote: which entry of managedFields stood at which time. */
  readonly managers: string;
};

/** The sections of a state that hold JSON of the object. */
export type Section = "metadata" | "spec" | "status";

/** The state of a trimmed and redacted object. */
export function encodeState(object: KubeObject, managers: string): ObjectState {
  const { apiVersion, kind, metadata, status } = object;
  const { uid, namespace = "", name, resourceVersion } = metadata;
  // What is undefined is not written, and V8 copies a whole object faster than all but some fields of it.
  const none = undefined;
  const meta = { ...metadata, uid: none, namespace: none, name: none, resourceVersion: none };
  const rest = { ...object, apiVersion: none, kind: none, metadata: none, status: none };
  return {
    uid,
    namespace,
    name,
    apiVersion,
    kind,
    resourceVersion,
    metadata: JSON.stringify(meta),
    spec: JSON.stringify(rest),
    status: status === undefined ? "" : JSON.stringify(status),
    managers,
  };
}

/** What of it a row keeps in columns of its own: all but the kind, which its watch knows. */
export function columnsOf(state: Omit<ObjectState, "kind">): Omit<ObjectState, "kind"> {
  const { uid, namespace, name, apiVersion, resourceVersion } = state;
  const { metadata, spec, status, managers } = state;
  // Named one by one: taking one away of ten copies the others through a slow path of V8.
  return {
    uid,
    namespace,
    name,
    apiVersion,
    resourceVersion,
    metadata,
    spec,
    status,
    managers,
  };
}

/** The object that `encodeState` was given (its fields perhaps in another order). */
export function decodeState(state: ObjectState): KubeObject {
  return {
    apiVersion: state.apiVersion,
    kind: state.kind,
    metadata: decodeMetadata(state),
    ...decodeSpec(state),
    ...decodeStatus(state),
  };
}

/** metadata as it was, what stands beside it in the row included; an empty namespace is none. */
export function decodeMetadata(
  state: Pick<ObjectState, "uid" | "namespace" | "name" | "resourceVersion" | "metadata">,
): ObjectMeta {
  const { uid, namespace, name, resourceVersion } = state;
  // The text is our own, written by `encodeState` from an ObjectMeta.
  const meta: Partial<ObjectMeta> = JSON.parse(state.metadata);
  return namespace === ""
    ? { name, uid, resourceVersion, ...meta }
    : { name, namespace, uid, resourceVersion, ...meta };
}

/** The top-level fields other than apiVersion, kind, metadata and status. */
export function decodeSpec(state: ObjectState): Readonly<Record<string, unknown>> {
  // The text is our own, written by `encodeState` from a map.
  const spec: Readonly<Record<string, unknown>> = JSON.parse(state.spec);
  return spec;
}

/** `{ status }`, or nothing where there is none; a status may be anything, null included. */
export function decodeStatus(state: Pick<ObjectState, "status">): { readonly status?: unknown } {
  if (state.status === "") return {};
  const status: unknown = JSON.parse(state.status);
  return { status };
}
