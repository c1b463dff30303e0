/** client-go's 5 to 10 minutes, so that not all watches end together. */
const SECONDS_MIN = 300;
const SECONDS_SPREAD = 300;

/** Of a watch that gets no bookmarks: its end is its sign of life, and 5 minutes without one would pass for blind. */
const QUIET_SECONDS_MIN = 180;
const QUIET_SECONDS_SPREAD = 60;

/** How much later than it was asked to the server may end a watch, before its connection is taken for dead. */
const MARGIN_MS = 5000;

/** One gap may be the one before a watch's end, where the server bookmarks out of turn (2 s before). */
const GAPS_MIN = 2;

/** A server under load may be as late as an answer may be. */
const PATIENCE_MIN_MS = 30_000;

/**
 * What the bookmarks of one watch, over all its connections, say about how long its silence may last. An API server
 * sends one about every minute, whether anything happens or not; others may send none.
 */
export class BookmarkGaps {
  #largestMs = 0;
  #count = 0;
  #getsBookmarks = false;
  #openedAtMs: number | undefined;
  #lastAtMs = 0;
  #hadBookmark = false;

  /** A connection was opened, or has become a watch. */
  opened(nowMs: number): void {
    const lastedMs = this.#openedAtMs === undefined ? 0 : nowMs - this.#openedAtMs;
    if (!this.#hadBookmark && lastedMs >= QUIET_SECONDS_MIN * 1000) this.#getsBookmarks = false;
    this.#openedAtMs = nowMs;
    this.#lastAtMs = nowMs;
    this.#hadBookmark = false;
  }

  bookmark(nowMs: number): void {
    this.#largestMs = Math.max(this.#largestMs, nowMs - this.#lastAtMs);
    this.#count += 1;
    this.#lastAtMs = nowMs;
    this.#hadBookmark = true;
    this.#getsBookmarks = true;
  }

  /** Silence was taken for death: perhaps bookmarks come more rarely now, so how often is learnt anew. */
  forget(): void {
    this.#largestMs = 0;
    this.#count = 0;
  }

  /** How long to ask the server to keep the watch; `random` is in [0, 1). */
  timeoutSeconds(random: number): number {
    return this.#getsBookmarks
      ? Math.round(SECONDS_MIN + random * SECONDS_SPREAD)
      : Math.round(QUIET_SECONDS_MIN + random * QUIET_SECONDS_SPREAD);
  }

  /** How long a watch that was asked for with that timeout may say nothing before it is taken for dead. */
  idleMs(timeoutSeconds: number): number {
    const endMs = timeoutSeconds * 1000 + MARGIN_MS;
    if (this.#count < GAPS_MIN) return endMs;
    return Math.min(endMs, Math.max(PATIENCE_MIN_MS, 2 * this.#largestMs));
  }
}
