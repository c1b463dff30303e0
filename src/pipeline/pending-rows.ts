import type { ChildRow, ObjectRow, UnitOfWork } from "../store/rows.ts";
import type { Store } from "../store/store.ts";

/** What the next transaction will make true of the rows: who reads one finds it here first, and then in the store. */
export class PendingRows {
  readonly #store: Store;
  /** No row: it is gone. */
  readonly #rows = new Map<number, ObjectRow | undefined>();
  /** By kind, then by UID: keys that are put together cost more than the rest of finding a row here (measured). */
  readonly #byUid = new Map<number, Map<string, number>>();
  /** Who bore a name last; undefined until somebody looks for one, which nobody does while known objects change. */
  #byName: Map<string, number> | undefined;
  /** By owner: who had it at any time since the last transaction. */
  readonly #byOwner = new Map<string, Set<number>>();

  constructor(store: Store) {
    this.#store = store;
  }

  get size(): number {
    return this.#rows.size;
  }

  find(kindId: number, uid: string): ObjectRow | undefined {
    const id = this.#byUid.get(kindId)?.get(uid);
    return id === undefined ? this.#store.objectByUid(kindId, uid) : this.#rows.get(id);
  }

  /** The object with this UID, of whatever kind; asked only where something that is owned goes. */
  findOwner(uid: string): ObjectRow | undefined {
    for (const row of this.#rows.values()) if (row?.uid === uid) return row;
    const stored = this.#store.objectOfAnyKind(uid);
    return stored === undefined || this.#rows.has(stored.id) ? undefined : stored;
  }

  findById(id: number): ObjectRow | undefined {
    return this.#rows.has(id) ? this.#rows.get(id) : this.#store.object(id);
  }

  findByName(watchId: number, namespace: string, name: string): ObjectRow | undefined {
    this.#byName ??= this.#indexNames();
    const id = this.#byName.get(nameKey(watchId, namespace, name));
    if (id !== undefined) return this.#rows.get(id);
    const stored = this.#store.objectByName(watchId, namespace, name);
    return stored !== undefined && this.#rows.has(stored.id) ? this.#rows.get(stored.id) : stored;
  }

  /** What the object with this UID controls, in the order in which it was first seen; about so many at most. */
  childrenOf(uid: string, limit: number): readonly ChildRow[] {
    const stored = this.#store.childrenOf(uid, limit).filter(({ id }) => !this.#rows.has(id));
    const pending: ObjectRow[] = [];
    for (const id of this.#byOwner.get(uid) ?? []) {
      const row = this.#rows.get(id);
      if (row?.owner === uid) pending.push(row);
    }
    return [...stored, ...pending].toSorted((a, b) => a.id - b.id);
  }

  put(row: ObjectRow): void {
    this.#rows.set(row.id, row);
    this.#indexUid(row);
    this.#byName?.set(nameKey(row.watchId, row.namespace, row.name), row.id);
    if (row.owner === "") return;
    const ids = this.#byOwner.get(row.owner);
    if (ids === undefined) this.#byOwner.set(row.owner, new Set([row.id]));
    else ids.add(row.id);
  }

  remove(row: ObjectRow): void {
    this.#rows.set(row.id, undefined);
    this.#indexUid(row);
  }

  moves(): Pick<UnitOfWork, "upserts" | "removals"> {
    const upserts: ObjectRow[] = [];
    const removals: number[] = [];
    for (const [id, row] of this.#rows) {
      if (row === undefined) removals.push(id);
      else upserts.push(row);
    }
    return { upserts, removals };
  }

  clear(): void {
    this.#rows.clear();
    this.#byUid.clear();
    this.#byName = undefined;
    this.#byOwner.clear();
  }

  #indexUid({ id, kindId, uid }: ObjectRow): void {
    const ids = this.#byUid.get(kindId);
    if (ids === undefined) this.#byUid.set(kindId, new Map([[uid, id]]));
    else ids.set(uid, id);
  }

  #indexNames(): Map<string, number> {
    const names = new Map<string, number>();
    for (const row of this.#rows.values())
      if (row !== undefined) names.set(nameKey(row.watchId, row.namespace, row.name), row.id);
    return names;
  }
}

function nameKey(watchId: number, namespace: string, name: string): string {
  return `${watchId}/${namespace}/${name}`;
}
