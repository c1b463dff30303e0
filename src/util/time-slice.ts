import { setImmediate as nextTurn } from "node:timers/promises";

const BUDGET_MS = 8;

/**
 * Keeps long loops from blocking the process: `await slice.breathe()` between two steps lets I/O and timers run once the
 * budget is used up (`for await` over ready items never yields to I/O by itself). Who has steps of some microseconds asks
 * `isUsedUp` first, which saves the await.
 */
export class TimeSlice {
  #since = performance.now();

  get isUsedUp(): boolean {
    return performance.now() - this.#since >= BUDGET_MS;
  }

  async breathe(): Promise<void> {
    if (!this.isUsedUp) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
