import { expect, test } from "vitest";
import { BookmarkGaps } from "./bookmark-gaps.ts";

const MINUTE_MS = 60_000;

/** A connection from `openedAtMs` on, with bookmarks at these times. */
function see(gaps: BookmarkGaps, openedAtMs: number, bookmarksAtMs: readonly number[]): void {
  gaps.opened(openedAtMs);
  for (const atMs of bookmarksAtMs) gaps.bookmark(atMs);
}

test.each([
  { name: "no bookmark", bookmarks: [], idleMs: 605_000 },
  { name: "one gap", bookmarks: [60_000], idleMs: 605_000 },
  { name: "two gaps", bookmarks: [60_000, 118_000], idleMs: 120_000 },
  { name: "a larger gap", bookmarks: [60_000, 120_000, 195_000], idleMs: 150_000 },
  { name: "tiny gaps", bookmarks: [1000, 2000, 3000], idleMs: 30_000 },
  { name: "gaps of hours", bookmarks: [60_000, 7_260_000], idleMs: 605_000 },
])(
  "C06 half-open: after $name, a watch that ends after 600 s may be silent for $idleMs ms",
  ({ bookmarks, idleMs }) => {
    const gaps = new BookmarkGaps();

    see(gaps, 0, bookmarks);

    expect(gaps.idleMs(600)).toBe(idleMs);
  },
);

test("C06 half-open: gaps are those within a connection, and learnt over all of them", () => {
  const gaps = new BookmarkGaps();

  see(gaps, 0, [MINUTE_MS]);
  see(gaps, 60 * MINUTE_MS, [61 * MINUTE_MS]);

  expect(gaps.idleMs(600)).toBe(2 * MINUTE_MS);
});

test("C07 quiet-but-healthy: once silence was taken for death, how long it may last is learnt anew", () => {
  const gaps = new BookmarkGaps();
  see(gaps, 0, [MINUTE_MS, 2 * MINUTE_MS]);

  gaps.forget();

  expect(gaps.idleMs(600)).toBe(605_000);
});

test.each([
  { name: "has had no bookmark yet", connections: [], seconds: [180, 240] },
  { name: "gets them", connections: [[0, MINUTE_MS]], seconds: [300, 600] },
  {
    name: "was closed soon after one that had some",
    connections: [[0, MINUTE_MS], [2 * MINUTE_MS], [2.5 * MINUTE_MS]],
    seconds: [300, 600],
  },
  {
    name: "had none in five minutes",
    connections: [[0, MINUTE_MS], [2 * MINUTE_MS], [7 * MINUTE_MS]],
    seconds: [180, 240],
  },
])("C02 timeout-seconds: a watch that $name asks for $seconds", ({ connections, seconds }) => {
  const gaps = new BookmarkGaps();

  for (const [openedAtMs = 0, ...bookmarks] of connections) see(gaps, openedAtMs, bookmarks);

  expect([gaps.timeoutSeconds(0), gaps.timeoutSeconds(1)]).toEqual(seconds);
});
