/**
 * Finds the bad one in a sequence that is refused as a whole, by halves: says how many to send next, from the front.
 *
 * Holds no items and no answers but the last ones, so that whoever forgets it (in a crash) only looks a little longer. Of
 * n items one bad one takes at most 2 · log2(n) + 1 requests, and what is before it goes out on the way.
 */
export class Bisection {
  /** So many next ones were refused together, less those that were then accepted of them; 0: nothing is suspected. */
  #suspects = 0;
  /** More than this at once was too large. */
  #most = Number.POSITIVE_INFINITY;

  /** How many of `available` next ones to send: at least one. */
  next(available: number): number {
    const wanted = this.#suspects === 0 ? available : Math.ceil(this.#suspects / 2);
    return Math.max(1, Math.min(wanted, this.#most, available));
  }

  /** The first so many were accepted. */
  accepted(count: number): void {
    this.#suspects = Math.max(0, this.#suspects - count);
  }

  /** The first one was found to be bad, and was taken out: of the others nothing is known. */
  found(): void {
    this.#suspects = 0;
  }

  /** The first so many were refused together. */
  refused(count: number): void {
    this.#suspects = count;
  }

  /** The first so many were too large together. */
  tooLarge(count: number): void {
    this.#most = Math.max(1, Math.floor(count / 2));
  }
}
