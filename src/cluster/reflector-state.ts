import type { ApiFailure } from "./api-client.ts";
import { describeNetworkError } from "./network-error.ts";
import type { KubeStatus } from "./parse-status.ts";
import type { FallbackReason, ListReason, ReconnectCause, WatchVerb } from "./report.ts";

/*
 * The recovery protocol of one watch: what is done in each state is I/O (reflector.ts), where it leads is decided
 * here, without any.
 *
 *          no position                                            a committed position
 *               │                                                          │
 *               v             the end bookmark: the same connection        v
 *         ┌─ stream ────────────────────────────────────────────────────> watch ─┐ closed, idle, broken,
 *   cut   │  ^   │ refused, never ends, cut short three times             ^ │  ^  │ unreadable once: the same,
 *   short,└──┘   v                                  last page             │ │  └──┘ from the last position
 *   busy      ┌─ list ────────────────────────────────────────────────────┘ │
 *      failed │   ^                                                         │
 *             └───┘                                                         │
 *               ^  expired, stuck, unreadable twice: `stream`, or `list`    │
 *               └───────────── where streams are known not to be had ───────┘
 *
 *    A transition that repeats without progress waits first: `pause` says how long.
 */
export type ReflectorState = StreamState | ListState | WatchState;

type Look = {
  readonly reason: ListReason;
  /** Looks in a row, before this one, after which no watch got anywhere. */
  readonly fruitless: number;
  /** As in the watch that led here. */
  readonly unreadable: number;
};

/** A watch that begins with all that exists (KEP-3157). */
export type StreamState = Look & {
  readonly type: "stream";
  /** Streams in a row that ended before they had shown everything. */
  readonly cutShort: number;
};

/** A list, page by page. */
export type ListState = Look & { readonly type: "list" };

export type WatchState = {
  readonly type: "watch";
  /** Everything up to here has been yielded. */
  readonly resourceVersion: string;
  readonly fruitless: number;
  /** Unreadable lines in a row since something could last be read. */
  readonly unreadable: number;
  /** Errors at this position that name no reason to wait, since something could last be read. */
  readonly stuck: number;
};

/** How a stream ended, or that it has shown everything and goes on as a watch. */
export type StreamOutcome =
  | { readonly type: "synced"; readonly resourceVersion: string }
  | { readonly type: "refused"; readonly failure: ApiFailure }
  /** It came no nearer to its end for so long. */
  | { readonly type: "stalled"; readonly stalledMs: number }
  | { readonly type: "closed" }
  | { readonly type: "broken"; readonly error: Error }
  | { readonly type: "error-frame"; readonly status: KubeStatus }
  | { readonly type: "unreadable"; readonly problem: string };

/** How a list ended. */
export type ListOutcome =
  | { readonly type: "listed"; readonly resourceVersion: string }
  /** It shows what exists, but the server has forgotten what happened while it was made. */
  | { readonly type: "outlasted"; readonly resourceVersion: string }
  | { readonly type: "refused"; readonly failure: ApiFailure }
  | { readonly type: "unreadable"; readonly problem: string };

/** How a watch ended, and where it stood then: a position that has not moved means that nothing was read. */
export type WatchOutcome = { readonly resourceVersion: string } & (
  | { readonly type: "refused"; readonly failure: ApiFailure }
  /** `isEarly`: sooner than it was asked for, as when a server shuts down. */
  | { readonly type: "closed"; readonly openMs: number; readonly isEarly: boolean }
  | { readonly type: "idle"; readonly idleMs: number }
  /** It said nothing, for the server has not come as far as the position. */
  | { readonly type: "in-future" }
  | { readonly type: "broken"; readonly error: Error }
  | { readonly type: "error-frame"; readonly status: KubeStatus }
  | { readonly type: "unreadable"; readonly problem: string }
);

/** Where a state leads. */
export type Transition = {
  readonly next: ReflectorState;
  readonly pause: Pause;
  /** What the consumer is told as `failed`. */
  readonly failure?: Failure;
  readonly reconnect?: ReconnectCause;
  /** Why pages are asked for from now on. */
  readonly fallback?: FallbackReason;
};

export type Pause =
  | { readonly type: "none" }
  /** Up to a second, at random: many watches may have ended at once. */
  | { readonly type: "spread" }
  | { readonly type: "backoff"; readonly atLeastMs: number }
  /** Grows further than a backoff: for what, most of the time, only people or a new CRD can mend. */
  | { readonly type: "slow" };

export type Failure =
  | { readonly type: "forbidden" | "missing"; readonly verb: WatchVerb; readonly cause: ApiFailure }
  | { readonly type: "refused"; readonly verb: WatchVerb; readonly cause: ApiFailure }
  | {
      readonly type: "stream";
      readonly verb: WatchVerb;
      readonly problem: string;
      readonly cause?: Error;
      /** The HTTP code that the stream ended with. */
      readonly code?: number;
    }
  /** `occurrence`: how many in a row. */
  | {
      readonly type: "line";
      readonly verb: "watch";
      readonly problem: string;
      readonly occurrence: number;
    };

const NO_PAUSE: Pause = { type: "none" };
const SPREAD: Pause = { type: "spread" };
const BACKOFF: Pause = { type: "backoff", atLeastMs: 0 };

/** A watch that ends sooner than this, having said nothing, is not asked for again at once. */
const HASTY_MS = 1000;

/** Errors at one position after which it is given up. */
const STUCK_MAX = 3;

/**
 * Streams in a row that did not get to their end after which pages are asked for, of which each that came is kept: two
 * may meet a server that shuts down and the one after it.
 */
const CUT_SHORT_MAX = 3;

/**
 * What servers answer that stream no lists: 422 the API server whose feature gate is off, 400, 405 and 406 those of
 * other make (client-go falls back on any of these).
 */
const NO_STREAM: ReadonlySet<number> = new Set([400, 405, 406, 422]);

/** A relist that comes sooner after another is not due at once, whatever was read in between. */
const CALM_MS = 120_000;

const TOO_LARGE = "ResourceVersionTooLarge";

/** The first state: from a committed position without a look, else from a first look. */
export function firstState(resourceVersion: string | undefined): ReflectorState {
  if (resourceVersion === undefined) {
    return { type: "stream", reason: "first-look", fruitless: 0, unreadable: 0, cutShort: 0 };
  }
  return { type: "watch", resourceVersion, fruitless: 0, unreadable: 0, stuck: 0 };
}

/** The same look page by page. */
export function asPages({ reason, fruitless, unreadable }: StreamState): ListState {
  return { type: "list", reason, fruitless, unreadable };
}

export function afterStream(state: StreamState, outcome: StreamOutcome): Transition {
  switch (outcome.type) {
    case "synced":
      return { next: watchFrom(state, outcome.resourceVersion), pause: NO_PAUSE };
    case "refused":
      return afterRefusedStream(state, outcome.failure);
    case "stalled": {
      const seconds = Math.round(outcome.stalledMs / 1000);
      const problem = `for ${seconds} s it came no nearer to the end of what exists`;
      return fallBack(state, "never-ends", streamFailure(problem));
    }
    case "closed":
      return cutShort(state, BACKOFF, streamFailure("it ended before it had shown what exists"));
    case "broken": {
      const failure = streamFailure(describeNetworkError(outcome.error), outcome.error);
      return cutShort(state, BACKOFF, failure);
    }
    case "error-frame": {
      const pause: Pause = { type: "backoff", atLeastMs: outcome.status.retryAfterMs ?? 0 };
      return isBusy(outcome.status.code)
        ? { next: lookAgain(state), pause, failure: errorFrame(outcome.status) }
        : cutShort(state, pause, errorFrame(outcome.status));
    }
    case "unreadable": {
      const occurrence = state.unreadable + 1;
      const failure: Failure = {
        type: "line",
        verb: "watch",
        problem: outcome.problem,
        occurrence,
      };
      return cutShort({ ...state, unreadable: occurrence }, BACKOFF, failure);
    }
  }
}

export function afterList(state: ListState, outcome: ListOutcome): Transition {
  switch (outcome.type) {
    case "listed":
      return { next: watchFrom(state, outcome.resourceVersion), pause: NO_PAUSE };
    case "outlasted":
      return relist(state, "expired");
    case "unreadable":
      return {
        next: lookAgain(state),
        pause: BACKOFF,
        failure: { type: "stream", verb: "list", problem: outcome.problem },
      };
    case "refused":
      return isExpired(outcome.failure)
        ? relist(state, "expired")
        : refused(lookAgain(state), "list", outcome.failure);
  }
}

export function afterWatch(before: WatchState, outcome: WatchOutcome): Transition {
  const { resourceVersion } = outcome;
  const hasProgressed = resourceVersion !== before.resourceVersion;
  const state: WatchState = hasProgressed
    ? { type: "watch", resourceVersion, fruitless: 0, unreadable: 0, stuck: 0 }
    : before;
  switch (outcome.type) {
    case "refused":
      if (isExpired(outcome.failure)) return relist(state, "expired");
      if (isTooNew(outcome.failure)) return relist(state, "too-new");
      return unlessStuck(isPuzzling(outcome.failure), refused(state, "watch", outcome.failure));
    case "closed":
      return afterClosed(state, outcome, hasProgressed);
    case "in-future":
      return relist(state, "too-new");
    case "idle": {
      const problem = `no byte came for ${Math.round(outcome.idleMs / 1000)} s`;
      return broken(state, "idle", { type: "stream", verb: "watch", problem });
    }
    case "broken": {
      const { error } = outcome;
      return broken(state, "broken", {
        type: "stream",
        verb: "watch",
        problem: describeNetworkError(error),
        cause: error,
      });
    }
    case "error-frame":
      return afterErrorFrame(state, outcome.status);
    case "unreadable":
      return afterUnreadable({ ...state, unreadable: state.unreadable + 1 }, outcome.problem);
  }
}

function afterClosed(
  state: WatchState,
  { openMs, isEarly }: Extract<WatchOutcome, { type: "closed" }>,
  hasProgressed: boolean,
): Transition {
  const isHasty = !hasProgressed && openMs < HASTY_MS;
  const pause = isEarly ? SPREAD : NO_PAUSE;
  return { next: state, pause: isHasty ? BACKOFF : pause, reconnect: "closed" };
}

/** A relist, as opposed to the first list and to one that is tried again. */
export function isRelist({ next }: Transition): boolean {
  return next.type !== "watch" && !["retry", "fallback", "first-look"].includes(next.reason);
}

/** Makes a relist wait that follows another, begun `sinceLastMs` ago, too soon: an expiry after each event is a storm. */
export function calm(transition: Transition, sinceLastMs: number): Transition {
  const isStorm = isRelist(transition) && sinceLastMs < CALM_MS;
  return isStorm && transition.pause.type === "none"
    ? { ...transition, pause: BACKOFF }
    : transition;
}

/** Whether a line that can't be read is to be passed over: a new connection and a relist have not helped. */
export function shouldSkipUnreadable(state: { readonly unreadable: number }): boolean {
  return state.unreadable >= 2;
}

function afterRefusedStream(state: StreamState, failure: ApiFailure): Transition {
  const answer = refused(lookAgain(state), "watch", failure);
  if (failure.type !== "status") return answer;
  const cause: Failure = { type: "refused", verb: "watch", cause: failure };
  if (NO_STREAM.has(failure.status)) return fallBack(state, "refused", cause);
  // What a list would be answered, too.
  if ([401, 403, 404].includes(failure.status) || isBusy(failure.status)) return answer;
  return cutShort(state, answer.pause, cause);
}

/** Whether a failure only means that the server asks for patience. */
export function isBusyFailure(failure: Failure | undefined): boolean {
  if (failure?.type === "stream") return isBusy(failure.code);
  return (
    failure?.type === "refused" && failure.cause.type === "status" && isBusy(failure.cause.status)
  );
}

/** The server asks for patience; that says nothing against streams. */
function isBusy(code: number | undefined): boolean {
  return code === 429;
}

/** No position was given, so nothing of it can be too old or too new: whatever ended the stream, it is asked for again. */
function cutShort(state: StreamState, pause: Pause, failure: Failure): Transition {
  const times = state.cutShort + 1;
  if (times >= CUT_SHORT_MAX) return { ...fallBack(state, "cut-short", failure), pause };
  return { next: { ...lookAgain(state), cutShort: times }, pause, failure };
}

function fallBack(state: StreamState, fallback: FallbackReason, failure: Failure): Transition {
  // That a server streams no lists is how it is made, no failure.
  const told = fallback === "refused" ? {} : { failure };
  return { next: { ...asPages(state), reason: "fallback" }, pause: NO_PAUSE, ...told, fallback };
}

function lookAgain<State extends StreamState | ListState>(state: State): State {
  return { ...state, reason: "retry" };
}

function watchFrom(look: Look, resourceVersion: string): WatchState {
  const { fruitless, unreadable } = look;
  return { type: "watch", resourceVersion, fruitless: fruitless + 1, unreadable, stuck: 0 };
}

function streamFailure(problem: string, cause?: Error): Failure {
  return { type: "stream", verb: "watch", problem, ...(cause === undefined ? {} : { cause }) };
}

function errorFrame(status: KubeStatus): Failure {
  const words = [status.code, status.reason, status.message].filter(
    (word) => word !== undefined && word !== "",
  );
  const problem = `the API server ended the stream with ${words.join(", ") || "an error without words"}`;
  return {
    type: "stream",
    verb: "watch",
    problem,
    ...(status.code === undefined ? {} : { code: status.code }),
  };
}

function afterUnreadable(state: WatchState, problem: string): Transition {
  const occurrence = state.unreadable;
  const failure: Failure = { type: "line", verb: "watch", problem, occurrence };
  if (occurrence > 1) return { ...relist(state, "unreadable-line"), failure };
  return { next: state, pause: NO_PAUSE, failure, reconnect: "unreadable" };
}

function afterErrorFrame(state: WatchState, status: KubeStatus): Transition {
  if (status.code === 410) return relist(state, "expired");
  if (status.causes.includes(TOO_LARGE)) return relist(state, "too-new");
  const failure = errorFrame(status);
  const pause: Pause = { type: "backoff", atLeastMs: status.retryAfterMs ?? 0 };
  return unlessStuck(true, { next: state, pause, failure, reconnect: "error-frame" });
}

/** What stays as it is at a position, `isCounted`, may be another after a list. The wait before it is the same. */
function unlessStuck(isCounted: boolean, again: Transition): Transition {
  if (!isCounted || again.next.type !== "watch") return again;
  const stuck = again.next.stuck + 1;
  if (stuck < STUCK_MAX) return { ...again, next: { ...again.next, stuck } };
  const { reconnect: _, ...rest } = again;
  return { ...rest, next: relist(again.next, "stuck").next };
}

/** A request that the server finds wrong, though only its position ever changes; see `refused` for the others. */
function isPuzzling(failure: ApiFailure): boolean {
  if (failure.type !== "status" || failure.status < 400 || failure.status > 499) return false;
  return ![401, 403, 404, 429].includes(failure.status);
}

function broken(state: WatchState, reconnect: ReconnectCause, failure: Failure): Transition {
  return { next: state, pause: BACKOFF, failure, reconnect };
}

/** The first relist is due at once; one after a list that led nowhere would be a hot loop. */
function relist(state: ReflectorState, reason: ListReason): Transition {
  const tried = state.type === "watch" ? state.fruitless : state.fruitless + 1;
  const { unreadable } = state;
  const next: StreamState = { type: "stream", reason, fruitless: tried, unreadable, cutShort: 0 };
  return { next, pause: tried <= 1 ? NO_PAUSE : BACKOFF };
}

function refused(next: ReflectorState, verb: WatchVerb, cause: ApiFailure): Transition {
  if (cause.type === "status" && cause.status === 403) {
    return { next, pause: { type: "slow" }, failure: { type: "forbidden", verb, cause } };
  }
  if (cause.type === "status" && cause.status === 404) {
    return { next, pause: { type: "slow" }, failure: { type: "missing", verb, cause } };
  }
  const atLeastMs = cause.type === "status" ? (cause.retryAfterMs ?? 0) : 0;
  return { next, pause: { type: "backoff", atLeastMs }, failure: { type: "refused", verb, cause } };
}

function isExpired(failure: ApiFailure): boolean {
  return failure.type === "status" && failure.status === 410;
}

/** 504 with this cause: `apiserver/pkg/storage/errors.go`, NewTooLargeResourceVersionError. */
function isTooNew(failure: ApiFailure): boolean {
  return failure.type === "status" && failure.answer.causes.includes(TOO_LARGE);
}
