import type { KubeObject } from "../../cluster/kube-object.ts";
import type { ServedKind } from "./served-kind.ts";

/** One write as a watch will tell it; `object` of a DELETED has the resourceVersion of the deletion. */
export type LoggedEvent = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
};

/** Where an object stands within its kind; sorts as etcd's keys do. */
export function objectKey(object: { readonly namespace?: string; readonly name: string }): string {
  return `${object.namespace ?? ""}/${object.name}`;
}

/** The present objects of one kind and the window of events that its watches can still be told. */
export class KindStore {
  readonly #objects = new Map<string, KubeObject>();
  readonly #log: LoggedEvent[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #logLimit: number;
  #kind: ServedKind;
  #sorted: readonly KubeObject[] | undefined;
  #oldestRevision: number;
  #forgottenRevision = 0;
  #isServed = true;

  constructor(kind: ServedKind, options: { readonly revision: number; readonly logLimit: number }) {
    this.#kind = kind;
    this.#oldestRevision = options.revision;
    this.#logLimit = options.logLimit;
  }

  get kind(): ServedKind {
    return this.#kind;
  }

  /** False from the moment at which the kind's CRD is gone: its watches end. */
  get isServed(): boolean {
    return this.#isServed;
  }

  /** The oldest revision that a watch may start from. */
  get oldestRevision(): number {
    return this.#oldestRevision;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  /** The present objects in the order of their keys. */
  objects(): readonly KubeObject[] {
    this.#sorted ??= [...this.#objects]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
    return this.#sorted;
  }

  /** The objects as they were at a revision within the window, in the order of their keys. */
  objectsAt(revision: number): readonly KubeObject[] {
    const later = this.eventsAfter(revision);
    if (later.length === 0) return this.objects();
    const then = new Map(this.#objects);
    for (const { object, before } of later.toReversed()) {
      const key = objectKey(object.metadata);
      if (before === undefined) then.delete(key);
      else then.set(key, before);
    }
    return [...then].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Whether an event after this revision can't be told any more. */
  hasForgotten(revision: number): boolean {
    return this.#forgottenRevision > revision;
  }

  /** What happened after a revision, oldest first. */
  eventsAfter(revision: number, limit: number = Infinity): readonly LoggedEvent[] {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.revision ?? Infinity) > revision) high = middle;
      else low = middle + 1;
    }
    return this.#log.slice(low, low + limit);
  }

  append(event: LoggedEvent): void {
    const key = objectKey(event.object.metadata);
    if (event.type === "DELETED") this.#objects.delete(key);
    else this.#objects.set(key, event.object);
    this.#sorted = undefined;
    this.#log.push(event);
    // Trimmed in lumps, because each shift of a long array costs.
    if (this.#log.length >= 2 * this.#logLimit) this.#dropEvents(this.#log.length - this.#logLimit);
    this.#notify();
  }

  /** Shrinks the window: a watch from before this revision is told 410 from now on. */
  forgetUpTo(revision: number): void {
    this.#dropEvents(this.#log.length - this.eventsAfter(revision).length);
    this.#oldestRevision = Math.max(this.#oldestRevision, revision);
  }

  replaceKind(kind: ServedKind): void {
    this.#kind = kind;
  }

  close(): void {
    this.#isServed = false;
    this.#notify();
  }

  /** Calls after each event and at the end of service; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #dropEvents(count: number): void {
    const last = this.#log.splice(0, count).at(-1);
    if (last === undefined) return;
    this.#forgottenRevision = last.revision;
    this.#oldestRevision = Math.max(this.#oldestRevision, last.revision);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
