import { toError } from "../util/to-error.ts";
import type { BookmarkGaps } from "./bookmark-gaps.ts";
import { KnownTries } from "./parse-without-tries.ts";
import { readInitialLines, type InitialLines } from "./read-initial-lines.ts";
import { shouldSkipUnreadable, type StreamOutcome, type StreamState } from "./reflector-state.ts";
import type { WatchResourceOptions } from "./reflector.ts";
import { openConnection, type WatchConnection } from "./watch-connection.ts";
import { formatWatchKey, type WatchEvent } from "./watch-event.ts";

/**
 * How long a stream may come no nearer to its end: the patience that any answer gets. A large set may take as long as
 * it needs, for it keeps coming; a server that has shown it ends it within seconds.
 */
const STALL_MS = 30_000;

/** How the stream ended, or with which connection the watch goes on. */
export type Streamed =
  | {
      readonly outcome: Extract<StreamOutcome, { type: "synced" }>;
      readonly connection: WatchConnection;
    }
  | {
      readonly outcome: Exclude<StreamOutcome, { type: "synced" }>;
      readonly connection?: undefined;
    };

/**
 * Tells all that exists as it comes, from one watch with initial events (KEP-3157): what etcd holds now, for no
 * resourceVersion is given. Its end is a bookmark that says so; before that nothing is gone but what is said to be.
 */
export async function* streamObjects(
  state: StreamState,
  gaps: BookmarkGaps,
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], Streamed> {
  const { key, clock, report } = options;
  const watch = formatWatchKey(key);
  const startedAtMs = clock.now();
  report({ type: "watch-state", watch, state: "listing" });
  report({ type: "list-started", watch, reason: state.reason, method: "stream" });
  const connection = await openConnection(
    {
      query: { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" },
      timeoutSeconds: gaps.timeoutSeconds(options.random()),
      idleMs: STALL_MS,
    },
    options,
  );
  if ("type" in connection) return { outcome: { type: "refused", failure: connection } };
  let isHandedOn = false;
  try {
    const { outcome, count } = yield* readInitial(connection, state, options);
    if (outcome.type !== "synced") return { outcome };
    report({ type: "list-done", watch, count, durationMs: clock.now() - startedAtMs });
    yield [{ type: "resync-end", resourceVersion: outcome.resourceVersion }];
    isHandedOn = true;
    return { outcome, connection };
  } finally {
    if (!isHandedOn) await connection.close();
  }
}

type Read = { readonly outcome: StreamOutcome; readonly count: number };

async function* readInitial(
  connection: WatchConnection,
  state: StreamState,
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], Read> {
  const progress: Progress = { count: 0, hasStarted: false, nearestAtMs: undefined };
  try {
    const outcome = yield* readToEnd(connection, { state, progress }, options);
    return { outcome, count: progress.count };
  } catch (error) {
    const outcome: StreamOutcome = connection.isIdle
      ? { type: "stalled", stalledMs: STALL_MS }
      : { type: "broken", error: toError(error) };
    return { outcome, count: progress.count };
  }
}

type Progress = {
  /** Objects that were shown. */
  count: number;
  /** `resync-start` has been said. */
  hasStarted: boolean;
  /** From the first bookmark that is not the end, nothing that comes brings it nearer. */
  nearestAtMs: number | undefined;
};

async function* readToEnd(
  connection: WatchConnection,
  { state, progress }: { readonly state: StreamState; readonly progress: Progress },
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], StreamOutcome> {
  const { clock, signal, facts, key } = options;
  const skipUnreadable = shouldSkipUnreadable(state);
  const tries = new KnownTries();
  for (let lines = await connection.next(); lines !== undefined; lines = await connection.next()) {
    if (signal.aborted) break;
    const read = readInitialLines(lines, { facts, tries, key, skipUnreadable });
    reportUnread(read, state, options);
    yield* tell(read, progress);
    if (read.end !== undefined) {
      connection.putBack(lines.length - read.read);
      return read.end;
    }
    if (read.hasBookmark) progress.nearestAtMs ??= clock.now();
    if (clock.now() - (progress.nearestAtMs ?? clock.now()) >= STALL_MS) {
      return { type: "stalled", stalledMs: STALL_MS };
    }
  }
  return { type: "closed" };
}

async function* tell(
  { events, shown, end }: InitialLines,
  progress: Progress,
): AsyncGenerator<readonly WatchEvent[], void> {
  if (!progress.hasStarted && (events.length > 0 || end?.type === "synced")) {
    progress.hasStarted = true;
    yield [{ type: "resync-start" }];
  }
  if (events.length > 0) yield events;
  progress.count += shown;
}

function reportUnread(
  { skipped, unreadableItems }: InitialLines,
  state: StreamState,
  { key, report }: WatchResourceOptions,
): void {
  const watch = formatWatchKey(key);
  for (const problem of unreadableItems) report({ type: "item-unreadable", watch, problem });
  for (const [index, problem] of skipped.entries()) {
    const occurrence = state.unreadable + index + 1;
    report({ type: "line-unreadable", watch, problem, occurrence, action: "skip" });
  }
}
