import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { toError } from "../util/to-error.ts";
import { readMeta } from "./open-database.ts";
import type { CounterRow, ObjectRow, OutboxRow, UnitOfWork, WatchRow } from "./rows.ts";

const OBJECT_COLUMNS =
  "id, kind_id, watch_id, due_at, health, uid, namespace, name, api_version, resource_version, memory, managers, metadata, spec, status, reported";

/**
 * The state file as typed statements; knows no meaning.
 *
 * Reads and `commit` are synchronous, on the one connection. Scans are by keyset, never an iterator that stays open
 * across ticks. Whatever SQLite throws on a read is thrown on; writes answer with a value, because a full disk is an
 * outcome that the pipeline lives through.
 */
export class Store implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepareAll>;
  #nextObjectId: number;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepareAll(database);
    this.#nextObjectId =
      1 + numberOf(database.prepare("SELECT coalesce(max(id), 0) AS n FROM objects").get()?.["n"]);
  }

  /** The key of the redaction marks: private to this file, so that marks say nothing to who has only the records. */
  get redactionKey(): string {
    return readMeta(this.#database, "redaction_key") ?? "";
  }

  nextObjectId(): number {
    return this.#nextObjectId++;
  }

  /** The watch of that key, begun if it is new; `facts` replaces what was known of its kind. */
  openWatch(
    key: string,
    kind: { readonly group: string; readonly resource: string },
    facts: string,
  ): WatchRow {
    this.#statements.addKind.run(kind.group, kind.resource);
    const kindId = numberOf(this.#statements.findKind.get(kind.group, kind.resource)?.["id"]);
    this.#statements.addWatch.run(kindId, key, facts);
    const row = this.#statements.findWatch.get(key);
    return {
      id: numberOf(row?.["id"]),
      kindId,
      position: textOrNull(row?.["position"]),
      positionAt: numberOrNull(row?.["position_at"]),
    };
  }

  object(id: number): ObjectRow | undefined {
    return objectRow(this.#statements.objectById.get(id));
  }

  objectByUid(kindId: number, uid: string): ObjectRow | undefined {
    return objectRow(this.#statements.objectByUid.get(uid, kindId));
  }

  objectByName(watchId: number, namespace: string, name: string): ObjectRow | undefined {
    return objectRow(this.#statements.objectByName.get(watchId, namespace, name));
  }

  /** The next objects after `afterId` in id order, at most `limit`. */
  objectsAfter(afterId: number, limit: number): readonly ObjectRow[] {
    return this.#statements.objectsAfter.all(afterId, limit).map(requireObjectRow);
  }

  /** Ids of one watch's objects in name order, after the given name. */
  watchObjectsAfter(
    watchId: number,
    after: ObjectName,
    limit: number,
  ): readonly (ObjectName & { readonly id: number })[] {
    return this.#statements.watchObjectsAfter
      .all(watchId, after.namespace, after.name, limit)
      .map((row) => ({
        id: numberOf(row["id"]),
        namespace: textOf(row["namespace"]),
        name: textOf(row["name"]),
      }));
  }

  /** Objects of these watches whose time has come, earliest first. */
  dueObjects(watchIds: readonly number[], nowMs: number, limit: number): readonly ObjectRow[] {
    const watches = JSON.stringify(watchIds);
    return this.#statements.dueObjects.all(nowMs, watches, limit).map(requireObjectRow);
  }

  /** When the next object of these watches is due: Unix milliseconds. */
  nextDueAt(watchIds: readonly number[]): number | undefined {
    const row = this.#statements.nextDue.get(JSON.stringify(watchIds));
    return numberOrNull(row?.["due_at"]) ?? undefined;
  }

  countObjects(): number {
    return numberOf(this.#statements.countObjects.get()?.["n"]);
  }

  /** One full scan: for the start, not for every export. */
  countsByHealth(): readonly {
    readonly watchId: number;
    readonly namespace: string;
    readonly health: string;
    readonly count: number;
  }[] {
    return this.#statements.countsByHealth.all().map((row) => ({
      watchId: numberOf(row["watch_id"]),
      namespace: textOf(row["namespace"]),
      health: textOf(row["health"]),
      count: numberOf(row["n"]),
    }));
  }

  /** The oldest requests of that signal and encoding, as many as fit into `maxBytes`, but at least one. */
  outboxBatch(signal: string, encoding: string, maxBytes: number): readonly OutboxRow[] {
    const rows: OutboxRow[] = [];
    let sizeBytes = 0;
    for (const head of this.#statements.outboxHeads.all(signal, encoding)) {
      sizeBytes += numberOf(head["size"]);
      if (rows.length > 0 && sizeBytes > maxBytes) break;
      const body = this.#statements.outboxBody.get(numberOf(head["id"]))?.["body"];
      if (!(body instanceof Uint8Array))
        throw new Error(`Cannot read outbox row ${String(head["id"])}: its body is no blob`);
      rows.push({ id: numberOf(head["id"]), records: numberOf(head["records"]), body });
    }
    return rows;
  }

  /** Takes requests out of the outbox. */
  acknowledge(ids: readonly number[]): Written {
    return this.#transact(() => this.#statements.acknowledge.run(JSON.stringify(ids)));
  }

  /** What waits: requests, records, bytes, and when the oldest was committed (Unix milliseconds). */
  outboxState(): {
    readonly requests: number;
    readonly records: number;
    readonly bytes: number;
    readonly oldestAt: number | undefined;
  } {
    const row = this.#statements.outboxState.get();
    return {
      requests: numberOf(row?.["requests"]),
      records: numberOf(row?.["records"]),
      bytes: numberOf(row?.["bytes"]),
      oldestAt: numberOrNull(row?.["oldest"]) ?? undefined,
    };
  }

  counters(): readonly CounterRow[] {
    return this.#statements.counters.all().map((row) => ({
      metric: textOf(row["metric"]),
      attributes: textOf(row["attributes"]),
      value: numberOf(row["value"]),
      startedAt: numberOf(row["started_at"]),
      announced: row["announced"] === 1,
    }));
  }

  /** Remembers that these series' first zero was acknowledged. */
  announceCounters(rows: readonly CounterRow[]): Written {
    return this.#transact(() => {
      for (const row of rows) this.#statements.announceCounter.run(row.metric, row.attributes);
    });
  }

  commit(work: UnitOfWork): Written {
    return this.#transact(() => this.#write(work));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #transact(write: () => void): Written {
    try {
      this.#statements.begin.run();
      write();
      this.#statements.commit.run();
      return { type: "committed" };
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      return { type: "failed", error: toError(thrown) };
    }
  }

  #write(work: UnitOfWork): void {
    const s = this.#statements;
    for (const id of work.removals) s.remove.run(id);
    for (const row of work.upserts) s.upsert.run(...objectValues(row));
    for (const delta of work.counterDeltas)
      s.addToCounter.run(delta.metric, delta.attributes, delta.by, work.committedAtMs);
    for (const request of work.requests)
      s.addRequest.run(
        request.signal,
        request.encoding,
        request.records,
        work.committedAtMs,
        request.positions,
        request.body,
      );
    for (const position of work.positions)
      s.setPosition.run(position.position, position.atMs, position.watchId);
  }
}

/** All of a write, or nothing and the reason. */
export type Written =
  | { readonly type: "committed" }
  | { readonly type: "failed"; readonly error: Error };

export type ObjectName = { readonly namespace: string; readonly name: string };

// The inferred type is the list of statements itself; writing it twice would say nothing new.
function prepareAll(database: DatabaseSync): Readonly<Record<StatementName, StatementSync>> {
  const prepare = ([name, sql]: readonly [string, string]): [string, StatementSync] => [
    name,
    database.prepare(sql),
  ];
  // The keys are those of STATEMENTS: `fromEntries` forgets them.
  return Object.fromEntries(Object.entries(STATEMENTS).map(prepare)) as Record<
    StatementName,
    StatementSync
  >;
}

type StatementName = keyof typeof STATEMENTS;

const STATEMENTS = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  addKind: "INSERT INTO kinds (grp, resource) VALUES (?, ?) ON CONFLICT DO NOTHING",
  findKind: "SELECT id FROM kinds WHERE grp = ? AND resource = ?",
  addWatch:
    "INSERT INTO watches (kind_id, key, facts) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET facts = excluded.facts",
  findWatch: "SELECT id, position, position_at FROM watches WHERE key = ?",
  setPosition:
    "UPDATE watches SET position = ?, position_at = coalesce(?, position_at) WHERE id = ?",
  objectById: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE id = ?`,
  objectByUid: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE uid = ? AND kind_id = ?`,
  objectByName: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE watch_id = ? AND namespace = ? AND name = ?`,
  objectsAfter: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE id > ? ORDER BY id LIMIT ?`,
  watchObjectsAfter:
    "SELECT id, namespace, name FROM objects WHERE watch_id = ? AND (namespace, name) > (?, ?) ORDER BY namespace, name LIMIT ?",
  dueObjects: `SELECT ${OBJECT_COLUMNS} FROM objects WHERE due_at <= ? AND watch_id IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT ?`,
  nextDue:
    "SELECT due_at FROM objects WHERE due_at IS NOT NULL AND watch_id IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT 1",
  countObjects: "SELECT count(*) AS n FROM objects",
  countsByHealth:
    "SELECT watch_id, namespace, health, count(*) AS n FROM objects GROUP BY watch_id, namespace, health",
  remove: "DELETE FROM objects WHERE id = ?",
  upsert: `INSERT INTO objects (${OBJECT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET watch_id = excluded.watch_id, due_at = excluded.due_at, health = excluded.health, api_version = excluded.api_version,
    resource_version = excluded.resource_version, memory = excluded.memory, managers = excluded.managers, metadata = excluded.metadata,
    spec = excluded.spec, status = excluded.status, reported = excluded.reported`,
  outboxHeads:
    "SELECT id, records, length(body) AS size FROM outbox WHERE signal = ? AND encoding = ? ORDER BY id LIMIT 64",
  outboxBody: "SELECT body FROM outbox WHERE id = ?",
  acknowledge: "DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))",
  outboxState:
    "SELECT count(*) AS requests, coalesce(sum(records), 0) AS records, coalesce(sum(length(body)), 0) AS bytes, min(committed_at) AS oldest FROM outbox",
  addRequest:
    "INSERT INTO outbox (signal, encoding, records, committed_at, positions, body) VALUES (?, ?, ?, ?, ?, ?)",
  addToCounter:
    "INSERT INTO counters (metric, attributes, value, started_at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
  counters: "SELECT metric, attributes, value, started_at, announced FROM counters",
  announceCounter: "UPDATE counters SET announced = 1 WHERE metric = ? AND attributes = ?",
} as const;

type RawRow = Record<string, SQLOutputValue>;

function objectValues(row: ObjectRow): (string | number | null)[] {
  return [
    row.id,
    row.kindId,
    row.watchId,
    row.dueAt,
    row.health,
    row.uid,
    row.namespace,
    row.name,
    row.apiVersion,
    row.resourceVersion,
    row.memory,
    row.managers,
    row.metadata,
    row.spec,
    row.status,
    row.reported,
  ];
}

function objectRow(row: RawRow | undefined): ObjectRow | undefined {
  return row === undefined ? undefined : requireObjectRow(row);
}

function requireObjectRow(row: RawRow): ObjectRow {
  return {
    id: numberOf(row["id"]),
    kindId: numberOf(row["kind_id"]),
    watchId: numberOf(row["watch_id"]),
    dueAt: numberOrNull(row["due_at"]),
    health: textOf(row["health"]),
    uid: textOf(row["uid"]),
    namespace: textOf(row["namespace"]),
    name: textOf(row["name"]),
    apiVersion: textOf(row["api_version"]),
    resourceVersion: textOf(row["resource_version"]),
    memory: textOf(row["memory"]),
    managers: textOf(row["managers"]),
    metadata: textOf(row["metadata"]),
    spec: textOf(row["spec"]),
    status: textOf(row["status"]),
    reported: textOrNull(row["reported"]),
  };
}

function numberOf(value: SQLOutputValue | undefined): number {
  if (typeof value !== "number")
    throw new TypeError(`Cannot read the state file: a number was expected, found ${typeof value}`);
  return value;
}

function textOf(value: SQLOutputValue | undefined): string {
  if (typeof value !== "string")
    throw new TypeError(`Cannot read the state file: a text was expected, found ${typeof value}`);
  return value;
}

const numberOrNull = (value: SQLOutputValue | undefined): number | null =>
  typeof value === "number" ? value : null;
const textOrNull = (value: SQLOutputValue | undefined): string | null =>
  typeof value === "string" ? value : null;
