/** A run of bad records that one mistake makes; a tenth of what the dead letters hold, so that it never pushes others out. */
const REFUSALS_IN_A_ROW_MAX = 100;
/** Of an endpoint that has taken nothing yet less is known. */
const REFUSALS_AT_FIRST_MAX = 10;
const PATIENCE_MS = 600_000;

/**
 * Whether it is a record's fault that it was refused alone.
 *
 * By the specification 400 and INVALID_ARGUMENT mean the data, but who is no OTLP receiver, or stands before one that is
 * broken, answers so to everything, and a 500 says nothing about whose fault it is. So a record is only set aside
 * as long as the endpoint takes others: after so many refusals in a row everything waits, and then one record in ten minutes
 * goes, so that no answer holds the outbox for ever.
 */
export class Trust {
  #left = REFUSALS_AT_FIRST_MAX;
  #doubtSinceMs: number | undefined;

  accepted(): void {
    this.#left = REFUSALS_IN_A_ROW_MAX;
    this.#doubtSinceMs = undefined;
  }

  /** Asked once for each record that was refused alone. */
  believes(nowMs: number): boolean {
    if (this.#left > 0) {
      this.#left -= 1;
      return true;
    }
    this.#doubtSinceMs ??= nowMs;
    if (nowMs - this.#doubtSinceMs < PATIENCE_MS) return false;
    this.#doubtSinceMs = nowMs;
    return true;
  }
}
