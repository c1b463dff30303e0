import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../store/open-database.ts";
import type { ObjectRow } from "../store/rows.ts";
import { Store } from "../store/store.ts";
import { createFaultyDatabase, type Fault } from "./faulty-database.ts";

/** A real state file in a directory that goes with it. */
export type TemporaryStore = Disposable & {
  readonly store: Store;
  /** Of the state file. */
  readonly path: string;
  /** From now on every write fails, as on a full disk (`full`: with its very error) or a read-only one; reads go on. */
  breakWrites(how?: "full"): void;
  /** As the next process finds it; who holds the `store` of before must take the new one. */
  reopen(): Store;
  mendWrites(): void;
  /** From now on these statements fail as if the disk did. */
  break(fault: Fault): void;
  mend(): void;
};

export function openTemporaryStore(): TemporaryStore {
  const directory = mkdtempSync(join(tmpdir(), "lifeline-store-"));
  let fault: Fault | undefined;
  const open = (): DatabaseSync => createFaultyDatabase(openIn(directory), () => fault);
  let database = open();
  let store = new Store(database);
  return {
    path: database.location() ?? "",
    breakWrites: (how) =>
      // Pages that are there are the most that there may be.
      database.exec(how === "full" ? "PRAGMA max_page_count=1" : "PRAGMA query_only=1"),
    mendWrites: () => database.exec("PRAGMA query_only=0; PRAGMA max_page_count=4294967294"),
    break: (next) => void (fault = next),
    mend: () => void (fault = undefined),
    get store() {
      return store;
    },
    reopen() {
      store[Symbol.dispose]();
      database = open();
      store = new Store(database);
      return store;
    },
    [Symbol.dispose]() {
      store[Symbol.dispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function openIn(directory: string): DatabaseSync {
  const cluster = { address: "test" };
  const opened = openDatabase({ directory, cluster, nowMs: 0, newKey: () => "key" });
  if (opened.type !== "opened") throw new Error(`Cannot open a store: ${opened.type}`);
  return opened.database;
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
    owner: "",
    metadata: "{}",
    spec: "{}",
    status: "",
    ...fields,
  };
}

/** Every object of the store, in the order of their ids. */
export function allObjects(store: Store): readonly ObjectRow[] {
  return store
    .seriesRowsAfter(0, Number.MAX_SAFE_INTEGER)
    .flatMap(({ id }) => store.object(id) ?? []);
}
