import { isDeepStrictEqual } from "node:util";
import type { KubeObject, ObjectMeta } from "../../cluster/kube-object.ts";
import { isMap, type JsonMap } from "../../util/json.ts";
import { nextManagedFields, type Writer } from "./managed-fields.ts";
import { mergePatch } from "./merge-patch.ts";
import { formatApiVersion, type ServedKind } from "./served-kind.ts";

/** What a user hands in: the server completes it. */
export type ObjectInput = {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
};

/** Who writes when, and the resourceVersion that the write gets; `atMs` is Unix milliseconds. */
export type Stamp = {
  readonly writer: Writer;
  readonly atMs: number;
  readonly resourceVersion: string;
};

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function formatTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** The object that a create makes. With a status subresource the status is dropped (customresource/strategy.go). */
export function createdObject(
  kind: ServedKind,
  input: ObjectInput,
  stamp: Stamp & { readonly uid: string },
): KubeObject {
  const { status, metadata, ...rest } = structuredClone(input);
  const apiVersion = formatApiVersion(kind.group, kind.versions[0] ?? "v1");
  const after = {
    ...rest,
    ...(status === undefined || kind.hasStatusSubresource ? {} : { status }),
    apiVersion,
    kind: kind.kind,
    metadata: {
      ...metadata,
      uid: stamp.uid,
      resourceVersion: stamp.resourceVersion,
      creationTimestamp: formatTime(stamp.atMs),
      ...(kind.hasGeneration ? { generation: 1 } : {}),
    },
  };
  return withManagedFields(undefined, after, { stamp, apiVersion });
}

/**
 * The object after a merge patch of everything but its status (of everything, where there is no status subresource);
 * `undefined` when the write changes nothing, which the API server answers without a new resourceVersion.
 */
export function updatedObject(
  before: KubeObject,
  kind: ServedKind,
  write: { patch: JsonMap; stamp: Stamp },
): KubeObject | undefined {
  const { status: patchedStatus, metadata, ...rest } = write.patch;
  const status =
    kind.hasStatusSubresource || patchedStatus === undefined ? {} : { status: patchedStatus };
  const patch = { ...rest, ...status, metadata: writableMetadata(metadata) };
  const after = asObject(mergePatch(before, structuredClone(patch)), before);
  if (isDeepStrictEqual(before, after)) return undefined;
  return withManagedFields(before, stamped(before, after, { kind, stamp: write.stamp }), {
    stamp: write.stamp,
    apiVersion: before.apiVersion,
  });
}

/** The object after a merge patch of its status alone; `undefined` when that changes nothing. */
export function statusPatchedObject(
  before: KubeObject,
  patch: unknown,
  stamp: Stamp,
): KubeObject | undefined {
  const status = mergePatch(before.status, structuredClone(patch));
  if (isDeepStrictEqual(before.status, status)) return undefined;
  const metadata = { ...before.metadata, resourceVersion: stamp.resourceVersion };
  const after = { ...before, metadata, status };
  return withManagedFields(before, after, {
    stamp,
    apiVersion: before.apiVersion,
    subresource: "status",
  });
}

/** The object whose deletion was asked for but waits for finalizers (registry/generic/registry/store.go, markAsDeleting). */
export function deletingObject(before: KubeObject, stamp: Stamp): KubeObject {
  const { generation } = before.metadata;
  const metadata: ObjectMeta = {
    ...before.metadata,
    resourceVersion: stamp.resourceVersion,
    deletionTimestamp: formatTime(stamp.atMs),
    deletionGracePeriodSeconds: 0,
    ...(generation === undefined ? {} : { generation: generation + 1 }),
  };
  return { ...before, metadata };
}

/** Everything that a client may write there; identity, times and managedFields are the server's. */
function writableMetadata(metadata: unknown): JsonMap {
  if (!isMap(metadata)) return {};
  const fields = ["annotations", "finalizers", "labels", "ownerReferences"].filter(
    (field) => field in metadata,
  );
  return Object.fromEntries(fields.map((field) => [field, metadata[field]]));
}

function stamped(
  before: KubeObject,
  after: KubeObject,
  { kind, stamp }: { kind: ServedKind; stamp: Stamp },
): KubeObject {
  const { generation } = before.metadata;
  const isSpecChanged = !isDeepStrictEqual(specPart(before, kind), specPart(after, kind));
  const bumped = generation === undefined || !isSpecChanged ? {} : { generation: generation + 1 };
  return {
    ...after,
    metadata: { ...after.metadata, ...bumped, resourceVersion: stamp.resourceVersion },
  };
}

/** What bumps the generation (customresource/strategy.go): all but metadata and, with a status subresource, status. */
function specPart(object: KubeObject, kind: ServedKind): JsonMap {
  const { metadata: _metadata, status, ...rest } = object;
  return kind.hasStatusSubresource ? rest : { ...rest, status };
}

type Ownership = {
  readonly stamp: Stamp;
  readonly apiVersion: string;
  readonly subresource?: string;
};

function withManagedFields(
  before: KubeObject | undefined,
  after: KubeObject,
  ownership: Ownership,
): KubeObject {
  const { stamp, ...rest } = ownership;
  const managedFields = nextManagedFields(before?.metadata.managedFields ?? [], {
    before,
    after,
    writer: stamp.writer,
    time: formatTime(stamp.atMs),
    ...rest,
  });
  return { ...after, metadata: { ...after.metadata, managedFields } };
}

function asObject(patched: unknown, before: KubeObject): KubeObject {
  if (!isObject(patched))
    throw new Error(`Cannot patch "${before.metadata.name}": what comes out has no metadata`);
  return { ...patched, apiVersion: before.apiVersion, kind: before.kind };
}

function isObject(value: unknown): value is KubeObject {
  return isMap(value) && isMap(value["metadata"]) && typeof value["metadata"]["name"] === "string";
}
