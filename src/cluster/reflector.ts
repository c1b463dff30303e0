import type { Clock } from "../util/clock.ts";
import { toError } from "../util/to-error.ts";
import { unreachable } from "../util/unreachable.ts";
import type { ApiClient, StreamResult } from "./api-client.ts";
import { nextBackoff, type Backoff } from "./backoff.ts";
import { withIdleDeadline } from "./idle-deadline.ts";
import type { KindFacts } from "./kube-object.ts";
import { listObjects } from "./list-objects.ts";
import { readWatchLines, type ReadLines } from "./read-watch-lines.ts";
import {
  afterList,
  afterWatch,
  calm,
  firstState,
  isRelist,
  shouldSkipUnreadable,
  type Pause,
  type ReflectorState,
  type Transition,
  type WatchOutcome,
  type WatchState,
} from "./reflector-state.ts";
import { reportTransition } from "./report-transition.ts";
import type { Report } from "./report.ts";
import { resourcePath } from "./resource-path.ts";
import { splitLines } from "./split-lines.ts";
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
};

/** Events per array at most: what a consumer does in one go without blocking the loop. */
const BATCH_MAX = 250;

/** How long the API server is asked to keep a watch: client-go's 5 to 10 minutes, so that not all end together. */
const WATCH_SECONDS_MIN = 300;
const WATCH_SECONDS_SPREAD = 300;

/** How much later than it was asked to the server may end a watch, before its connection is taken for dead. */
const IDLE_MARGIN_MS = 5000;

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
  let state: ReflectorState = firstState(options.from);
  let backoff: Backoff | undefined;
  let relistedAtMs = -Infinity;
  while (!signal.aborted) {
    const ended: Transition =
      state.type === "list"
        ? afterList(state, yield* listObjects(state, options))
        : afterWatch(state, yield* follow(state, options));
    if (signal.aborted) break;
    const transition = calm(ended, clock.now() - relistedAtMs);
    if (isRelist(transition)) relistedAtMs = clock.now();
    const paused = nextPause(transition.pause, backoff, options);
    const { delayMs } = paused;
    ({ backoff } = paused);
    const error = reportTransition(transition, delayMs, options);
    if (error !== undefined) yield [{ type: "failed", error }];
    if (delayMs > 0) {
      report({ type: "watch-state", watch, state: "waiting" });
      await clock.sleep(delayMs, signal);
    }
    state = transition.next;
  }
  report({ type: "watch-state", watch, state: "stopped" });
}

function nextPause(
  pause: Pause,
  backoff: Backoff | undefined,
  { clock, random }: WatchResourceOptions,
): { readonly backoff: Backoff | undefined; readonly delayMs: number } {
  switch (pause.type) {
    case "none":
      return { backoff, delayMs: 0 };
    case "slow":
      return nextBackoff(backoff, clock.now(), { random: random(), capMs: SLOW_CAP_MS });
    case "backoff":
      return nextBackoff(backoff, clock.now(), { random: random(), atLeastMs: pause.atLeastMs });
    default:
      return unreachable(pause);
  }
}

async function* follow(
  state: WatchState,
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], WatchOutcome> {
  const { facts, clock, signal } = options;
  const request = new AbortController();
  const timeoutSeconds = Math.round(WATCH_SECONDS_MIN + options.random() * WATCH_SECONDS_SPREAD);
  const idleMs = timeoutSeconds * 1000 + IDLE_MARGIN_MS;
  let { resourceVersion } = state;
  let isIdle = false;
  try {
    const opened = await openWatch(
      { resourceVersion, timeoutSeconds, signal: AbortSignal.any([signal, request.signal]) },
      options,
    );
    if (opened.type !== "open") return { type: "refused", failure: opened, resourceVersion };
    const openedAtMs = clock.now();
    const onIdle = (): void => {
      isIdle = true;
      request.abort();
    };
    const chunks = withIdleDeadline(opened.body, { clock, idleMs, onIdle });
    for await (const lines of splitLines(chunks)) {
      for (let start = 0; start < lines.length && !signal.aborted; start += BATCH_MAX) {
        const isStuck = resourceVersion === state.resourceVersion && shouldSkipUnreadable(state);
        const read: ReadLines = readWatchLines(lines.slice(start, start + BATCH_MAX), {
          facts,
          resourceVersion,
          skipUnreadable: isStuck,
        });
        reportSkipped(read, state, options);
        if (read.events.length > 0) yield read.events;
        ({ resourceVersion } = read);
        if (read.end !== undefined) return { ...read.end, resourceVersion };
      }
    }
    return { type: "closed", openMs: clock.now() - openedAtMs, resourceVersion };
  } catch (error) {
    if (isIdle) return { type: "idle", idleMs, resourceVersion };
    return { type: "broken", error: toError(error), resourceVersion };
  } finally {
    request.abort();
  }
}

async function openWatch(
  request: {
    readonly resourceVersion: string;
    readonly timeoutSeconds: number;
    readonly signal: AbortSignal;
  },
  { client, facts, key, report }: WatchResourceOptions,
): Promise<StreamResult> {
  const opened = await client.openStream(resourcePath(facts, key.namespace), {
    query: {
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: request.resourceVersion,
      timeoutSeconds: String(request.timeoutSeconds),
      labelSelector: key.labelSelector,
    },
    signal: request.signal,
  });
  if (opened.type === "open") {
    report({ type: "watch-state", watch: formatWatchKey(key), state: "watching" });
  }
  return opened;
}

function reportSkipped(read: ReadLines, state: WatchState, options: WatchResourceOptions): void {
  const watch = formatWatchKey(options.key);
  for (const [index, problem] of read.skipped.entries()) {
    const occurrence = state.unreadable + index + 1;
    options.report({ type: "line-unreadable", watch, problem, occurrence, action: "skip" });
  }
}
