import type { Clock } from "../util/clock.ts";
import { unreachable } from "../util/unreachable.ts";
import type { ApiClient } from "./api-client.ts";
import { nextBackoff, type Backoff } from "./backoff.ts";
import { BookmarkGaps } from "./bookmark-gaps.ts";
import { followWatch } from "./follow-watch.ts";
import { InitialSyncs, LookTurn } from "./initial-syncs.ts";
import type { KindFacts } from "./kube-object.ts";
import { listObjects } from "./list-objects.ts";
import {
  afterList,
  afterStream,
  afterWatch,
  asPages,
  calm,
  firstState,
  isBusyFailure,
  isRelist,
  type Failure,
  type Pause,
  type ReflectorState,
  type StreamState,
  type Transition,
} from "./reflector-state.ts";
import { reportTransition } from "./report-transition.ts";
import type { Report } from "./report.ts";
import { streamObjects } from "./stream-objects.ts";
import type { WatchConnection } from "./watch-connection.ts";
import { formatWatchKey, type WatchEvent, type WatchKey } from "./watch-event.ts";

export type WatchResourceOptions = {
  readonly client: ApiClient;
  readonly facts: KindFacts;
  readonly key: WatchKey;
  /** The committed position: watches from there without a list. */
  readonly from?: string;
  readonly clock: Clock;
  /** In [0, 1): spreads deadlines and delays. */
  readonly random: () => number;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Shared by the watches of one API server; default: by nobody. */
  readonly initialSyncs?: InitialSyncs;
};

/** How far reconnects are spread when many watches may have ended at once. */
const SPREAD_MS = 1000;

/**
 * What attempts at what RBAC forbids, or the server does not serve, slow down to. Not at once: an API server that has
 * just started answers both for a moment, before it knows its roles and CRDs.
 */
const SLOW_CAP_MS = 60_000;

/**
 * Tells what happens to one resource, in arrays of at most 250 events. It never throws and never ends but by `signal`;
 * what fails is an event (`failed`) and a report, and the watch goes on. Leaving the loop closes the request.
 *
 * The position that a consumer may commit is the resourceVersion of the last event that it was given. A list that is
 * broken off begins anew with another `resync-start`.
 */
export async function* watchResource(
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], void> {
  const { signal, clock, report } = options;
  const watch = formatWatchKey(options.key);
  const run = new Run(options);
  let state: ReflectorState = firstState(options.from);
  let backoff: Backoff | undefined;
  let relistedAtMs = -Infinity;
  try {
    while (!signal.aborted) {
      const ended: Transition = yield* run.step(state);
      if (signal.aborted) break;
      const transition = calm(ended, clock.now() - relistedAtMs);
      if (isRelist(transition)) relistedAtMs = clock.now();
      const paused = nextPause(transition.pause, backoff, options);
      const { delayMs } = paused;
      ({ backoff } = paused);
      const error = reportTransition(transition, delayMs, options);
      if (error !== undefined) yield [{ type: "failed", error, ...patience(transition.failure) }];
      if (delayMs > 0) {
        report({ type: "watch-state", watch, state: "waiting" });
        await clock.sleep(delayMs, signal);
      }
      state = transition.next;
    }
  } finally {
    await run.end();
  }
  report({ type: "watch-state", watch, state: "stopped" });
}

/** An API server that has just started says 429 until its storage is there, and one that has too much to do for a while. */
function patience(failure: Failure | undefined): { readonly isToWait?: true } {
  return isBusyFailure(failure) ? { isToWait: true } : {};
}

/** What outlives the states of one watch: what it learnt, and the connection that one state leaves to the next. */
class Run {
  readonly #options: WatchResourceOptions;
  readonly #initialSyncs: InitialSyncs;
  readonly #gaps = new BookmarkGaps();
  #connection: WatchConnection | undefined;

  constructor(options: WatchResourceOptions) {
    this.#options = options;
    this.#initialSyncs = options.initialSyncs ?? new InitialSyncs();
  }

  /** Does what a state says until it leads elsewhere. */
  async *step(state: ReflectorState): AsyncGenerator<readonly WatchEvent[], Transition> {
    if (state.type === "watch") {
      const connection = this.#connection;
      this.#connection = undefined;
      return afterWatch(
        state,
        yield* followWatch(state, { connection, gaps: this.#gaps }, this.#options),
      );
    }
    const { key, clock } = this.#options;
    const turn = new LookTurn(this.#initialSyncs, this.#options);
    await turn.take();
    try {
      const arePages = this.#initialSyncs.prefersPages(formatWatchKey(key), clock.now());
      const look = state.type === "stream" && arePages ? asPages(state) : state;
      return look.type === "list"
        ? afterList(look, yield* listObjects(look, this.#options, turn))
        : yield* this.#stream(look);
    } finally {
      turn.giveBack();
    }
  }

  async end(): Promise<void> {
    await this.#connection?.close();
  }

  async *#stream(state: StreamState): AsyncGenerator<readonly WatchEvent[], Transition> {
    const { key, clock } = this.#options;
    const streamed = yield* streamObjects(state, this.#gaps, this.#options);
    this.#connection = streamed.connection;
    const transition = afterStream(state, streamed.outcome);
    const { fallback } = transition;
    if (fallback !== undefined) {
      this.#initialSyncs.preferPages(formatWatchKey(key), fallback, clock.now());
    }
    return transition;
  }
}

function nextPause(
  pause: Pause,
  backoff: Backoff | undefined,
  { clock, random }: WatchResourceOptions,
): { readonly backoff: Backoff | undefined; readonly delayMs: number } {
  switch (pause.type) {
    case "none":
      return { backoff, delayMs: 0 };
    case "spread":
      return { backoff, delayMs: Math.round(random() * SPREAD_MS) };
    case "slow":
      return nextBackoff(backoff, clock.now(), { random: random(), capMs: SLOW_CAP_MS });
    case "backoff":
      return nextBackoff(backoff, clock.now(), { random: random(), atLeastMs: pause.atLeastMs });
    default:
      return unreachable(pause);
  }
}
