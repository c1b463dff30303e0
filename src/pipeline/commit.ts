import type { Health } from "../lifecycle/health-words.ts";
import type { Attributes, ObjectPoints, Signal, TraceSignal } from "../lifecycle/signal.ts";
import type {
  ChildRow,
  ObjectKey,
  ObjectRow,
  OutboxRequest,
  PositionMove,
  UnitOfWork,
  WithheldMove,
  WithheldRow,
} from "../store/rows.ts";
import { isOfStateFile } from "../store/sqlite-error.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { toError } from "../util/to-error.ts";
import { unreachable } from "../util/unreachable.ts";
import { WakeUp } from "../util/wake-up.ts";
import { Hold, type StateFailure } from "./hold.ts";
import type { OutboxRoom } from "./outbox-room.ts";
import { PendingAggregates } from "./pending-aggregates.ts";
import { type Encoders, PendingRequests } from "./pending-requests.ts";
import { PendingRows } from "./pending-rows.ts";
import { PendingWithheld } from "./pending-withheld.ts";
import type { PipelineReport } from "./report.ts";

/** How soon what was seen is durable, and sent: long enough to gather, short enough for "now". */
const MAX_AGE_MS = 200;
/**
 * A change costs the same in transactions of 100 and of 500 (measured). What grows with them is how long the loop is
 * blocked, and how much of what is pending the collector of young objects takes for old.
 */
const MAX_CHANGES = 250;
/** Bounds what a burst of large objects takes, in memory and as one request: a collector takes 4 MiB at most. */
const MAX_BYTES = 512 * 1024;
const RETRY_MS = 1000;

/** One object's row moved: what the heartbeat and the object counts need to know once it is true. */
export type Touched = {
  readonly id: number;
  readonly kindId: number;
  readonly watchId: number;
  readonly namespace: string;
  readonly name: string;
  /** Under which watch it counted, as what; undefined: it was not there. */
  readonly before: { readonly watchId: number; readonly health: Health } | undefined;
  readonly healthAfter: Health | undefined;
  /** The series that were there before, if the caller knew that nobody has pinned them yet. */
  readonly pointsBefore: ObjectPoints | undefined;
};

export type CommitOptions = Encoders & {
  readonly store: Store;
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
  /** Absent: whatever is said has room. */
  readonly room?: OutboxRoom | undefined;
  /** On every count, besides what it says itself: which shard counted. */
  readonly sharedAttributes?: Attributes;
  /** Called after each successful commit, in order. */
  readonly committed: (touched: readonly Touched[]) => void;
};

/**
 * The in-memory commit: everything that the next transaction will make true together.
 *
 * Readers ask here first, so that an object may change many times between two transactions. A commit that fails is
 * simply still in memory; `failing` says so, and `run` tries again until it succeeds. So it does with what others could
 * not read: whoever needs the state file waits until it can be both read and written.
 */
export class Commit {
  readonly #options: CommitOptions;
  readonly #rows: PendingRows;
  #touched: Touched[] = [];
  readonly #said: PendingRequests;
  readonly #aggregates: PendingAggregates;
  readonly #positions = new Map<number, PositionMove & { readonly watch: string }>();
  /** Watches that must begin anew, by row id. */
  readonly #forgotten = new Set<number>();
  readonly #withheld: PendingWithheld;
  #sizeBytes = 0;
  readonly #hold: Hold;
  #spansDropped = 0;
  readonly #wake = new WakeUp();

  constructor(options: CommitOptions) {
    this.#options = options;
    this.#rows = new PendingRows(options.store);
    this.#withheld = new PendingWithheld(options.store);
    this.#aggregates = new PendingAggregates(options.sharedAttributes);
    this.#hold = new Hold(options);
    this.#said = new PendingRequests(options);
  }

  /** True while the state file could not be read or written: nothing new may be put in, watches are held. */
  get failing(): boolean {
    return this.#hold.failure !== undefined;
  }

  /** What the last attempt failed with; undefined while the state file can be used. */
  get failure(): StateFailure | undefined {
    return this.#hold.failure;
  }

  /** Takes it that somebody could not read the state file, so that all wait until that succeeds; false if it is something else. */
  holdFor(thrown: unknown): boolean {
    if (!isOfStateFile(thrown)) return false;
    this.#hold.begin({ doing: "read", error: toError(thrown) }, this.#rows.size);
    this.#wake.ring();
    return true;
  }

  /** Does what lasts until the signal aborts, and begins it anew once the state file can be read again where that failed. */
  async lasting(work: () => Promise<void> | undefined, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await work();
        return;
      } catch (thrown) {
        if (!this.holdFor(thrown)) throw thrown;
        await this.recovered(signal);
        if (signal.aborted) return;
      }
    }
  }

  find(kindId: number, uid: string): ObjectRow | undefined {
    return this.#rows.find(kindId, uid);
  }

  /** The object with this UID, of whatever kind. */
  findOwner(uid: string): ObjectRow | undefined {
    return this.#rows.findOwner(uid);
  }

  findById(id: number): ObjectRow | undefined {
    return this.#rows.findById(id);
  }

  /** What the object with this UID controls, pending or stored; about so many at most. */
  childrenOf(uid: string, limit: number): readonly ChildRow[] {
    return this.#rows.childrenOf(uid, limit);
  }

  findByName(watchId: number, namespace: string, name: string): ObjectRow | undefined {
    return this.#rows.findByName(watchId, namespace, name);
  }

  /** The row as it is from now on, together with what its change says: both become true, or neither. */
  put(row: ObjectRow, touched: Touched | undefined, signals: readonly Signal[]): void {
    this.#rows.put(row);
    this.#sizeBytes +=
      row.metadata.length + row.spec.length + row.status.length + row.memory.length;
    if (touched !== undefined) this.#touched.push(touched);
    this.tell(signals);
  }

  /** The row is gone, together with what that says. */
  remove(row: ObjectRow, touched: Touched, signals: readonly Signal[]): void {
    this.#rows.remove(row);
    this.#touched.push(touched);
    this.tell(signals);
  }

  /** Facts that move no row. */
  tell(signals: readonly Signal[]): void {
    for (const signal of signals) this.#take(signal);
    const isFull =
      this.#rows.size >= MAX_CHANGES ||
      this.#said.count >= 2 * MAX_CHANGES ||
      this.#sizeBytes + this.#said.textBytes >= MAX_BYTES;
    if (isFull && !this.failing) this.flush();
    this.#wake.ring();
  }

  /** Whether what waits for the collector, with what is pending, has reached its bound. */
  get isFull(): boolean {
    return this.#options.room?.isFull(this.#said.wireBytes) ?? false;
  }

  /** What waits of that object until there is room. */
  withheld(key: ObjectKey): WithheldRow | undefined {
    return this.#withheld.find(key);
  }

  /** The object as it was last told, where something waits of it. */
  reported(key: ObjectKey): string | undefined {
    return this.#withheld.reported(key);
  }

  /** The records of a change wait. To be called before the row is put, which may already write all that is pending. */
  withhold(move: WithheldMove): void {
    this.#withheld.put(move);
    this.#sizeBytes += (move.reported?.length ?? 0) + (move.gone?.length ?? 0);
    this.#wake.ring();
  }

  /** What waited of that object is told with what is put or told next. */
  endWithholding(key: ObjectKey): void {
    this.#withheld.end(key, "told");
    this.#wake.ring();
  }

  /** What waited of that object is nobody's news any more, and neither is that it is gone. */
  vanish(waiting: WithheldRow): void {
    this.#withheld.end(waiting, "vanished");
    this.#options.room?.vanished(waiting.changes + 1);
    this.#wake.ring();
  }

  /** What waited of that object is never told, as nobody asks for its kind any more. */
  abandon(waiting: WithheldRow): void {
    this.#withheld.end(waiting, "told");
    this.#options.room?.vanished(waiting.changes);
    this.#wake.ring();
  }

  /** Everything of that watch up to here is in this commit or an earlier one; undefined: it looks at everything anew. */
  position(
    watch: { readonly id: number; readonly name: string },
    position: string | undefined,
  ): void {
    this.#positions.set(watch.id, {
      watchId: watch.id,
      watch: watch.name,
      position: position ?? null,
      // Where a look begins within the commit that ended the last one, that one's time stays.
      atMs:
        position === undefined
          ? (this.#positions.get(watch.id)?.atMs ?? null)
          : this.#options.clock.now(),
    });
    this.#wake.ring();
  }

  /** That watch must look at everything anew before it goes on: some of its rows are another's now, or of another version. */
  forgetPosition(watchId: number): void {
    this.#forgotten.add(watchId);
    this.#wake.ring();
  }

  /** Writes all that is pending in one transaction; false when that failed and all of it is still pending. */
  flush(): boolean {
    if (this.failing && !this.#isReadable()) return false;
    if (this.#isEmpty()) {
      this.#hold.end();
      return true;
    }
    const startedMs = this.#options.clock.now();
    const changes = this.#rows.size;
    const result = this.#options.store.commit(this.#unitOfWork(startedMs));
    if (result.type === "failed") {
      this.#hold.begin({ doing: "write", error: result.error }, changes);
      return false;
    }
    const touched = this.#touched;
    const withheld = this.#withheld.changes;
    const spans = this.#spansDropped;
    this.#clear();
    this.#hold.end();
    this.#options.report({
      type: "commit",
      changes,
      durationMs: this.#options.clock.now() - startedMs,
    });
    if (withheld > 0) this.#options.report({ type: "changes-withheld", changes: withheld });
    if (spans > 0) this.#options.report({ type: "spans-dropped", spans });
    this.#options.committed(touched);
    return true;
  }

  /** Resolves when the state file can be used again, or the signal aborts. */
  async recovered(signal: AbortSignal): Promise<void> {
    await this.#hold.over(signal);
  }

  /** Flushes what gathers, until aborted; throws if the state file turns out to be damaged. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#wake.wait(this.#options.clock, signal);
      await this.#options.clock.sleep(this.failing ? RETRY_MS : MAX_AGE_MS, signal);
      if (!this.flush()) this.#wake.ring();
      const { damage } = this.#hold;
      if (damage === undefined) continue;
      this.#options.store.condemn(damage.message);
      throw damage;
    }
  }

  #isReadable(): boolean {
    if (this.#hold.damage !== undefined) return false;
    const error = this.#options.store.retryReads();
    if (error !== undefined) this.#hold.begin({ doing: "read", error }, this.#rows.size);
    return error === undefined;
  }

  #take(signal: Signal): void {
    switch (signal.type) {
      case "log":
        return this.#said.log(signal);
      case "trace":
        return this.#trace(signal);
      case "count":
        return this.#aggregates.count(signal);
      case "duration":
        return this.#aggregates.record(signal);
      default:
        return unreachable(signal);
    }
  }

  /** A trace is told once and has no net change: where there is no room for it, it is gone, and that is counted. */
  #trace(signal: TraceSignal): void {
    const { room } = this.#options;
    if (room?.takesTraces(this.#said.wireBytes) ?? true) this.#said.trace(signal);
    else this.#spansDropped += signal.spans.length;
  }

  #unitOfWork(nowMs: number): UnitOfWork {
    return {
      ...this.#rows.moves(),
      positions: [...forgotten(this.#forgotten), ...this.#positions.values()],
      ...this.#aggregates.deltas(),
      requests: this.#requests(),
      withheld: this.#withheld.moves(),
      committedAtMs: nowMs,
    };
  }

  #requests(): readonly OutboxRequest[] {
    if (this.#said.isEmpty) return [];
    const known = [...this.#positions.values()].filter(({ position }) => position !== null);
    return this.#said.encode(
      JSON.stringify(Object.fromEntries(known.map(({ watch, position }) => [watch, position]))),
    );
  }

  #isEmpty(): boolean {
    return (
      this.#rows.size === 0 &&
      this.#said.isEmpty &&
      this.#positions.size === 0 &&
      this.#forgotten.size === 0 &&
      this.#aggregates.isEmpty &&
      this.#withheld.isEmpty
    );
  }

  #clear(): void {
    this.#rows.clear();
    this.#touched = [];
    this.#said.clear();
    this.#aggregates.clear();
    this.#positions.clear();
    this.#forgotten.clear();
    this.#withheld.clear();
    this.#sizeBytes = 0;
    this.#spansDropped = 0;
  }
}

function forgotten(watchIds: Iterable<number>): readonly PositionMove[] {
  return Array.from(watchIds, (watchId) => ({ watchId, position: null, atMs: null }));
}
