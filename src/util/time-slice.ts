import { setImmediate as nextTurn } from "node:timers/promises";

const BUDGET_MS = 8;

/**
 * Keeps long loops from blocking the process: `await slice.breathe()` between two steps lets I/O and timers run once the
 * budget is used up, and costs next to nothing otherwise (`for await` over ready items never yields to I/O by itself). Who
 * has steps of some microseconds asks `isUsedUp()` first, which saves the await.
 *
 * The budget is that of one turn of the event loop, so who is called often keeps one slice: libuv reads a busy socket up to
 * 32 times within a turn, and what is done for each of them adds up.
 */
export class TimeSlice {
  /** Undefined: nothing was done yet in this turn. */
  #since: number | undefined;

  constructor() {
    this.#begin();
  }

  /** The first step of a turn begins its budget. */
  isUsedUp(): boolean {
    if (this.#since !== undefined) return performance.now() - this.#since >= BUDGET_MS;
    this.#begin();
    return false;
  }

  async breathe(): Promise<void> {
    if (!this.isUsedUp()) return;
    await nextTurn();
    this.#begin();
  }

  #begin(): void {
    this.#since = performance.now();
    setImmediate(() => {
      this.#since = undefined;
    });
  }
}
