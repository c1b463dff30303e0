import type { KindFacts } from "../cluster/kube-object.ts";
import type { KnownWatch, ObjectRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import type { ActiveWatch } from "./active-watch.ts";
import type { Commit, Touched } from "./commit.ts";
import { healthOf } from "./health-of.ts";
import type { PipelineReport } from "./report.ts";
import type { Wanted } from "./wanted-of.ts";

const EVERY_MS = 1000;
/** Between two steps of a few milliseconds each, so that commits and requests hardly notice. */
const PAUSE_MS = 20;
/** As many as a commit takes at most. */
const PAGE = 250;
const BEFORE_ALL_NAMES = { namespace: "", name: "" };

export type UpkeepOptions = {
  readonly store: Store;
  readonly commit: Commit;
  /** The running watches. */
  readonly watches: () => Iterable<ActiveWatch>;
  /** Of an object that is gone, as the complete look of a watch that would show it says: takes the row, and tells it. */
  readonly gone: (watch: ActiveWatch, row: ObjectRow) => void;
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
};

/** What a watch of the state file is to the configuration. */
export type Judge = (watch: { readonly key: string; readonly facts: KindFacts }) => Wanted;

/**
 * Keeps the state file small, in steps between the commits: gives free space back to the disk, and forgets what watches
 * of earlier configurations remembered.
 *
 * What is no longer watched is forgotten without a record, for nothing happened to it, and not before the watches that
 * may take over its rows by UID (a cluster-wide one after namespaced ones, say) have all completed their looks. What
 * such a look should have shown, and did not, was deleted meanwhile, which is told.
 */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #leftovers: readonly KnownWatch[] | undefined;
  #judge: Judge | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** The watches of this run have begun; whatever else the file remembers may be forgotten, but for what is `watch`. */
  forgetUnless(judge: Judge): void {
    this.#judge = judge;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(EVERY_MS, signal);
      await this.#forget(signal);
      await this.#shrink(signal);
    }
  }

  async #shrink(signal: AbortSignal): Promise<void> {
    const { store, commit, clock } = this.#options;
    while (!signal.aborted && !commit.failing && store.shrink() === "more")
      await clock.sleep(PAUSE_MS, signal);
  }

  async #forget(signal: AbortSignal): Promise<void> {
    if (this.#judge === undefined) return;
    this.#leftovers ??= this.#options.store.knownWatches();
    for (const watch of this.#leftovers.filter((one) => this.#mayBeForgotten(one))) {
      if (!(await this.#forgetOne(watch, signal))) return;
      this.#leftovers = this.#leftovers.filter(({ id }) => id !== watch.id);
    }
  }

  #mayBeForgotten({ id, kindId, key, facts }: KnownWatch): boolean {
    // The text is our own, written when the watch was opened.
    const wanted = this.#judge?.({ key, facts: JSON.parse(facts) });
    if (wanted === undefined || wanted === "watch" || this.#isRunning(id)) return false;
    const heirs = [...this.#options.watches()].filter((watch) => watch.kindId === kindId);
    // Where the kind is wanted, but none of its watches runs yet, they may still come, and take over the rows.
    if (wanted === "kind" && heirs.length === 0) return false;
    return heirs.every(({ state }) => state === "synced");
  }

  #isRunning(id: number): boolean {
    return [...this.#options.watches()].some((watch) => watch.id === id);
  }

  /** False: it could not be completed, and goes on later where it stopped. */
  async #forgetOne(watch: KnownWatch, signal: AbortSignal): Promise<boolean> {
    const { id, key } = watch;
    const { store, commit, clock, report } = this.#options;
    // First of all: who comes back to this watch must not go on from its position with half of its rows.
    if (!commit.flush() || store.resetWatch(id).type === "failed") return false;
    let objects = 0;
    let untold = 0;
    for (;;) {
      const page = store.watchObjectsAfter(id, BEFORE_ALL_NAMES, PAGE);
      if (page.length === 0) break;
      for (const object of page) untold += this.#remove(watch, object.id);
      if (!commit.flush()) return false;
      objects += page.length;
      await clock.sleep(PAUSE_MS, signal);
      if (signal.aborted || this.#isRunning(id)) return false;
    }
    if (store.removeWatch(id).type === "failed") return false;
    report({ type: "watch-forgotten", watch: key, objects, untold });
    return true;
  }

  /** Of how many objects something is never told: of this one, or of none. */
  #remove(watch: KnownWatch, id: number): 0 | 1 {
    const { commit, watches, gone } = this.#options;
    const row = commit.findById(id);
    if (row === undefined || row.watchId !== watch.id) return 0;
    const heir = [...watches()].find((one) => shouldHaveSeen(one, watch, row));
    if (heir !== undefined) gone(heir, row);
    // Also what no sense could be made of must go, or it would be looked at for ever.
    if (commit.findById(id) === undefined) return 0;
    const waiting = commit.withheld(row);
    if (waiting !== undefined) commit.abandon(waiting);
    commit.remove(row, untouched(row), []);
    return waiting === undefined ? 0 : 1;
  }
}

/**
 * Whether the complete look of that watch would have shown the object, and made its row its own: then it is gone, and
 * that is no matter of the configuration.
 */
function shouldHaveSeen(heir: ActiveWatch, watch: KnownWatch, row: ObjectRow): boolean {
  const { namespace, labelSelector } = heir.key;
  if (heir.kindId !== row.kindId || heir.resyncIsBlind || !heir.isOurs(row.uid)) return false;
  if (namespace !== undefined && namespace !== row.namespace) return false;
  if (row.namespace !== "" && !heir.includes(row.namespace)) return false;
  return labelSelector === undefined || watch.key.endsWith(`|labels=${labelSelector}`);
}

/** What the counts of objects need to know of a row that nobody watches. */
function untouched(row: ObjectRow): Touched {
  const { id, kindId, watchId, namespace, name } = row;
  const before = { watchId, health: healthOf(row) };
  const after = { healthAfter: undefined, pointsBefore: undefined };
  return { id, kindId, watchId, namespace, name, before, ...after };
}
