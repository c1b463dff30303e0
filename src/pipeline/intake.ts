import type { KubeObject } from "../cluster/kube-object.ts";
import { formatShard } from "../cluster/shard.ts";
import type { WatchEvent } from "../cluster/watch-event.ts";
import { decideAppearance } from "../history/appearance.ts";
import type { Change, DisappearanceCause } from "../history/change.ts";
import { compare, disappeared } from "../history/compare.ts";
import { columnsOf, decodeState, type ObjectState } from "../history/object-state.ts";
import type { Redact } from "../history/redact.ts";
import { interpretSync } from "../lifecycle/watch-story.ts";
import type { ObjectName, Store } from "../store/store.ts";
import type { ObjectRow } from "../store/rows.ts";
import type { Clock } from "../util/clock.ts";
import { isOlderVersion } from "../util/resource-version.ts";
import { RowSet } from "../util/row-set.ts";
import { TimeSlice } from "../util/time-slice.ts";
import { toError } from "../util/to-error.ts";
import { unreachable } from "../util/unreachable.ts";
import { type ActiveWatch, giveSign } from "./active-watch.ts";
import type { Commit } from "./commit.ts";
import type { Fold } from "./fold.ts";
import { rethrowOfStateFile } from "./hold.ts";
import type { ObjectCounts } from "./object-counts.ts";
import type { PipelineReport } from "./report.ts";

const SWEEP_PAGE = 500;
const BEFORE_ALL_NAMES: ObjectName = { namespace: "", name: "" };

export type IntakeOptions = {
  readonly store: Store;
  readonly commit: Commit;
  readonly fold: Fold;
  readonly counts: ObjectCounts;
  readonly redact: Redact;
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
};

/** `held`: commits fail, so what was not taken yet must be asked for again from the watch's position. */
export type Taken = "taken" | "held";

/** Turns what the cluster says into Changes, and hands each to the fold; in order, one watch's events at a time. */
export class Intake {
  readonly #options: IntakeOptions;
  /** One for all that comes: a socket's reads follow each other within a turn of the event loop. */
  readonly #slice = new TimeSlice();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  async take(watch: ActiveWatch, events: readonly WatchEvent[]): Promise<Taken> {
    // What can't be written must not gather: the watch asks for these again.
    if (this.#options.commit.failing) return "held";
    watch.events += events.length;
    if (events.some((event) => event.type !== "failed")) giveSign(watch, this.#options.clock.now());
    for (const event of events) {
      // A promise for each would cost as much as the bookkeeping of most events.
      const taken = isSweep(event)
        ? await this.#takeSweep(watch, event)
        : this.#takeOne(watch, event);
      if (taken === "held" || this.#options.commit.failing) return "held";
      if (this.#slice.isUsedUp()) await this.#slice.breathe();
    }
    return "taken";
  }

  /** Drops the row of an object that the watch's look should have shown, and did not. */
  dropUnseen(watch: ActiveWatch, row: ObjectRow): void {
    try {
      this.#drop(watch, row, { cause: "relist" });
    } catch (thrown) {
      this.#skip(watch, row, thrown);
    }
  }

  async #takeSweep(watch: ActiveWatch, event: SweepEvent): Promise<Taken> {
    return event.type === "resync-end"
      ? await this.#endResync(watch, event.resourceVersion)
      : await this.#sweep(watch, new RowSet(), "kind-gone");
  }

  #takeOne(watch: ActiveWatch, event: Exclude<WatchEvent, SweepEvent>): Taken {
    switch (event.type) {
      case "resync-start":
        this.#startResync(watch);
        return "taken";
      case "resync-object":
        this.#guarded(watch, event.object, (known) => this.#seen(watch, known, event.object));
        return "taken";
      case "resync-deleted":
        this.#guarded(watch, event.object, (known) => this.#gone(watch, known, event.object));
        return "taken";
      case "resync-unreadable":
        this.#keepUnread(watch, event);
        return "taken";
      case "applied":
        this.#guarded(watch, event.object, (known) => this.#seen(watch, known, event.object));
        this.#moveTo(watch, event.object.metadata.resourceVersion);
        return "taken";
      case "deleted":
        this.#guarded(watch, event.object, (known) => this.#gone(watch, known, event.object));
        this.#moveTo(watch, event.object.metadata.resourceVersion);
        return "taken";
      case "position":
        return this.#reach(watch, event.resourceVersion);
      case "failed":
        this.#fail(watch, event);
        return "taken";
      default:
        return unreachable(event);
    }
  }

  #fail(
    watch: ActiveWatch,
    { error, isToWait }: Extract<WatchEvent, { readonly type: "failed" }>,
  ): void {
    if (watch.state !== "synced" && isToWait !== true) watch.state = "failed";
    watch.lastError = error.message;
    this.#options.report({ type: "watch-failed", watch: watch.name, error });
  }

  /** One object that cannot be made sense of is skipped and reported; it must not end the watch (invariant 6). */
  #guarded(
    watch: ActiveWatch,
    object: KubeObject,
    step: (known: ObjectRow | undefined) => void,
  ): void {
    const { namespace, name, uid } = object.metadata;
    if (namespace !== undefined && !watch.includes(namespace)) return;
    if (!watch.isOurs(uid)) return;
    const known = this.#options.commit.find(watch.kindId, uid);
    try {
      step(known);
    } catch (thrown) {
      this.#skip(watch, { namespace, name }, thrown);
      this.#own(watch, known);
    }
  }

  #skip(
    watch: ActiveWatch,
    { namespace, name }: { readonly namespace: string | undefined; readonly name: string },
    thrown: unknown,
  ): void {
    // That is not this object's fault: all of it is asked for again.
    rethrowOfStateFile(thrown);
    const object = namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
    const error = toError(thrown);
    this.#options.report({ type: "object-skipped", watch: watch.name, object, error });
  }

  #seen(watch: ActiveWatch, known: ObjectRow | undefined, object: KubeObject): void {
    const { redact } = this.#options;
    const { name, namespace = "" } = object.metadata;
    const wasShown = known !== undefined && watch.resync?.has(known.id) === true;
    // First of all: what is there is not gone, whether sense can be made of it or not.
    if (known !== undefined) watch.resync?.add(known.id);
    else this.#dropNamesake(watch, { namespace, name });
    const observedAtMs = this.#options.clock.now();
    const comparison = compare({
      facts: watch.facts,
      observedAtMs,
      known: known === undefined ? undefined : { ...known, kind: watch.facts.kind },
      incoming: object,
      redact,
      // Within a look nothing goes back: what it shows again is what happened meanwhile.
      isListed: watch.resync !== undefined && !wasShown,
      isLate: isCatchingUp(watch),
      appearance: () =>
        decideAppearance({
          hasHistory: watch.lookedAtMs !== undefined,
          inResync: watch.resync !== undefined,
          hasSelector: watch.key.labelSelector !== undefined,
          creationTimestamp: object.metadata.creationTimestamp,
          lastLookedAtMs: watch.lookedAtMs,
        }),
    });
    const row = this.#record(watch, known, comparison);
    if (row !== undefined) watch.resync?.add(row.id);
  }

  /** What a comparison means for the row; answers the row as it stands then. */
  #record(
    watch: ActiveWatch,
    known: ObjectRow | undefined,
    comparison: ReturnType<typeof compare>,
  ): ObjectRow | undefined {
    const { commit, fold, report } = this.#options;
    // The other watch, should it come back, has to look which rows are its own.
    if (known !== undefined && known.watchId !== watch.id) commit.forgetPosition(known.watchId);
    switch (comparison.type) {
      case "appeared":
      case "changed":
        return fold.keep(watch, known, comparison);
      case "replaced":
        return known && this.#replace(watch, known, comparison.state);
      case "unchanged":
        return known && this.#hold(watch, known, comparison.state);
      case "stale":
        report({
          type: "stale-event",
          watch: watch.name,
          object: known === undefined ? "" : `${known.namespace}/${known.name}`,
        });
        return known && this.#hold(watch, known, undefined);
      default:
        return unreachable(comparison);
    }
  }

  /** Keeps a row without a Change; one that another watch owned until now (namespaced watches became a cluster-wide one) is this one's from now on. */
  #hold(watch: ActiveWatch, known: ObjectRow, state: ObjectState | undefined): ObjectRow {
    const { commit, fold } = this.#options;
    const row = { ...known, ...(state && columnsOf(state)), watchId: watch.id };
    if (known.watchId !== watch.id) fold.replace(known, row);
    else if (state !== undefined) commit.put(row, undefined, []);
    return row;
  }

  /** Another form of the object is no Change, but its health is judged anew, as when time has passed. */
  #replace(watch: ActiveWatch, known: ObjectRow, state: ObjectState): ObjectRow {
    const { clock, fold } = this.#options;
    const change: Change = {
      type: "elapsed",
      kind: watch.facts,
      observedAtMs: clock.now(),
      after: decodeState(state),
    };
    return fold.keep(watch, known, { change, state });
  }

  /** A new UID under an old name: the old object is gone, whatever we missed of that. */
  #dropNamesake(watch: ActiveWatch, name: ObjectName): void {
    const namesake = this.#options.commit.findByName(watch.id, name.namespace, name.name);
    if (namesake !== undefined) this.#drop(watch, namesake, { cause: "relist" });
  }

  #gone(watch: ActiveWatch, known: ObjectRow | undefined, object: KubeObject): void {
    if (known === undefined) return;
    try {
      this.#drop(watch, known, { cause: "deleted", last: object });
    } catch (thrown) {
      this.#skip(watch, known, thrown);
      // Whatever it looked like at the end, it is gone.
      this.#drop(watch, known, { cause: "deleted" });
    }
  }

  #drop(
    watch: ActiveWatch,
    known: ObjectRow,
    how: { readonly cause: DisappearanceCause; readonly last?: KubeObject },
  ): void {
    const change: Change = disappeared({
      facts: watch.facts,
      observedAtMs: this.#options.clock.now(),
      known: { ...known, kind: watch.facts.kind },
      redact: this.#options.redact,
      cause: how.cause,
      hasSelector: watch.key.labelSelector !== undefined,
      isLate: isCatchingUp(watch),
      ...(how.last === undefined ? {} : { last: how.last }),
    });
    this.#options.fold.drop(watch, known, change);
  }

  /** Nothing goes on from the old position: events from before this look, told after it, would bring back what it found gone. */
  #startResync(watch: ActiveWatch): void {
    watch.resync = new RowSet();
    watch.resyncIsBlind = false;
    if (watch.position === undefined) return;
    watch.position = undefined;
    this.#options.commit.position(watch, undefined);
  }

  /** What is known of an object that can't be read stays; when it may be any, all does, until the next list. */
  #keepUnread(
    watch: ActiveWatch,
    { uid, namespace = "", name }: Extract<WatchEvent, { readonly type: "resync-unreadable" }>,
  ): void {
    const { commit } = this.#options;
    if (uid !== undefined && !watch.isOurs(uid)) return;
    if (uid === undefined && name === undefined) watch.resyncIsBlind = true;
    const known =
      uid === undefined
        ? name !== undefined && commit.findByName(watch.id, namespace, name)
        : commit.find(watch.kindId, uid);
    if (!known) return;
    watch.resync?.add(known.id);
    this.#own(watch, known);
  }

  /** What is there is not gone with the watch that owned it until now, though no sense can be made of it. */
  #own(watch: ActiveWatch, known: ObjectRow | undefined): void {
    if (known === undefined || known.watchId === watch.id) return;
    this.#options.commit.forgetPosition(known.watchId);
    this.#hold(watch, known, undefined);
  }

  async #endResync(watch: ActiveWatch, resourceVersion: string): Promise<Taken> {
    const seen = watch.resync ?? new RowSet();
    const swept = watch.resyncIsBlind ? "taken" : await this.#sweep(watch, seen, "relist");
    if (swept === "held") return "held";
    watch.resync = undefined;
    return this.#reach(watch, resourceVersion);
  }

  /** Everything up to here was told; the first time, and after the watch was blind, that is told, too, in the same commit as the position. */
  #reach(watch: ActiveWatch, resourceVersion: string): Taken {
    if (watch.state !== "synced" && this.#synced(watch, resourceVersion) === "held") return "held";
    watch.isBehind = false;
    watch.unheardSinceMs = undefined;
    this.#moveTo(watch, resourceVersion);
    return "taken";
  }

  /** Drops every object of the watch whose row was not seen; page by page, so that no position is committed before the last. */
  async #sweep(watch: ActiveWatch, seen: RowSet, cause: DisappearanceCause): Promise<Taken> {
    const { commit, store } = this.#options;
    const slice = new TimeSlice();
    let after = BEFORE_ALL_NAMES;
    if (!commit.flush()) return "held";
    for (;;) {
      const page = store.watchObjectsAfter(watch.id, after, SWEEP_PAGE);
      for (const { id } of page) {
        if (!seen.has(id)) this.#sweepOne(watch, id, cause);
        if (commit.failing) return "held";
        await slice.breathe();
      }
      const last = page.at(-1);
      if (last === undefined) return "taken";
      after = last;
    }
  }

  /** Time, or another watch, may have moved the row since its page was read. */
  #sweepOne(watch: ActiveWatch, id: number, cause: DisappearanceCause): void {
    const row = this.#options.commit.findById(id);
    if (row === undefined || row.watchId !== watch.id) return;
    try {
      this.#drop(watch, row, { cause });
    } catch (thrown) {
      this.#skip(watch, row, thrown);
    }
  }

  /** Never back: only a look that begins anew, which forgets the position first, may stand at an older one. */
  #moveTo(watch: ActiveWatch, resourceVersion: string): void {
    if (watch.position !== undefined && isOlderVersion(resourceVersion, watch.position)) return;
    watch.position = resourceVersion;
    watch.reached = resourceVersion;
    // While what happened since the last run is still being told, the last look is that run's.
    if (watch.state === "synced") watch.lookedAtMs = this.#options.clock.now();
    this.#options.commit.position(watch, resourceVersion);
  }

  /** A complete look, the first of a run or after the watch was blind: how the objects stand, and what changed since the last. */
  #synced(watch: ActiveWatch, position: string): Taken {
    const { commit, counts, clock, fold, report } = this.#options;
    if (!commit.flush()) return "held";
    const byHealth = counts.byHealth(watch.id);
    const record = interpretSync({
      watchKey: watch.name,
      kind: watch.facts,
      ...(watch.key.namespace === undefined ? {} : { namespace: watch.key.namespace }),
      ...(watch.key.shard === undefined ? {} : { shard: formatShard(watch.key.shard) }),
      position,
      observedAtMs: clock.now(),
      withHistory: watch.hadHistory,
      byHealth,
      netChanges: watch.netChanges,
      observedTold: watch.firstLook.told,
      observedWithheld: watch.firstLook.withheld,
    });
    fold.tellSynced(watch, record);
    watch.state = "synced";
    const { withheld } = watch.firstLook;
    if (withheld > 0) report({ type: "first-look-withheld", watch: watch.name, records: withheld });
    const objects = Object.values(byHealth).reduce((sum, count) => sum + count, 0);
    report({
      type: "watch-synced",
      watch: watch.name,
      objects,
      durationMs: clock.now() - watch.missingSinceMs,
    });
    watch.staleAt = undefined;
    return "taken";
  }
}

/** Whether what is told now may have happened while nobody watched: in a look, since the last run, or in a gap of this one. */
function isCatchingUp(watch: ActiveWatch): boolean {
  return watch.state !== "synced" || watch.resync !== undefined || watch.isBehind;
}

/** Events that go through all rows of the watch, which takes more than a moment. */
type SweepEvent = Extract<WatchEvent, { readonly type: "resync-end" | "kind-gone" }>;

function isSweep(event: WatchEvent): event is SweepEvent {
  return event.type === "resync-end" || event.type === "kind-gone";
}
