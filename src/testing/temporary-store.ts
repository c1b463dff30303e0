import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../store/open-database.ts";
import type { ObjectRow } from "../store/rows.ts";
import { Store } from "../store/store.ts";

/** A real state file in a directory that goes with it. */
export type TemporaryStore = Disposable & {
  readonly store: Store;
  /** From now on every write fails, as on a full disk; reads go on. */
  breakWrites(): void;
  mendWrites(): void;
};

export function openTemporaryStore(): TemporaryStore {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-store-"));
  const cluster = { address: "test" };
  const opened = openDatabase({ directory, cluster, nowMs: 0, newKey: () => "key" });
  if (opened.type !== "opened") throw new Error(`Cannot open a store: ${opened.type}`);
  const { database } = opened;
  const store = new Store(database);
  return {
    store,
    breakWrites: () => database.exec("PRAGMA query_only=1"),
    mendWrites: () => database.exec("PRAGMA query_only=0"),
    [Symbol.dispose]() {
      store[Symbol.dispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A row whose texts hold nothing, with what the test wants different. */
export function objectRow(id: number, fields: Partial<ObjectRow> = {}): ObjectRow {
  return {
    id,
    kindId: 1,
    watchId: 1,
    dueAt: null,
    health: "current",
    uid: `uid-${id}`,
    namespace: "default",
    name: `object-${id}`,
    apiVersion: "example.com/v1",
    resourceVersion: `${id}`,
    memory: "{}",
    managers: "",
    metadata: "{}",
    spec: "{}",
    status: "",
    reported: null,
    ...fields,
  };
}

/** Every object of the store, in the order of their ids. */
export function allObjects(store: Store): readonly ObjectRow[] {
  return store
    .seriesRowsAfter(0, Number.MAX_SAFE_INTEGER)
    .flatMap(({ id }) => store.object(id) ?? []);
}
