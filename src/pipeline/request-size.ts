/** The collector's default limit is 4 MiB; this leaves room for its own framing. */
const MOST_BYTES = 3 * 1024 * 1024;

/** After this many requests in a row that were taken, a limit that was found once is tried again: it may be gone. */
const TAKEN_BEFORE_GROWTH = 64;
const ROW_GROWTH = 4;

/**
 * How much of the outbox goes into one request: a single row as the probe of an endpoint that fails, and from there on
 * four times more with each request that it takes; not more bytes than it was found to take.
 */
export class RequestSize {
  #bytes = MOST_BYTES;
  #rows = Number.POSITIVE_INFINITY;
  #taken = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get rows(): number {
    return this.#rows;
  }

  accepted(): void {
    this.#rows *= ROW_GROWTH;
    this.#taken += 1;
    if (this.#taken < TAKEN_BEFORE_GROWTH) return;
    this.#taken = 0;
    this.#bytes = Math.min(MOST_BYTES, this.#bytes * 2);
  }

  tooLarge(sizeBytes: number): void {
    this.#bytes = Math.max(1, Math.floor(sizeBytes / 2));
    this.#taken = 0;
  }

  failed(): void {
    this.#rows = 1;
  }
}
