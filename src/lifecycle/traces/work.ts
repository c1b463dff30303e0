/** What a trace is about (docs/contract.md §6). */
export type Role = "converge" | "delete" | "disruption";

/** How work ended; `deleted` is the goal of a deletion, and the end of all else. */
export type TraceOutcome = "current" | "failed" | "superseded" | "deleted" | "timed_out";

/**
 * When something happened, in Unix milliseconds: as we saw it, and by the cluster's clock where an object says so.
 *
 * Work, its marks and their times are always made with all their keys, in this order: V8 would else compile what reads
 * them anew for each form of them.
 */
export type Moment = {
  readonly observedMs: number;
  readonly recordedMs?: number | undefined;
  /** It was seen only afterwards, so that what was recorded is nearer. */
  readonly isLate?: boolean | undefined;
};

/**
 * One fact of a piece of work. `at` is absent for what was so when the work began.
 *
 * `condition`: `name` is its type, `value` its status, empty when it went. `phase`: `value`, empty when there is none any more.
 * `finalizer`: `name` was there; with a time, it went then. `observe`: the controller took the generation up.
 * `health`: `value`.
 */
export type Mark = {
  readonly about: "condition" | "phase" | "finalizer" | "observe" | "health";
  readonly name: string;
  readonly value: string;
  readonly reason: string;
  readonly at?: Moment | undefined;
};

/** Work that is over, as far as an owner's trace tells of it. */
export type PastWork = {
  readonly role: Role;
  readonly generation: number;
  readonly start: Moment;
  readonly end: Moment;
};

/** What an object controls that went while its work went on: nobody can look it up when that ends. */
export type GoneChild = {
  /** The UID of the object that controlled it: that one itself, or one below it. */
  readonly owner: string;
  readonly kind: string;
  readonly group: string;
  readonly name: string;
  readonly uid: string;
  /** When it was gone. */
  readonly at: Moment;
  /** Its last work, and its deletion; of one that went without a request there is none. */
  readonly past: readonly PastWork[];
};

/** Work that goes on: all that its spans will be made of when it ends. */
export type Work = {
  readonly role: Role;
  /** 0 for kinds that count none. */
  readonly generation: number;
  /** The generation that it happened to: for a deletion, which counts as one itself, the one before (`rest.BeforeDelete` in the API server). */
  readonly of: number;
  /** What tells apart two of the same role and generation; `0` where there can be but one. */
  readonly ordinal: string;
  readonly start: Moment;
  /** Who wrote what is worked on, as `lifeline.change.managers` names them. */
  readonly managers: readonly string[];
  /** In the order in which they happened. */
  readonly marks: readonly Mark[];
  /** How many marks, or children that are gone, had no room. */
  readonly leftOut: number;
  /** In the order in which they went; absent where none did. */
  readonly gone?: readonly GoneChild[] | undefined;
};

/** The value of an `observe` without a time: the controller had taken the generation up when it was first seen. */
export const TAKEN_UP = "taken-up";

/**
 * Whether it is the disruption that follows upon a failure, which was told: that the object is failed then is its first
 * mark. There is more to tell only if it recovers.
 */
export function isRecovery({ role, marks }: Work): boolean {
  return (
    role === "disruption" && marks.some(({ about, at }) => about === "health" && at === undefined)
  );
}

/** An object that flaps for hours must not fill its row; with these a row grows by some 6 KB at most. */
export const MARKS_MAX = 100;

/** How far apart the two clocks may be before what was recorded is nearer than what was seen late: its resolution is a second. */
const RESOLUTION_MS = 2_000;

/** The time that spans use: observed where we watched, recorded where we did not and it is past. */
export function usedMs(moment: Moment): number {
  return isRecorded(moment) ? (moment.recordedMs ?? moment.observedMs) : moment.observedMs;
}

/** Whether the used time is the cluster's. */
export function isRecorded({ observedMs, recordedMs, isLate }: Moment): boolean {
  return isLate === true && recordedMs !== undefined && recordedMs < observedMs - RESOLUTION_MS;
}

/**
 * What was recorded of work that is under way already cannot be from before it began: then the cluster's clock is far
 * behind the one that its begin goes by, or was not read, and when it was seen is nearer.
 */
export function notBefore(start: Moment, moment: Moment): Moment {
  return isRecorded(moment) && usedMs(moment) < usedMs(start) - RESOLUTION_MS
    ? { ...moment, isLate: false }
    : moment;
}

/**
 * The work with one more mark. Beyond the bound only the newest of each condition (or phase) is kept up, so that the
 * spans still end when they end.
 */
export function withMark(work: Work, told: Mark): Work {
  const at = told.at && notBefore(work.start, told.at);
  const mark = at === told.at ? told : { ...told, at };
  if (work.marks.length < MARKS_MAX) return { ...work, marks: [...work.marks, mark] };
  const index = work.marks.findLastIndex(
    (known) => known.at !== undefined && known.about === mark.about && known.name === mark.name,
  );
  const kept = index < 0 ? work.marks.slice(0, -1) : work.marks.toSpliced(index, 1);
  return { ...work, marks: [...kept, mark], leftOut: work.leftOut + 1 };
}
