import { setImmediate as nextTurn } from "node:timers/promises";

const BUDGET_MS = 8;

/**
 * Keeps long loops from blocking the process: `await slice.breathe()` between two steps lets I/O and timers run once the
 * budget is used up, and costs next to nothing otherwise (`for await` over ready items never yields to I/O by itself).
 */
export class TimeSlice {
  #since = performance.now();

  async breathe(): Promise<void> {
    if (performance.now() - this.#since < BUDGET_MS) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
