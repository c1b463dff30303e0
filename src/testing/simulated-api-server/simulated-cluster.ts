import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import type { Clock } from "../../util/clock.ts";
import { fieldAt, type JsonMap } from "../../util/json.ts";
import { crdOfFacts, kindOfCrd } from "./custom-resource-definition.ts";
import { KindStore, type LoggedEvent, objectKey } from "./kind-store.ts";
import type { Writer } from "./managed-fields.ts";
import {
  BUILT_IN_KINDS,
  CUSTOM_RESOURCE_DEFINITIONS,
  resourceName,
  type ServedKind,
} from "./served-kind.ts";
import {
  createdObject,
  deletingObject,
  formatTime,
  type ObjectInput,
  type Stamp,
  statusPatchedObject,
  updatedObject,
} from "./written-object.ts";

/** Names one object; `resource` as in `customdatabases.custom.example.com`, or `pods` for the core group. */
export type ObjectRef = {
  readonly resource: string;
  readonly namespace?: string;
  readonly name: string;
};

export type SimulatedClusterOptions = {
  readonly clock: Clock;
  /** Default: counted up, so that a test's UIDs are the same each time. */
  readonly createUid?: () => string;
  /** How many events per kind can be told at least before old ones are forgotten; default 10,000. */
  readonly logLimit?: number;
};

const DEFAULT_WRITER: Writer = { manager: "kubectl" };
const DEFAULT_LOG_LIMIT = 10_000;
/** Not 0 or 1, which mean something in requests. */
const FIRST_REVISION = 100;

/**
 * The state of a cluster with an API server's rules for writes: one resourceVersion sequence for all kinds, UIDs,
 * generations, managedFields, finalizers. Misuse (an unknown kind, a missing object) throws. Holds the namespaces
 * `default` and `kube-system` from the start, and the CRDs that it serves as objects.
 */
export class SimulatedCluster {
  readonly #clock: Clock;
  readonly #createUid: () => string;
  readonly #logLimit: number;
  readonly #stores = new Map<string, KindStore>();
  #revision = FIRST_REVISION;

  constructor(options: SimulatedClusterOptions) {
    this.#clock = options.clock;
    this.#createUid = options.createUid ?? countedUids();
    this.#logLimit = options.logLimit ?? DEFAULT_LOG_LIMIT;
    for (const kind of BUILT_IN_KINDS) this.#serve(kind);
    for (const name of ["default", "kube-system"]) {
      this.create("namespaces", { metadata: { name } }, { manager: "kube-apiserver" });
    }
  }

  /** The newest resourceVersion of all. */
  get resourceVersion(): string {
    return String(this.#revision);
  }

  kinds(): readonly ServedKind[] {
    return [...this.#stores.values()].map((store) => store.kind);
  }

  /** What the HTTP side reads from; `undefined` where nothing of that name is served. */
  store(resource: string): KindStore | undefined {
    return this.#stores.get(resource);
  }

  /** Serves a kind by a CRD made from these facts. */
  addKind(facts: KindFacts): void {
    this.applyCrd(crdOfFacts(facts));
  }

  /** Creates or updates a CRD and serves what it says: at once, where a real server takes about a second. */
  applyCrd(crd: unknown, writer: Writer = DEFAULT_WRITER): void {
    const kind = kindOfCrd(crd);
    const resource = resourceName(kind);
    const ref = { resource: CUSTOM_RESOURCE_DEFINITIONS, name: resource };
    const spec = fieldAt(crd, "spec");
    if (this.get(ref) === undefined)
      this.create(ref.resource, { metadata: { name: resource }, spec }, writer);
    else this.update(ref, { spec }, writer);
    const lastTransitionTime = formatTime(this.#clock.now());
    const conditions = [
      { type: "NamesAccepted", status: "True", reason: "NoConflicts", lastTransitionTime },
      { type: "Established", status: "True", reason: "InitialNamesAccepted", lastTransitionTime },
    ];
    this.patchStatus(ref, { conditions }, { manager: "kube-apiserver" });
    const store = this.#stores.get(resource);
    if (store === undefined) this.#serve(kind);
    else store.replaceKind(kind);
  }

  /** Deletes a CRD with its objects: their deletions are told, then the kind's watches end and its paths answer 404. */
  removeKind(resource: string): void {
    const store = this.#storeOf(resource);
    for (const { metadata } of store.objects()) {
      this.#remove(store, this.#existing({ resource, ...metadata }), DEFAULT_WRITER);
    }
    this.#stores.delete(resource);
    store.close();
    this.delete({ resource: CUSTOM_RESOURCE_DEFINITIONS, name: resource });
  }

  create(resource: string, input: ObjectInput, writer: Writer = DEFAULT_WRITER): KubeObject {
    const store = this.#storeOf(resource);
    const isNamespaced = store.kind.scope === "Namespaced";
    if (isNamespaced !== (input.metadata.namespace !== undefined)) {
      throw new Error(
        `Cannot create ${resource} "${input.metadata.name}": the kind's scope is ${store.kind.scope}`,
      );
    }
    if (store.get(objectKey(input.metadata)) !== undefined) {
      throw new Error(`Cannot create ${resource} "${objectKey(input.metadata)}": it exists`);
    }
    const object = createdObject(store.kind, input, {
      ...this.#stamp(writer),
      uid: this.#createUid(),
    });
    return this.#append(store, { type: "ADDED", object, before: undefined });
  }

  /**
   * Applies a JSON merge patch to everything but the status (to everything, where there is no status subresource).
   * Taking the last finalizer of an object whose deletion was asked for removes it. A write without effect has none.
   */
  update(ref: ObjectRef, patch: JsonMap, writer: Writer = DEFAULT_WRITER): KubeObject {
    const store = this.#storeOf(ref.resource);
    const before = this.#existing(ref);
    const after = updatedObject(before, store.kind, { patch, stamp: this.#stamp(writer) });
    if (after === undefined) return before;
    const { deletionTimestamp, finalizers = [] } = after.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0)
      return this.#remove(store, before, writer);
    return this.#append(store, { type: "MODIFIED", object: after, before });
  }

  /** Applies a JSON merge patch to the status; anything but a map replaces it whole. */
  patchStatus(ref: ObjectRef, status: unknown, writer: Writer = DEFAULT_WRITER): KubeObject {
    const store = this.#storeOf(ref.resource);
    if (!store.kind.hasStatusSubresource) {
      throw new Error(
        `Cannot patch the status of ${ref.resource} "${ref.name}": the kind has no status subresource`,
      );
    }
    const before = this.#existing(ref);
    const object = statusPatchedObject(before, status, this.#stamp(writer));
    return object === undefined
      ? before
      : this.#append(store, { type: "MODIFIED", object, before });
  }

  /** Asks for deletion: what has finalizers stays, marked; anything else is gone. Returns the last state. */
  delete(ref: ObjectRef, writer: Writer = DEFAULT_WRITER): KubeObject {
    const store = this.#storeOf(ref.resource);
    const before = this.#existing(ref);
    if ((before.metadata.finalizers ?? []).length === 0) return this.#remove(store, before, writer);
    if (before.metadata.deletionTimestamp !== undefined) return before;
    const object = deletingObject(before, this.#stamp(writer));
    return this.#append(store, { type: "MODIFIED", object, before });
  }

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#storeOf(ref.resource).get(objectKey(ref));
  }

  list(resource: string): readonly KubeObject[] {
    return this.#storeOf(resource).objects();
  }

  /** Empties the windows of all kinds, as compaction does: from now on, older resourceVersions are answered with 410. */
  forgetHistory(): void {
    for (const store of this.#stores.values()) store.forgetUpTo(this.#revision);
  }

  /** Lets the resourceVersion run ahead, as writes to kinds that nobody watches do. */
  skipRevisions(count: number): void {
    this.#revision += count;
  }

  #serve(kind: ServedKind): void {
    const options = { revision: this.#revision, logLimit: this.#logLimit };
    this.#stores.set(resourceName(kind), new KindStore(kind, options));
  }

  #storeOf(resource: string): KindStore {
    const store = this.#stores.get(resource);
    if (store === undefined)
      throw new Error(`Cannot find resource "${resource}": no kind of that name is served`);
    return store;
  }

  #existing(ref: ObjectRef): KubeObject {
    const object = this.get(ref);
    if (object === undefined)
      throw new Error(`Cannot find ${ref.resource} "${objectKey(ref)}": it does not exist`);
    return object;
  }

  #stamp(writer: Writer): Stamp {
    return { writer, atMs: this.#clock.now(), resourceVersion: String(this.#revision + 1) };
  }

  #remove(store: KindStore, before: KubeObject, writer: Writer): KubeObject {
    const { resourceVersion } = this.#stamp(writer);
    const object = { ...before, metadata: { ...before.metadata, resourceVersion } };
    return this.#append(store, { type: "DELETED", object, before });
  }

  #append(store: KindStore, event: Omit<LoggedEvent, "revision">): KubeObject {
    this.#revision += 1;
    store.append({ ...event, revision: this.#revision });
    return event.object;
  }
}

function countedUids(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`;
  };
}
