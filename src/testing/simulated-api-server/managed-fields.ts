import { isDeepStrictEqual } from "node:util";
import type { ManagedFieldsEntry } from "../../cluster/kube-object.ts";
import { isMap, type JsonMap } from "../../util/json.ts";

/** Who writes: a program's name for itself, and how (default `Update`). */
export type Writer = { readonly manager: string; readonly operation?: "Apply" | "Update" };

/** One write, as far as ownership of fields cares; `time` is RFC 3339 in whole seconds. */
type Write = {
  readonly before: JsonMap | undefined;
  readonly after: JsonMap;
  readonly writer: Writer;
  readonly subresource?: string;
  readonly apiVersion: string;
  readonly time: string;
};

/** A trie in the form of `fieldsV1`: `{"f:spec": {"f:replicas": {}}}`. */
type FieldTrie = { [field: string]: FieldTrie };

const OWNED_METADATA = new Set(["annotations", "finalizers", "labels", "ownerReferences"]);
const SEPARATOR = "\0";

/**
 * The managedFields after a write, good enough for who-did-it (structured-merge-diff, every list as one leaf): the
 * writer's entry gains the leaves whose values it changed and takes the time; leaves that changed hands or went
 * leave the other entries; an entry without leaves goes. A write that changes no leaf leaves all as it was.
 */
export function nextManagedFields(
  entries: readonly ManagedFieldsEntry[],
  write: Write,
): readonly ManagedFieldsEntry[] {
  const old = leavesOf(ownable(write.before ?? {}));
  const present = leavesOf(ownable(write.after));
  const changed = [...present].filter(([path, value]) => !isDeepStrictEqual(old.get(path), value));
  const set = new Set(changed.map(([path]) => path));
  const isUnchanged = set.size === 0 && [...old.keys()].every((path) => present.has(path));
  if (isUnchanged) return entries;
  const mine = entries.find((entry) => isEntryOf(entry, write));
  const others = entries
    .filter((entry) => entry !== mine)
    .flatMap((entry) => {
      const kept = pathsOf(entry).filter((path) => present.has(path) && !set.has(path));
      return kept.length === 0 ? [] : [{ ...entry, fieldsV1: trieOf(kept) }];
    });
  const owned = [...pathsOf(mine).filter((path) => present.has(path)), ...set];
  return owned.length === 0 ? others : [...others, createEntry(write, trieOf(owned))];
}

function createEntry(write: Write, fieldsV1: FieldTrie): ManagedFieldsEntry {
  const entry = {
    manager: write.writer.manager,
    operation: write.writer.operation ?? "Update",
    apiVersion: write.apiVersion,
    time: write.time,
    fieldsType: "FieldsV1",
    fieldsV1,
  };
  return write.subresource === undefined ? entry : { ...entry, subresource: write.subresource };
}

function isEntryOf(entry: ManagedFieldsEntry, { writer, subresource }: Write): boolean {
  const isSameWriter =
    entry.manager === writer.manager && entry.operation === (writer.operation ?? "Update");
  return isSameWriter && entry.subresource === subresource;
}

/** The part of an object that has owners: all but its identity and what the server itself writes. */
function ownable(object: JsonMap): JsonMap {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const owned = Object.entries(isMap(metadata) ? metadata : {}).filter(([field]) =>
    OWNED_METADATA.has(field),
  );
  return owned.length === 0 ? rest : { metadata: Object.fromEntries(owned), ...rest };
}

/** Values by path; an empty map is a leaf, a list too. */
function leavesOf(object: JsonMap): ReadonlyMap<string, unknown> {
  const leaves = new Map<string, unknown>();
  function visit(value: unknown, path: string): void {
    const fields = isMap(value) ? Object.entries(value) : [];
    if (fields.length === 0) leaves.set(path, value);
    for (const [field, below] of fields) visit(below, `${path}${SEPARATOR}f:${field}`);
  }
  for (const [field, below] of Object.entries(object)) visit(below, `f:${field}`);
  return leaves;
}

function pathsOf(entry: ManagedFieldsEntry | undefined): readonly string[] {
  return entry === undefined ? [] : [...pathsInTrie(entry.fieldsV1, [])];
}

function* pathsInTrie(trie: unknown, path: readonly string[]): Generator<string> {
  const fields = isMap(trie) ? Object.entries(trie) : [];
  if (fields.length === 0) yield path.join(SEPARATOR);
  for (const [field, below] of fields) yield* pathsInTrie(below, [...path, field]);
}

function trieOf(paths: readonly string[]): FieldTrie {
  const root: FieldTrie = {};
  for (const path of paths) {
    let node = root;
    for (const field of path.split(SEPARATOR)) {
      const below = node[field] ?? {};
      node[field] = below;
      node = below;
    }
  }
  return root;
}
