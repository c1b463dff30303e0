import { nextBackoff, type Backoff } from "./backoff.ts";
import { identityWithin } from "./identify.ts";
import type { LookTurn } from "./initial-syncs.ts";
import { parseListPage, parseListText, type ListPage } from "./parse-list-page.ts";
import { KnownTries } from "./parse-without-tries.ts";
import type { Failure, ListOutcome, ListState } from "./reflector-state.ts";
import type { WatchResourceOptions } from "./reflector.ts";
import { replayChanges } from "./replay-changes.ts";
import { resourcePath } from "./resource-path.ts";
import { createWatchError } from "./watch-error.ts";
import { formatWatchKey, type WatchEvent } from "./watch-event.ts";

/**
 * Objects per page at most, client-go's number: requests are paced, so 100,000 objects take 12 s this way, and 24 s in pages
 * of half that size; larger pages take more memory (45 MB more at 1,000 objects of 3 KB).
 */
const PAGE_MAX = 500;

/** Events per array at most: what a consumer does in one go without blocking the loop. */
const BATCH_MAX = 250;

/** Nobody knows yet how large the objects are: 25 of the largest that etcd takes by default are 40 MB. */
const PAGE_FIRST = 25;

/** What a page should weigh: parsed it takes several times that, and only one is held at a time. */
const PAGE_BYTES = 6_000_000;

/** A list that has begun is worth more than a new one: the pages before needn't be sent again. */
const PAGE_RETRIES_MAX = 5;

type Place = { readonly continueToken: string | undefined; readonly limit: number };

type Asking = { readonly options: WatchResourceOptions; readonly turn: LookTurn };

type Page = { readonly type: "page"; readonly page: ListPage; readonly sizeBytes: number };

/**
 * Lists one resource page by page; the pages' sizes follow the weight of the objects. A page in the middle that fails
 * is asked for again with growing delays; one that keeps failing, a 410, or the first one fails the list. A 410 that
 * comes with a token is gone on from: the later pages are newer than the first then, and what happened in between is
 * told before the end. After a stop nothing more is yielded, so no `resync-end` claims that what was not reached is gone.
 */
export async function* listObjects(
  state: ListState,
  options: WatchResourceOptions,
  turn: LookTurn,
): AsyncGenerator<readonly WatchEvent[], ListOutcome> {
  const { key, clock, report, signal } = options;
  const watch = formatWatchKey(key);
  const startedAtMs = clock.now();
  report({ type: "watch-state", watch, state: "listing" });
  report({ type: "list-started", watch, reason: state.reason, method: "pages" });
  let count = 0;
  let firstVersion: string | undefined;
  let place: Place = { continueToken: undefined, limit: PAGE_FIRST };
  for (let isFirst = true; ; isFirst = false) {
    const got = isFirst
      ? await getPage(place, options)
      : await getPagePatiently(place, { options, turn });
    if (got.type !== "page") return got;
    const { objects, unreadable, continueToken } = got.page;
    firstVersion ??= got.page.resourceVersion;
    if (isFirst) yield [{ type: "resync-start" }];
    for (const { problem, ...identity } of unreadable) {
      report({ type: "item-unreadable", watch, problem });
      yield [{ type: "resync-unreadable", ...identityWithin(identity, options) }];
    }
    for (let start = 0; start < objects.length && !signal.aborted; start += BATCH_MAX) {
      const batch = objects.slice(start, start + BATCH_MAX);
      yield batch.map((object) => ({ type: "resync-object", object }));
    }
    if (signal.aborted) return stopped();
    count += objects.length;
    if (continueToken !== undefined) {
      const items = objects.length + unreadable.length;
      place = { continueToken, limit: nextLimit(place.limit, items, got.sizeBytes) };
      continue;
    }
    const span = { from: firstVersion, until: got.page.resourceVersion };
    const outcome = yield* complete(span, options);
    if ("resourceVersion" in outcome) {
      report({ type: "list-done", watch, count, durationMs: clock.now() - startedAtMs });
      yield [{ type: "resync-end", resourceVersion: outcome.resourceVersion }];
    }
    return outcome;
  }
}

/** Every page of a list says the same resourceVersion, but those after an expired token. */
async function* complete(
  { from, until }: { readonly from: string; readonly until: string },
  options: WatchResourceOptions,
): AsyncGenerator<readonly WatchEvent[], ListOutcome> {
  if (from === until) return { type: "listed", resourceVersion: from };
  const outcome = yield* replayChanges({ from, until }, options);
  return options.signal.aborted ? stopped() : outcome;
}

/** For the loop that sees the signal, too; nobody is told. */
function stopped(): ListOutcome {
  const error = new Error("Stopped in the middle of a list");
  return { type: "refused", failure: { type: "failed", error } };
}

function nextLimit(limit: number, items: number, sizeBytes: number): number {
  if (items === 0 || sizeBytes === 0) return limit;
  return Math.min(PAGE_MAX, Math.max(1, Math.floor((PAGE_BYTES * items) / sizeBytes)));
}

async function getPage(
  { continueToken, limit }: Place,
  { client, facts, key, signal }: WatchResourceOptions,
): Promise<Page | ListOutcome> {
  const tries = new KnownTries();
  // Without a resourceVersion: what etcd holds now, never a server's older cache.
  const result = await client.get(resourcePath(facts, key.namespace), {
    query: { limit: String(limit), continue: continueToken, labelSelector: key.labelSelector },
    parse: (text) => parseListText(text, tries),
    signal,
  });
  if (result.type !== "ok") return { type: "refused", failure: result };
  const parsed = parseListPage(result.body, facts);
  return parsed.type === "page" ? { ...parsed, sizeBytes: result.sizeBytes } : parsed;
}

async function getPagePatiently(
  place: Place,
  { options, turn }: Asking,
): Promise<Page | ListOutcome> {
  const { key, clock, random, report, signal } = options;
  const watch = formatWatchKey(key);
  let asked = place;
  let backoff: Backoff | undefined;
  for (let retries = 0; ; retries++) {
    const got = await getPage(asked, options);
    const resumed = resumeToken(got);
    // Once: a token that the server has just given and finds too old again leads nowhere.
    if (resumed !== undefined && asked === place) {
      report({ type: "list-resumed", watch });
      asked = { ...place, continueToken: resumed };
      continue;
    }
    const failure = failureOf(got);
    if (failure === undefined || retries === PAGE_RETRIES_MAX || signal.aborted) return got;
    const answer = failure.type === "refused" && failure.cause.type === "status" && failure.cause;
    const next = nextBackoff(backoff, clock.now(), {
      random: random(),
      atLeastMs: answer === false ? 0 : (answer.retryAfterMs ?? 0),
    });
    ({ backoff } = next);
    report({
      type: "request-failed",
      watch,
      verb: "list",
      ...(answer === false ? {} : { status: answer.status }),
      error: createWatchError(key, failure),
      retryInMs: next.delayMs,
    });
    report({ type: "watch-state", watch, state: "waiting" });
    turn.giveBack();
    await clock.sleep(next.delayMs, signal);
    await turn.take();
    report({ type: "watch-state", watch, state: "listing" });
  }
}

/** The token of a 410 with which the list goes on inconsistently (apiserver/pkg/storage/etcd3, errors.go). */
function resumeToken(got: Page | ListOutcome): string | undefined {
  if (got.type !== "refused" || got.failure.type !== "status") return undefined;
  return got.failure.status === 410 ? got.failure.answer.continueToken : undefined;
}

/** What asking for the same page again may mend: all but a token that has expired. */
function failureOf(got: Page | ListOutcome): Failure | undefined {
  if (got.type === "unreadable") return { type: "stream", verb: "list", problem: got.problem };
  if (got.type !== "refused") return undefined;
  const { failure } = got;
  if (failure.type === "status" && failure.status === 410) return undefined;
  return { type: "refused", verb: "list", cause: failure };
}
