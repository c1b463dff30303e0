import type { ApiFailure } from "./api-client.ts";
import { describeNetworkError } from "./network-error.ts";
import type { KubeStatus } from "./parse-status.ts";
import type { ListReason, ReconnectCause, WatchVerb } from "./report.ts";

/*
 * The recovery protocol of one watch: what is done in each state is I/O (reflector.ts), where it leads is decided
 * here, without any.
 *
 *            no position                          a committed position
 *                 │                                        │
 *                 v              last page                 v
 *            ┌─ list ──────────────────────────────────> watch ─┐ closed, idle, broken,
 *   failed,  │   ^                                       │  ^   │ unreadable once: the same,
 *   expired  │   │          expired, unreadable twice    │  └───┘ from the last position
 *            └───┤<──────────────────────────────────────┘
 *                │
 *    A transition that repeats without progress waits first: `pause` says how long.
 */
export type ReflectorState = ListState | WatchState;

export type ListState = {
  readonly type: "list";
  readonly reason: ListReason;
  /** Lists in a row, before this one, after which no watch got anywhere. */
  readonly fruitless: number;
  /** As in the watch that led here. */
  readonly unreadable: number;
};

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

/** How a list ended. */
export type ListOutcome =
  | { readonly type: "listed"; readonly resourceVersion: string }
  | { readonly type: "refused"; readonly failure: ApiFailure }
  | { readonly type: "unreadable"; readonly problem: string };

/** How a watch ended, and where it stood then: a position that has not moved means that nothing was read. */
export type WatchOutcome = { readonly resourceVersion: string } & (
  | { readonly type: "refused"; readonly failure: ApiFailure }
  | { readonly type: "closed"; readonly openMs: number }
  | { readonly type: "idle"; readonly idleMs: number }
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
};

export type Pause =
  | { readonly type: "none" }
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
    }
  /** `occurrence`: how many in a row. */
  | {
      readonly type: "line";
      readonly verb: "watch";
      readonly problem: string;
      readonly occurrence: number;
    };

const NO_PAUSE: Pause = { type: "none" };
const BACKOFF: Pause = { type: "backoff", atLeastMs: 0 };

/** A watch that ends sooner than this, having said nothing, is not asked for again at once. */
const HASTY_MS = 1000;

/** Errors at one position after which it is given up. */
const STUCK_MAX = 3;

/** A relist that comes sooner after another is not due at once, whatever was read in between. */
const CALM_MS = 120_000;

const TOO_LARGE = "ResourceVersionTooLarge";

/** The first state: from a committed position without a list, else from a first look. */
export function firstState(resourceVersion: string | undefined): ReflectorState {
  if (resourceVersion === undefined) {
    return { type: "list", reason: "first-look", fruitless: 0, unreadable: 0 };
  }
  return { type: "watch", resourceVersion, fruitless: 0, unreadable: 0, stuck: 0 };
}

export function afterList(state: ListState, outcome: ListOutcome): Transition {
  const again: ListState = { ...state, reason: "retry" };
  switch (outcome.type) {
    case "listed": {
      const { resourceVersion } = outcome;
      const { fruitless, unreadable } = state;
      const next = {
        type: "watch",
        resourceVersion,
        fruitless: fruitless + 1,
        unreadable,
        stuck: 0,
      } as const;
      return { next, pause: NO_PAUSE };
    }
    case "unreadable":
      return {
        next: again,
        pause: BACKOFF,
        failure: { type: "stream", verb: "list", problem: outcome.problem },
      };
    case "refused":
      return isExpired(outcome.failure)
        ? relist(state, "expired")
        : refused(again, "list", outcome.failure);
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
    case "closed": {
      const isHasty = !hasProgressed && outcome.openMs < HASTY_MS;
      return { next: state, pause: isHasty ? BACKOFF : NO_PAUSE, reconnect: "closed" };
    }
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

/** A relist, as opposed to the first list and to one that is tried again. */
export function isRelist({ next }: Transition): boolean {
  return next.type === "list" && next.reason !== "retry" && next.reason !== "first-look";
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

function afterUnreadable(state: WatchState, problem: string): Transition {
  const occurrence = state.unreadable;
  const failure: Failure = { type: "line", verb: "watch", problem, occurrence };
  if (occurrence > 1) return { ...relist(state, "unreadable-line"), failure };
  return { next: state, pause: NO_PAUSE, failure, reconnect: "unreadable" };
}

function afterErrorFrame(state: WatchState, status: KubeStatus): Transition {
  if (status.code === 410) return relist(state, "expired");
  if (status.causes.includes(TOO_LARGE)) return relist(state, "too-new");
  const words = [status.code, status.reason, status.message].filter(
    (word) => word !== undefined && word !== "",
  );
  const problem = `the API server ended the stream with ${words.join(", ") || "an error without words"}`;
  const failure: Failure = { type: "stream", verb: "watch", problem };
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
  const tried = state.type === "list" ? state.fruitless + 1 : state.fruitless;
  const { unreadable } = state;
  const next: ListState = { type: "list", reason, fruitless: tried, unreadable };
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
