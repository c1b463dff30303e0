import { expect, test } from "vitest";
import type { ApiFailure } from "./api-client.ts";
import {
  afterList,
  afterStream,
  afterWatch,
  calm,
  firstState,
  isRelist,
  shouldSkipUnreadable,
  type ListState,
  type ReflectorState,
  type StreamOutcome,
  type StreamState,
  type Transition,
  type WatchOutcome,
  type WatchState,
} from "./reflector-state.ts";

function status(
  code: number,
  more: { retryAfterMs?: number; causes?: readonly string[] } = {},
): ApiFailure {
  const { causes = [], ...rest } = more;
  return {
    type: "status",
    status: code,
    answer: { message: "", causes },
    ...rest,
    error: new Error(String(code)),
  };
}

const FAILED: ApiFailure = { type: "failed", error: new Error("ECONNREFUSED") };
const LIST: ListState = { type: "list", reason: "first-look", fruitless: 0, unreadable: 0 };
const STREAM: StreamState = { ...LIST, type: "stream", cutShort: 0 };
const WATCH: WatchState = {
  type: "watch",
  resourceVersion: "5",
  fruitless: 1,
  unreadable: 0,
  stuck: 0,
};
const NONE = { type: "none" };
const BACKOFF = { type: "backoff", atLeastMs: 0 };
const SLOW = { type: "slow" };

/** A look that found everything. */
function afterLook(state: StreamState | ListState, resourceVersion: string): Transition {
  return state.type === "stream"
    ? afterStream(state, { type: "synced", resourceVersion })
    : afterList(state, { type: "listed", resourceVersion });
}

test("firstState() streams without a position and watches from one", () => {
  const states = [firstState(undefined), firstState("9")];

  expect(states).toEqual([
    STREAM,
    { type: "watch", resourceVersion: "9", fruitless: 0, unreadable: 0, stuck: 0 },
  ]);
});

test.each([
  { name: "403", failure: status(403), next: "retry", pause: SLOW },
  { name: "404", failure: status(404), next: "retry", pause: SLOW },
  { name: "401", failure: status(401), next: "retry", pause: BACKOFF },
  { name: "500", failure: status(500), next: "retry", pause: BACKOFF },
  {
    name: "429 with Retry-After",
    failure: status(429, { retryAfterMs: 9000 }),
    next: "retry",
    pause: { type: "backoff", atLeastMs: 9000 },
  },
  { name: "no answer", failure: FAILED, next: "retry", pause: BACKOFF },
  { name: "410", failure: status(410), next: "expired", pause: NONE },
])("A16 list-403-404-401-503: afterList() on $name lists again", ({ failure, next, pause }) => {
  const transition = afterList(LIST, { type: "refused", failure });

  expect(transition.next).toMatchObject({
    type: next === "expired" ? "stream" : "list",
    reason: next,
  });
  expect(transition.pause).toEqual(pause);
});

test("afterList() watches from the list's resourceVersion", () => {
  const transition = afterList(LIST, { type: "listed", resourceVersion: "8" });

  expect(transition).toEqual({ next: { ...WATCH, resourceVersion: "8" }, pause: NONE });
});

test("A12 list-page-410: afterList() looks anew where the server has forgotten what happened during the list, the second time later", () => {
  const outlasted = { type: "outlasted", resourceVersion: "8" } as const;

  const first = afterList(LIST, outlasted);
  const second = afterList({ ...LIST, fruitless: 1 }, outlasted);

  expect(first).toMatchObject({ next: { type: "stream", reason: "expired" }, pause: NONE });
  expect(second.pause).toEqual(BACKOFF);
});

test.each<{ name: string; outcome: WatchOutcome; next: Partial<ReflectorState>; pause: unknown }>([
  {
    name: "C01 clean-close",
    outcome: { type: "closed", openMs: 300_000, isEarly: false, resourceVersion: "5" },
    next: WATCH,
    pause: NONE,
  },
  {
    name: "C03 hasty-close",
    outcome: { type: "closed", openMs: 999, isEarly: true, resourceVersion: "5" },
    next: WATCH,
    pause: BACKOFF,
  },
  {
    name: "close within a second, but with events",
    outcome: { type: "closed", openMs: 1, isEarly: false, resourceVersion: "6" },
    next: { ...WATCH, resourceVersion: "6", fruitless: 0 },
    pause: NONE,
  },
  {
    name: "C08 quiet-without-bookmarks",
    outcome: { type: "idle", idleMs: 305_000, resourceVersion: "5" },
    next: WATCH,
    pause: BACKOFF,
  },
  {
    name: "C05 connection-reset",
    outcome: { type: "broken", error: new Error("x"), resourceVersion: "6" },
    next: { ...WATCH, resourceVersion: "6", fruitless: 0 },
    pause: BACKOFF,
  },
  {
    name: "C09 http-410",
    outcome: { type: "refused", failure: status(410), resourceVersion: "5" },
    next: { type: "stream", reason: "expired" },
    pause: NONE,
  },
  {
    name: "C10 in-stream-410",
    outcome: {
      type: "error-frame",
      status: { code: 410, message: "", causes: [] },
      resourceVersion: "5",
    },
    next: { type: "stream", reason: "expired" },
    pause: NONE,
  },
  {
    name: "A14 list-too-large-rv, D08 relist-to-older-apiserver",
    outcome: {
      type: "refused",
      failure: status(504, { causes: ["ResourceVersionTooLarge"] }),
      resourceVersion: "5",
    },
    next: { type: "stream", reason: "too-new" },
    pause: NONE,
  },
  {
    name: "A14 list-too-large-rv, in the stream",
    outcome: {
      type: "error-frame",
      status: { code: 504, message: "", causes: ["ResourceVersionTooLarge"] },
      resourceVersion: "5",
    },
    next: { type: "stream", reason: "too-new" },
    pause: NONE,
  },
  {
    name: "D09 restored-backup",
    outcome: { type: "in-future", resourceVersion: "5" },
    next: { type: "stream", reason: "too-new" },
    pause: NONE,
  },
  {
    name: "plain 504",
    outcome: { type: "refused", failure: status(504), resourceVersion: "5" },
    next: WATCH,
    pause: BACKOFF,
  },
  {
    name: "C15 403-after-working",
    outcome: { type: "refused", failure: status(403), resourceVersion: "5" },
    next: WATCH,
    pause: SLOW,
  },
  {
    name: "404",
    outcome: { type: "refused", failure: status(404), resourceVersion: "5" },
    next: WATCH,
    pause: SLOW,
  },
  {
    name: "C04 connection-refused",
    outcome: { type: "refused", failure: FAILED, resourceVersion: "5" },
    next: WATCH,
    pause: BACKOFF,
  },
  {
    name: "C12 in-stream-500",
    outcome: {
      type: "error-frame",
      status: { code: 500, message: "x", causes: [] },
      resourceVersion: "5",
    },
    next: { ...WATCH, stuck: 1 },
    pause: BACKOFF,
  },
  {
    name: "C12 in-stream-429",
    outcome: {
      type: "error-frame",
      status: { code: 429, message: "x", causes: [], retryAfterMs: 4000 },
      resourceVersion: "5",
    },
    next: { ...WATCH, stuck: 1 },
    pause: { type: "backoff", atLeastMs: 4000 },
  },
])("$name: afterWatch() goes on", ({ outcome, next, pause }) => {
  const transition = afterWatch(WATCH, outcome);

  expect(transition.next).toMatchObject(next);
  expect(transition.pause).toEqual(pause);
});

test("C11 410-loop: afterWatch() relists at once for the first 410, and waits when a list led straight to another", () => {
  const expired: WatchOutcome = { type: "refused", failure: status(410), resourceVersion: "5" };
  const pauses: string[] = [];

  let state: ReflectorState = firstState("5");
  for (let round = 0; round < 4; round++) {
    const transition = state.type === "watch" ? afterWatch(state, expired) : afterLook(state, "5");
    pauses.push(`${state.type}: ${transition.pause.type}`);
    state = transition.next;
  }
  const last = state.type === "watch" ? afterWatch(state, expired) : undefined;

  expect(pauses).toEqual(["watch: none", "stream: none", "watch: none", "stream: none"]);
  expect(last?.pause).toEqual(BACKOFF);
});

/** Where a watch is, and how it waits, after each of some outcomes at one position. */
function follow(outcomes: readonly WatchOutcome[]): readonly string[] {
  const words: string[] = [];
  let state: ReflectorState = WATCH;
  for (const outcome of outcomes) {
    if (state.type !== "watch") break;
    const transition = afterWatch(state, outcome);
    state = transition.next;
    const where = state.type === "watch" ? "watch" : `${state.type} ${state.reason}`;
    words.push(`${where} ${transition.pause.type}`);
  }
  return words;
}

const NOT_STUCK = ["watch backoff", "watch backoff", "watch backoff", "watch backoff"];
const STUCK = ["watch backoff", "watch backoff", "stream stuck backoff"];

test.each<{ name: string; failure: ApiFailure; expected: readonly string[] }>([
  { name: "400", failure: status(400), expected: STUCK },
  { name: "422", failure: status(422), expected: STUCK },
  { name: "401", failure: status(401), expected: NOT_STUCK },
  { name: "429", failure: status(429), expected: NOT_STUCK },
  { name: "500", failure: status(500), expected: NOT_STUCK },
  { name: "no answer", failure: FAILED, expected: NOT_STUCK },
])("afterWatch() on $name four times at one position", ({ failure, expected }) => {
  const refused: WatchOutcome = { type: "refused", failure, resourceVersion: "5" };

  expect(follow([refused, refused, refused, refused])).toEqual(expected);
});

function errorAt(resourceVersion: string): WatchOutcome {
  const answer = { code: 500, message: "", causes: [] };
  return { type: "error-frame", status: answer, resourceVersion };
}

test("C16 store-read-error: afterWatch() relists after three errors in streams at one position, and not when it moves in between", () => {
  expect(follow([errorAt("5"), errorAt("5"), errorAt("5")])).toEqual(STUCK);
  expect(follow([errorAt("5"), errorAt("5"), errorAt("6"), errorAt("6"), errorAt("6")])).toEqual([
    "watch backoff",
    "watch backoff",
    "watch backoff",
    "watch backoff",
    "stream stuck backoff",
  ]);
});

test("afterWatch() tells the failure that it relists for", () => {
  const outcome: WatchOutcome = { type: "refused", failure: status(400), resourceVersion: "5" };

  const transition = afterWatch({ ...WATCH, stuck: 2 }, outcome);

  expect(transition.failure).toMatchObject({ type: "refused", cause: { status: 400 } });
  expect(afterList(LIST, { type: "listed", resourceVersion: "5" }).next).toMatchObject({
    stuck: 0,
  });
});

test.each([
  { sinceMs: Infinity, pause: NONE },
  { sinceMs: 120_000, pause: NONE },
  { sinceMs: 119_999, pause: BACKOFF },
])(
  "calm() lets a relist $sinceMs ms after the last one wait: $pause.type",
  ({ sinceMs, pause }) => {
    const outcome = { type: "refused", failure: status(410), resourceVersion: "6" } as const;

    expect(calm(afterWatch(WATCH, outcome), sinceMs).pause).toEqual(pause);
  },
);

test("calm() leaves other transitions alone", () => {
  const reconnect = afterWatch(WATCH, {
    type: "closed",
    openMs: 9000,
    isEarly: false,
    resourceVersion: "5",
  });
  const refused = afterWatch(WATCH, {
    type: "refused",
    failure: status(403),
    resourceVersion: "5",
  });

  expect([calm(reconnect, 0), calm(refused, 0)]).toEqual([reconnect, refused]);
});

test("B07 malformed-line: afterWatch() reconnects, then relists, then passes over a line that stays unreadable", () => {
  const unreadable: WatchOutcome = { type: "unreadable", problem: "bad", resourceVersion: "5" };

  const first = afterWatch(WATCH, unreadable);
  const second = first.next.type === "watch" ? afterWatch(first.next, unreadable) : undefined;
  const listed =
    second !== undefined && second.next.type !== "watch" ? afterLook(second.next, "6") : undefined;

  expect(first).toMatchObject({
    next: { type: "watch", resourceVersion: "5" },
    reconnect: "unreadable",
    pause: NONE,
  });
  expect(second?.next).toMatchObject({ type: "stream", reason: "unreadable-line" });
  expect(listed?.next).toMatchObject({ type: "watch", unreadable: 2 });
  expect([WATCH, first.next, listed?.next ?? WATCH].map(shouldSkipUnreadable)).toEqual([
    false,
    false,
    true,
  ]);
});

test("afterWatch() counts unreadable lines anew once something could be read", () => {
  const before: WatchState = { ...WATCH, unreadable: 2 };

  const transition = afterWatch(before, {
    type: "unreadable",
    problem: "bad",
    resourceVersion: "6",
  });

  expect(transition.next).toMatchObject({ type: "watch", resourceVersion: "6", unreadable: 1 });
});

test.each<{ name: string; outcome: StreamOutcome; next: Partial<ReflectorState>; pause: unknown }>([
  {
    name: "A01 watchlist-sync: its end",
    outcome: { type: "synced", resourceVersion: "8" },
    next: { ...WATCH, resourceVersion: "8" },
    pause: NONE,
  },
  {
    name: "A04 watchlist-never-ends: a stall",
    outcome: { type: "stalled", stalledMs: 30_000 },
    next: { type: "list", reason: "fallback" },
    pause: NONE,
  },
  {
    name: "A05 watchlist-closed-before-end: a close",
    outcome: { type: "closed" },
    next: { ...STREAM, reason: "retry", cutShort: 1 },
    pause: BACKOFF,
  },
  {
    name: "A05 watchlist-closed-before-end: a broken connection",
    outcome: { type: "broken", error: new Error("x") },
    next: { ...STREAM, reason: "retry", cutShort: 1 },
    pause: BACKOFF,
  },
  {
    name: "A06 watchlist-422: 422",
    outcome: { type: "refused", failure: status(422) },
    next: { type: "list", reason: "fallback" },
    pause: NONE,
  },
  {
    name: "A08 watchlist-429-retry-after: 429",
    outcome: { type: "refused", failure: status(429, { retryAfterMs: 9000 }) },
    next: { ...STREAM, reason: "retry", cutShort: 0 },
    pause: { type: "backoff", atLeastMs: 9000 },
  },
  {
    name: "A08 watchlist-429-retry-after: 429 in the stream",
    outcome: {
      type: "error-frame",
      status: { code: 429, message: "", causes: [], retryAfterMs: 4000 },
    },
    next: { ...STREAM, reason: "retry", cutShort: 0 },
    pause: { type: "backoff", atLeastMs: 4000 },
  },
  {
    name: "A09 watchlist-expired-or-too-large: 410",
    outcome: { type: "refused", failure: status(410) },
    next: { ...STREAM, reason: "retry", cutShort: 1 },
    pause: BACKOFF,
  },
  {
    name: "A16 list-403-404-401-503: 403",
    outcome: { type: "refused", failure: status(403) },
    next: { ...STREAM, reason: "retry", cutShort: 0 },
    pause: SLOW,
  },
  {
    name: "A16 list-403-404-401-503: no answer",
    outcome: { type: "refused", failure: FAILED },
    next: { ...STREAM, reason: "retry", cutShort: 0 },
    pause: BACKOFF,
  },
  {
    name: "B07 malformed-line: an unreadable line",
    outcome: { type: "unreadable", problem: "x" },
    next: { ...STREAM, reason: "retry", cutShort: 1, unreadable: 1 },
    pause: BACKOFF,
  },
])("$name: afterStream() goes on", ({ outcome, next, pause }) => {
  const transition = afterStream(STREAM, outcome);

  expect(transition.next).toMatchObject(next);
  expect(transition.pause).toEqual(pause);
});

test.each<StreamOutcome>([
  { type: "closed" },
  { type: "broken", error: new Error("x") },
  { type: "refused", failure: status(500) },
  { type: "error-frame", status: { code: 500, message: "", causes: [] } },
  { type: "unreadable", problem: "x" },
])("A05 watchlist-closed-before-end: the third in a row ($type) leads to pages", (outcome) => {
  const transition = afterStream({ ...STREAM, cutShort: 2 }, outcome);

  expect(transition).toMatchObject({
    next: { type: "list", reason: "fallback" },
    fallback: "cut-short",
  });
  expect(isRelist(transition)).toBe(false);
});
