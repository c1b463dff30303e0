import type { KindFacts } from "../cluster/kube-object.ts";
import type { ClusterReport } from "../cluster/report.ts";
import type { WatchKey } from "../cluster/watch-event.ts";
import type { RowSet } from "../util/row-set.ts";

/** One running watch: what is fixed while it runs, and where it stands. */
export type ActiveWatch = {
  readonly id: number;
  readonly kindId: number;
  /** `formatWatchKey`. */
  readonly name: string;
  readonly key: WatchKey;
  readonly facts: KindFacts;
  /** Whether objects of this namespace are wanted; the API server filters by one namespace at most. */
  readonly includes: (namespace: string) => boolean;
  /** Whether the object with this UID is in the shard that is kept. */
  readonly isOurs: (uid: string) => boolean;
  readonly startedAtMs: number;
  /** Whether a look was completed before the one that is awaited or was last told, so that what changed since is news. */
  hadHistory: boolean;
  /** Where to go on: everything up to here is committed or in the commit in memory. */
  position: string | undefined;
  /** The last position that there was, which a look that has begun does not take away. */
  reached: string | undefined;
  /** Unix milliseconds at which we last knew everything; undefined before the first complete look. */
  lookedAtMs: number | undefined;
  /** The rows seen since `resync-start`; undefined outside of a resync. */
  resync: RowSet | undefined;
  /** Whether this resync met an object that says not even who it is: any that was not seen may be it. */
  resyncIsBlind: boolean;
  state: WatchState;
  /** What it does now, and what it has done so far. */
  phase: WatchPhase;
  readonly phases: Set<WatchPhase>;
  /** How many events came in this run, and when the last (Unix milliseconds): bookmarks are signs of life too. */
  events: number;
  lastSignAtMs: number | undefined;
  /** Since when nothing of its objects can be heard: it ended, or is held. Unix milliseconds. */
  unheardSinceMs: number | undefined;
  /** It hears again after a gap: until the next bookmark, what it says may have happened in that. */
  isBehind: boolean;
  /** What failed since then, the last of it. */
  lastError: string | undefined;
  /** Since when the look that is awaited, or was last told, had been missing. */
  missingSinceMs: number;
  /** Where it stood when `lifeline.watch.stale` told that it is blind; until the next complete look. */
  staleAt: string | undefined;
  /** Until the complete look that is awaited: what differed from the last one, by action. */
  netChanges: Record<string, number>;
  firstLook: { told: number; withheld: number };
};

/**
 * As `/readyz` sees it: everything but `syncing` is an answer. `resumed`: following from where the last run ended, but
 * no bookmark has said yet that all which happened in between was told.
 */
type WatchState = "syncing" | "resumed" | "synced" | "failed";

/**
 * What a watch does: what its reflector says, or why that leads nowhere. `held`: it waits for the state file. `starting`:
 * nothing was said yet.
 */
export type WatchPhase = ReflectorPhase | "forbidden" | "held" | "missing" | "starting";

type ReflectorPhase = Extract<ClusterReport, { readonly type: "watch-state" }>["state"];

export function enterPhase(watch: ActiveWatch, phase: WatchPhase): void {
  watch.phase = phase;
  watch.phases.add(phase);
}

/** The watch has said something of its objects, be it that nothing has happened. */
export function giveSign(watch: ActiveWatch, nowMs: number): void {
  watch.lastSignAtMs = nowMs;
  watch.lastError = undefined;
}

/** A watch that is asked for again at once misses nothing that Kubernetes' own times, whole seconds, could tell better. */
const GAP_MIN_MS = 2_000;

/** Nothing can be heard of the watch's objects since then. */
export function loseTouch(watch: ActiveWatch, sinceMs: number): void {
  watch.unheardSinceMs ??= sinceMs;
}

/** The watch is open again: what happened meanwhile comes first. */
export function hearAgain(watch: ActiveWatch, nowMs: number): void {
  const { unheardSinceMs } = watch;
  watch.unheardSinceMs = undefined;
  if (unheardSinceMs !== undefined && nowMs - unheardSinceMs > GAP_MIN_MS) watch.isBehind = true;
}
