import type { DatabaseSync } from "node:sqlite";
import { toError } from "../util/to-error.ts";
import {
  childRow,
  changingValues,
  counterRow,
  listOf,
  numberOf,
  numberOrNull,
  objectRow,
  objectRowOrNone,
  objectValues,
  type RawRow,
  seriesRow,
  textOf,
  textOrNull,
} from "./columns.ts";
import { addDeadLetter, type DeadLetterRow, readDeadLetters } from "./dead-letters.ts";
import { giveBackPages } from "./free-pages.ts";
import { addToHistogram, readHistograms } from "./histograms.ts";
import { inspectDatabase, type StateFacts } from "./inspect-database.ts";
import { condemn, readMeta } from "./open-database.ts";
import { prepareStatements } from "./prepare-statements.ts";
import { ReadDeadlines } from "./read-deadlines.ts";
import { UnreadStatements } from "./unread-statements.ts";
import type {
  ChildRow,
  CounterRow,
  HistogramRow,
  KnownWatch,
  ObjectKey,
  ObjectRow,
  OutboxRow,
  OutboxStep,
  SeriesRow,
  UnitOfWork,
  WatchRow,
  WithheldRow,
} from "./rows.ts";

/** 4 MiB: what a busy outbox takes again within seconds. */
const FREE_PAGES_KEPT = 1024;
/** 128 KiB: about a millisecond, 15 where a checkpoint falls due in it (measured at 200 MB). */
const PAGES_PER_STEP = 32;
const REDACTION_VERSION = "redaction_version";

/**
 * The state file as typed statements; knows no meaning.
 *
 * Reads and `commit` are synchronous, on the one connection. Scans are by keyset, never an iterator that stays open
 * across ticks. Whatever SQLite throws on a read is thrown on, and `retryReads` looks whether it would be still; writes
 * answer with a value, because a full disk is an outcome that the pipeline lives through.
 */
export class Store implements Disposable {
  /** The key of the redaction marks: private to this file, so that marks say nothing to who has only the records. */
  readonly redactionKey: string;
  readonly #database: DatabaseSync;
  readonly #unread = new UnreadStatements();
  readonly #statements: ReturnType<typeof prepareStatements>;
  #nextObjectId: number;
  #hasSurplus = false;
  /** By signal and encoding: bytes of the requests that wait. Both are kept in step by what is written. */
  readonly #outboxSizes = new Map<string, number>();
  #withheldCount: number;
  readonly #deadlines = new ReadDeadlines();
  /** False: no row has an owner, so that nobody needs to be asked for children. */
  #mayHaveOwned: boolean;

  /** Throws what SQLite throws. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    this.redactionKey = readMeta(database, "redaction_key") ?? "";
    this.#statements = prepareStatements(database, this.#unread);
    this.#nextObjectId =
      1 + numberOf(database.prepare("SELECT coalesce(max(id), 0) AS n FROM objects").get()?.["n"]);
    for (const row of this.#statements.outboxSizes.all()) this.#growOutbox(row, 1);
    this.#withheldCount = numberOf(this.#statements.countWithheld.get()?.["n"]);
    this.#mayHaveOwned = this.#statements.anyOwned.get() !== undefined;
  }

  get path(): string {
    return this.#database.location() ?? "";
  }

  /** Makes the reads that failed once more; why that fails still, or undefined. */
  retryReads(): Error | undefined {
    return this.#unread.retry();
  }

  /** The file is damaged: who opens it next sets it aside. */
  condemn(reason: string): void {
    condemn(this.path, reason);
  }

  /** For people who ask; reads all of the file. */
  inspect(): StateFacts {
    return inspectDatabase(this.#database);
  }

  nextObjectId(): number {
    return this.#nextObjectId++;
  }

  /**
   * The watch of that key, begun if it is new; `facts` replaces what was known of its kind. Writes only what differs,
   * and throws where that can't be written.
   */
  openWatch(
    key: string,
    kind: { readonly group: string; readonly resource: string },
    facts: string,
  ): WatchRow {
    const { addKind, findKind, addWatch, findWatch } = this.#statements;
    if (findKind.get(kind.group, kind.resource) === undefined)
      addKind.run(kind.group, kind.resource);
    const kindId = numberOf(findKind.get(kind.group, kind.resource)?.["id"]);
    const knownFacts = textOrNull(findWatch.get(key)?.["facts"]);
    if (knownFacts !== facts) addWatch.run(kindId, key, facts);
    const row = findWatch.get(key);
    return {
      id: numberOf(row?.["id"]),
      kindId,
      knownFacts,
      position: textOrNull(row?.["position"]),
      positionAt: numberOrNull(row?.["position_at"]),
    };
  }

  /** All watches of this file, those of earlier configurations included. */
  knownWatches(): readonly KnownWatch[] {
    return this.#statements.watches.all().map((row) => ({
      id: numberOf(row["id"]),
      kindId: numberOf(row["kind_id"]),
      key: textOf(row["key"]),
      facts: textOf(row["facts"]),
    }));
  }

  /** Whether anything is remembered of what that watch watches. */
  hasObjects(watchId: number): boolean {
    return this.watchObjectsAfter(watchId, { namespace: "", name: "" }, 1).length > 0;
  }

  /** From now on that watch has never looked: should it come back, it begins with a first look. */
  resetWatch(id: number): Written {
    return this.#transact(() => this.#statements.resetWatch.run(id));
  }

  /** Takes out a watch that has no objects, and kinds that have no watches. */
  removeWatch(id: number): Written {
    return this.#transact(() => {
      this.#statements.removeWatch.run(id);
      this.#statements.removeKinds.run();
    });
  }

  object(id: number): ObjectRow | undefined {
    return this.#deadlines.note(objectRowOrNone(this.#statements.objectById.get(id)));
  }

  /** The next objects after `afterId` in id order, at most `limit`. */
  objectsAfter(afterId: number, limit: number): readonly ObjectRow[] {
    return this.#statements.objectsAfter.all(afterId, limit).map((row) => objectRow(listOf(row)));
  }

  objectByUid(kindId: number, uid: string): ObjectRow | undefined {
    return this.#deadlines.note(objectRowOrNone(this.#statements.objectByUid.get(uid, kindId)));
  }

  /** A UID is one object's, whatever its kind. */
  objectOfAnyKind(uid: string): ObjectRow | undefined {
    return objectRowOrNone(this.#statements.objectOfAnyKind.get(uid));
  }

  objectByName(watchId: number, namespace: string, name: string): ObjectRow | undefined {
    return objectRowOrNone(this.#statements.objectByName.get(watchId, namespace, name));
  }

  /** What the gauges of that object are made of. */
  seriesRow(id: number): SeriesRow | undefined {
    const row = this.#statements.seriesById.get(id);
    return row === undefined ? undefined : seriesRow(listOf(row));
  }

  /** The same of the next objects after `afterId` in id order, at most `limit`. */
  seriesRowsAfter(afterId: number, limit: number): readonly SeriesRow[] {
    return this.#statements.seriesAfter.all(afterId, limit).map((row) => seriesRow(listOf(row)));
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
    return this.#statements.dueObjects
      .all(nowMs, watches, limit)
      .map((row) => objectRow(listOf(row)));
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
    let taken: readonly RawRow[] = [];
    const written = this.#transact(() => {
      taken = this.#statements.acknowledge.all(JSON.stringify(ids));
    });
    if (written.type === "committed") for (const row of taken) this.#growOutbox(row, -1);
    return written;
  }

  /** Bytes that wait, of that signal and encoding; reads nothing. */
  outboxSizeBytes(signal: string, encoding: string): number {
    return this.#outboxSizes.get(`${signal} ${encoding}`) ?? 0;
  }

  /** The objects that the one with this UID controls, in the order in which they were first seen. */
  childrenOf(uid: string, limit: number): readonly ChildRow[] {
    return this.#mayHaveOwned ? this.#statements.children.all(uid, limit).map(childRow) : [];
  }

  /** How many objects' last changes wait for room in the outbox; reads nothing. */
  get withheldCount(): number {
    return this.#withheldCount;
  }

  withheld({ kindId, uid }: ObjectKey): WithheldRow | undefined {
    const row = this.#statements.withheld.get(uid, kindId);
    if (row === undefined) return undefined;
    return {
      kindId,
      uid,
      changes: numberOf(row["changes"]),
      seenAtMs: numberOf(row["seen_at"]),
      appearance: textOrNull(row["appearance"]),
      gone: textOrNull(row["gone"]),
    };
  }

  /** What was last told of an object whose last changes wait. */
  reported({ kindId, uid }: ObjectKey): string | undefined {
    return textOrNull(this.#statements.reported.get(uid, kindId)?.["reported"]) ?? undefined;
  }

  /** Puts other texts in the place of those that an object that waits has. */
  renewWithheld({ kindId, uid }: ObjectKey, texts: WithheldTexts): Written {
    return this.#transact(() =>
      this.#statements.renewWithheld.run(texts.gone, texts.reported, uid, kindId),
    );
  }

  /** Those that wait, in the order in which they began, after `afterId`. */
  withheldAfter(afterId: number, limit: number): readonly (ObjectKey & { readonly id: number })[] {
    return this.#statements.withheldAfter.all(afterId, limit).map((row) => ({
      id: numberOf(row["id"]),
      uid: textOf(row["uid"]),
      kindId: numberOf(row["kind_id"]),
    }));
  }

  /**
   * Goes on with a request that is taken in parts: shortens it to what is left, or takes it out, and sets aside what was
   * refused of it, all at once. `forgotten`: how many of the oldest dead letters had to go for it.
   */
  step({ id, rest, deadLetter }: OutboxStep): Written & { readonly forgotten: number } {
    const s = this.#statements;
    let before: RawRow | undefined;
    let forgotten = 0;
    const written = this.#transact(() => {
      before = s.outboxSize.get(id);
      if (rest === undefined) s.acknowledge.run(JSON.stringify([id]));
      else s.shortenRequest.run(rest.records, rest.body, id);
      if (deadLetter !== undefined) forgotten = addDeadLetter(s, deadLetter);
    });
    if (written.type === "committed" && before !== undefined) {
      this.#growOutbox(before, -1);
      if (rest !== undefined) this.#growOutbox({ ...before, size: rest.body.length }, 1);
    }
    return { ...written, forgotten };
  }

  /** What the collector refused for good, oldest first; 16 MiB at most. */
  deadLetters(): readonly DeadLetterRow[] {
    return readDeadLetters(this.#database);
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
    return this.#statements.counters.all().map(counterRow);
  }

  histograms(): readonly HistogramRow[] {
    return readHistograms(this.#statements);
  }

  /** Remembers that these series' first zero was acknowledged. */
  announceCounters(
    rows: readonly Pick<CounterRow, "metric" | "attributes">[],
    histograms: readonly Pick<HistogramRow, "metric" | "attributes">[] = [],
  ): Written {
    const s = this.#statements;
    return this.#transact(() => {
      for (const row of rows) s.announceCounter.run(row.metric, row.attributes);
      for (const row of histograms) s.announceHistogram.run(row.metric, row.attributes);
    });
  }

  commit(work: UnitOfWork): Written {
    this.#mayHaveOwned ||= work.upserts.some(({ owner }) => owner !== "");
    let withheldMore = 0;
    const written = this.#transact(() => {
      this.#write(work);
      withheldMore = this.#writeWithheld(work);
    });
    if (written.type === "failed") return written;
    this.#deadlines.clear();
    this.#withheldCount += withheldMore;
    for (const { signal, encoding, body } of work.requests)
      this.#growOutbox({ signal, encoding, size: body.length }, 1);
    return written;
  }

  /**
   * Takes one small step towards a file without more free space than a burst takes again soon; `more`: another would
   * find something to do. A few milliseconds each, for it is done between commits.
   */
  shrink(): Shrunk {
    try {
      const options = { keep: FREE_PAGES_KEPT, atMost: PAGES_PER_STEP };
      const hadSurplus = this.#hasSurplus;
      this.#hasSurplus = giveBackPages(this.#database, options);
      // The pages leave the file with a checkpoint, which few other writes may bring for long.
      if (hadSurplus && !this.#hasSurplus) this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
      return this.#hasSurplus ? "more" : "done";
    } catch {
      // On a full disk there is no room for the way to less, and the commits say so.
      return "done";
    }
  }

  /** The version of the redaction rules that every state here went through; undefined: nobody knows. */
  get redactionVersion(): string | undefined {
    return readMeta(this.#database, REDACTION_VERSION);
  }

  /** Takes one step towards a file without any free page, where old texts may stand; `more` until none is left. */
  eraseFreePages(): Shrunk {
    return giveBackPages(this.#database, { keep: 0, atMost: PAGES_PER_STEP }) ? "more" : "done";
  }

  /** Empties the WAL into the file, and remembers which rules every state went through. */
  finishErasing(redactionVersion: string): Written {
    try {
      this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (thrown) {
      return { type: "failed", error: toError(thrown) };
    }
    return this.#transact(() => this.#statements.setMeta.run(REDACTION_VERSION, redactionVersion));
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
      this.#rollBack();
      return { type: "failed", error: toError(thrown) };
    }
  }

  /** A device that fails may fail this, too: SQLite then rolls back with the next that begins, or when it is closed. */
  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    } catch {
      // What failed first is what is told.
    }
  }

  #write(work: UnitOfWork): void {
    const s = this.#statements;
    for (const id of work.removals) s.remove.run(id);
    for (const row of work.upserts) this.#put(row);
    for (const delta of work.counterDeltas)
      s.addToCounter.run(delta.metric, delta.attributes, delta.by, work.committedAtMs);
    for (const delta of work.histogramDeltas ?? []) addToHistogram(s, delta, work.committedAtMs);
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

  /** By how many those that wait have become more. */
  #writeWithheld({ withheld }: UnitOfWork): number {
    const s = this.#statements;
    let more = 0;
    for (const { uid, kindId } of withheld?.ends ?? [])
      more -= Number(s.endWithholding.run(uid, kindId).changes);
    for (const move of withheld?.moves ?? []) {
      const { uid, kindId, changes, seenAtMs, appearance, gone, reported } = move;
      if (reported === undefined) {
        s.withholdMore.run(changes, seenAtMs, appearance, gone, uid, kindId);
        continue;
      }
      // One that ended to wait and began anew within this commit.
      more -= Number(s.endWithholding.run(uid, kindId).changes);
      s.withhold.run(uid, kindId, changes, seenAtMs, appearance, gone, reported);
      more += 1;
    }
    return more;
  }

  #growOutbox(row: RawRow, sign: 1 | -1): void {
    const key = `${textOf(row["signal"])} ${textOf(row["encoding"])}`;
    this.#outboxSizes.set(key, (this.#outboxSizes.get(key) ?? 0) + sign * numberOf(row["size"]));
  }

  /** The least of three statements that does it: the first two leave most indexes, or all, as they are. */
  #put(row: ObjectRow): void {
    const { update, updateDeadline, upsert } = this.#statements;
    const values = changingValues(row);
    const updated = this.#deadlines.hasMoved(row)
      ? updateDeadline.run(...values, row.dueAt, row.id, row.watchId, row.owner)
      : update.run(...values, row.id, row.watchId, row.dueAt, row.owner);
    if (updated.changes === 0) upsert.run(...objectValues(row));
  }
}

/** The records of a deletion, where there are any, and what was last told; both JSON. */
export type WithheldTexts = { readonly gone: string | null; readonly reported: string };

/** `more`: another step would find something to do. */
export type Shrunk = "done" | "more";

/** All of a write, or nothing and the reason. */
export type Written =
  | { readonly type: "committed" }
  | { readonly type: "failed"; readonly error: Error };

export type ObjectName = { readonly namespace: string; readonly name: string };
