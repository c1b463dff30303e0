import type { ChildRow, ObjectRow, UnitOfWork } from "../store/rows.ts";
import type { Store } from "../store/store.ts";

/** What the next transaction will make true of the rows: who reads one finds it here first, and then in the store. */
export class PendingRows {
  readonly #store: Store;
  /** No row: it is gone. */
  readonly #rows = new Map<number, ObjectRow | undefined>();
  readonly #byUid = new Map<string, number>();
  readonly #byName = new Map<string, number>();
  /** By owner: who had it at any time since the last transaction. */
  readonly #byOwner = new Map<string, Set<number>>();

  constructor(store: Store) {
    this.#store = store;
  }

  get size(): number {
    return this.#rows.size;
  }

  find(kindId: number, uid: string): ObjectRow | undefined {
    const id = this.#byUid.get(`${kindId}/${uid}`);
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
    const id = this.#byName.get(`${watchId}/${namespace}/${name}`);
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
    this.#index(row);
    if (row.owner === "") return;
    const ids = this.#byOwner.get(row.owner);
    if (ids === undefined) this.#byOwner.set(row.owner, new Set([row.id]));
    else ids.add(row.id);
  }

  remove(row: ObjectRow): void {
    this.#rows.set(row.id, undefined);
    this.#index(row);
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
    this.#byName.clear();
    this.#byOwner.clear();
  }

  #index(row: ObjectRow): void {
    this.#byUid.set(`${row.kindId}/${row.uid}`, row.id);
    const nameKey = `${row.watchId}/${row.namespace}/${row.name}`;
    // A removal of the old bearer of a name must not hide the new one.
    const bearer = this.#byName.get(nameKey);
    const isTaken =
      bearer !== undefined && bearer !== row.id && this.#rows.get(bearer) !== undefined;
    if (!isTaken || this.#rows.get(row.id) !== undefined) this.#byName.set(nameKey, row.id);
  }
}
