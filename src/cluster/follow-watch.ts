import { toError } from "../util/to-error.ts";
import type { BookmarkGaps } from "./bookmark-gaps.ts";
import { isInFuture } from "./is-in-future.ts";
import { KnownTries } from "./parse-without-tries.ts";
import { readWatchLines, type ReadLines } from "./read-watch-lines.ts";
import { shouldSkipUnreadable, type WatchOutcome, type WatchState } from "./reflector-state.ts";
import type { WatchResourceOptions } from "./reflector.ts";
import { openConnection, type WatchConnection } from "./watch-connection.ts";
import { formatWatchKey, type WatchEvent } from "./watch-event.ts";

/** An API server bookmarks about every minute; who was silent for longer is asked how far it has come. */
const SILENT_MS = 90_000;

/** A server that ends a watch may be off by this much; sooner than that, it had other reasons than the time. */
const EARLY_MS = 10_000;

/** Tells what happens after a position, over the connection given or one of its own, which it closes in the end. */
export async function* followWatch(
  state: WatchState,
  {
    connection: given,
    gaps,
  }: { readonly connection: WatchConnection | undefined; readonly gaps: BookmarkGaps },
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], WatchOutcome> {
  const { clock, report, key } = options;
  const { resourceVersion } = state;
  const opened = given ?? (await openWatch(resourceVersion, gaps, options));
  if ("type" in opened) return { type: "refused", failure: opened, resourceVersion };
  report({ type: "watch-state", watch: formatWatchKey(key), state: "watching" });
  gaps.opened(clock.now());
  opened.waitAtMost(gaps.idleMs(opened.timeoutSeconds));
  const place = { resourceVersion };
  const following: Following = { state, gaps, place, isSilent: true };
  try {
    const end = yield* readWatch(opened, following, options);
    if (end !== undefined) return { ...end, ...place };
    const openMs = clock.now() - opened.openedAtMs;
    if (await isLost(following, openMs, options)) return { type: "in-future", ...place };
    const isEarly = openMs < opened.timeoutSeconds * 1000 - EARLY_MS;
    return { type: "closed", openMs, isEarly, ...place };
  } catch (error) {
    if (!opened.isIdle) return { type: "broken", error: toError(error), ...place };
    gaps.forget();
    if (await isLost(following, opened.idleMs, options)) return { type: "in-future", ...place };
    return { type: "idle", idleMs: opened.idleMs, ...place };
  } finally {
    await opened.close();
  }
}

async function openWatch(
  resourceVersion: string,
  gaps: BookmarkGaps,
  options: WatchResourceOptions,
): ReturnType<typeof openConnection> {
  const timeoutSeconds = gaps.timeoutSeconds(options.random());
  const idleMs = gaps.idleMs(timeoutSeconds);
  return await openConnection({ query: { resourceVersion }, timeoutSeconds, idleMs }, options);
}

type Following = {
  readonly state: WatchState;
  readonly gaps: BookmarkGaps;
  /** Where the watch stands. */
  readonly place: { resourceVersion: string };
  /** Not a line has come over this connection. */
  isSilent: boolean;
};

/** Whether the silence of a watch means that it will not speak for long. */
async function isLost(
  { isSilent, place }: Following,
  silentMs: number,
  options: WatchResourceOptions,
): Promise<boolean> {
  if (!isSilent || silentMs < SILENT_MS || options.signal.aborted) return false;
  return await isInFuture(place.resourceVersion, options);
}

async function* readWatch(
  connection: WatchConnection,
  following: Following,
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], ReadLines["end"]> {
  const { state, gaps, place } = following;
  const { facts, clock, signal } = options;
  const tries = new KnownTries();
  for (let lines = await connection.next(); lines !== undefined; lines = await connection.next()) {
    if (signal.aborted) return undefined;
    following.isSilent = false;
    const isStuck = place.resourceVersion === state.resourceVersion && shouldSkipUnreadable(state);
    const read = readWatchLines(lines, {
      facts,
      tries,
      resourceVersion: place.resourceVersion,
      skipUnreadable: isStuck,
    });
    reportSkipped(read, state, options);
    if (read.hasBookmark) {
      gaps.bookmark(clock.now());
      connection.waitAtMost(gaps.idleMs(connection.timeoutSeconds));
    }
    if (read.events.length > 0) yield read.events;
    place.resourceVersion = read.resourceVersion;
    if (read.end !== undefined) return read.end;
  }
  return undefined;
}

function reportSkipped(read: ReadLines, state: WatchState, options: WatchResourceOptions): void {
  const watch = formatWatchKey(options.key);
  for (const [index, problem] of read.skipped.entries()) {
    const occurrence = state.unreadable + index + 1;
    options.report({ type: "line-unreadable", watch, problem, occurrence, action: "skip" });
  }
}
