import { compareResourceVersions } from "../util/resource-version.ts";
import type { ApiFailure } from "./api-client.ts";
import { BookmarkGaps } from "./bookmark-gaps.ts";
import { followWatch } from "./follow-watch.ts";
import { describeNetworkError } from "./network-error.ts";
import type { ListOutcome, WatchOutcome, WatchState } from "./reflector-state.ts";
import type { WatchResourceOptions } from "./reflector.ts";
import { openConnection } from "./watch-connection.ts";
import type { WatchEvent } from "./watch-event.ts";

/** A list of which the last page is newer than the first: the resourceVersions of both. */
type Span = { readonly from: string; readonly until: string };

/** How long one watch is asked for: an API server sends a bookmark 2 s before its end. */
const TIMEOUT_SECONDS = 15;

/**
 * Tells as part of a list what happened while its pages were made, so that its end is true of one moment: what its first
 * pages show may be gone by the last, and what a later page lacks may have been there in between. Told after the end,
 * that would bring back to life what the end says to be gone.
 *
 * A server that sends no bookmarks is believed once a watch that it ended in time had nothing to say. Where one has
 * forgotten what happened, the list ends as it is, and all is listed again: another one behind the same address might
 * know it, and tell it after the end.
 */
export async function* replayChanges(
  { from, until }: Span,
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], ListOutcome> {
  let place = from;
  for (;;) {
    const outcome = yield* replayOnce({ from: place, until }, options);
    if (outcome.type === "listed") return outcome;
    const hasMoved = outcome.resourceVersion !== place;
    if (outcome.type !== "closed" || !hasMoved) return outcomeOf(outcome);
    place = outcome.resourceVersion;
  }
}

type Reached = Extract<ListOutcome, { readonly type: "listed" }>;

/** Over one connection: how that ended, or where it has reached the end of the list. */
async function* replayOnce(
  { from, until }: Span,
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], WatchOutcome | Reached> {
  const connection = await openConnection(
    {
      query: { resourceVersion: from },
      timeoutSeconds: TIMEOUT_SECONDS,
      idleMs: TIMEOUT_SECONDS * 1000,
    },
    options,
  );
  if ("type" in connection) return { type: "refused", failure: connection, resourceVersion: from };
  const following = followWatch(
    beginAt(from),
    { connection, gaps: new BookmarkGaps() },
    { ...options, report: (one) => one.type !== "watch-state" && options.report(one) },
  );
  try {
    for (;;) {
      const next = await following.next();
      if (next.done === true) return next.value;
      const shown = next.value.flatMap(asPartOfLook);
      if (shown.length > 0) yield shown;
      const reached = next.value.map(positionOf).findLast((position) => position !== undefined);
      if (reached !== undefined && compareResourceVersions(reached, until) >= 0)
        return { type: "listed", resourceVersion: reached };
    }
  } finally {
    await connection.close();
  }
}

function beginAt(resourceVersion: string): WatchState {
  return { type: "watch", resourceVersion, fruitless: 0, unreadable: 0, stuck: 0 };
}

function asPartOfLook(event: WatchEvent): readonly WatchEvent[] {
  if (event.type === "applied") return [{ type: "resync-object", object: event.object }];
  if (event.type === "deleted") return [{ type: "resync-deleted", object: event.object }];
  return [];
}

function positionOf(event: WatchEvent): string | undefined {
  if (event.type === "position") return event.resourceVersion;
  return event.type === "applied" || event.type === "deleted"
    ? event.object.metadata.resourceVersion
    : undefined;
}

function outcomeOf(outcome: WatchOutcome): ListOutcome {
  const { resourceVersion } = outcome;
  if (isExpired(outcome)) return { type: "outlasted", resourceVersion };
  switch (outcome.type) {
    case "refused":
      return { type: "refused", failure: outcome.failure };
    case "error-frame":
      return failed(`the API server ended it with "${outcome.status.message}"`);
    case "closed":
      return outcome.isEarly
        ? failed("the API server ended it early")
        : { type: "listed", resourceVersion };
    case "idle":
      return failed(`no byte came for ${Math.round(outcome.idleMs / 1000)} s`);
    case "broken":
      return failed(describeNetworkError(outcome.error), outcome.error);
    case "in-future":
      return failed("the API server has not come as far as the list");
    case "unreadable":
      return { type: "unreadable", problem: outcome.problem };
  }
}

function isExpired(outcome: WatchOutcome): boolean {
  if (outcome.type === "error-frame") return outcome.status.code === 410;
  if (outcome.type !== "refused") return false;
  return outcome.failure.type === "status" && outcome.failure.status === 410;
}

/** Nothing more than the list is lost, which begins anew. */
function failed(problem: string, cause?: Error): ListOutcome {
  const message = `Cannot watch what happened during a list: ${problem}`;
  const error = new Error(message, cause === undefined ? {} : { cause });
  const failure: ApiFailure = { type: "failed", error };
  return { type: "refused", failure };
}
