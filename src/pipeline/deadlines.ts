import { decodeState } from "../history/object-state.ts";
import type { Store } from "../store/store.ts";
import type { ObjectRow } from "../store/rows.ts";
import type { Clock } from "../util/clock.ts";
import { toError } from "../util/to-error.ts";
import { TimeSlice } from "../util/time-slice.ts";
import { WakeUp } from "../util/wake-up.ts";
import type { ActiveWatch } from "./active-watch.ts";
import type { Commit } from "./commit.ts";
import type { Fold } from "./fold.ts";
import { rethrowOfStateFile } from "./hold.ts";
import type { PipelineReport } from "./report.ts";

/** At about 30 µs each, what may go between two breaths. */
const BATCH = 100;

export type DeadlinesOptions = {
  readonly store: Store;
  readonly commit: Commit;
  readonly fold: Fold;
  /** The watches that have caught up: the deadlines of others wait until they have. */
  readonly watchIds: () => readonly number[];
  readonly watchOf: (row: ObjectRow) => ActiveWatch | undefined;
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
};

/** Makes time an input of the fold: an object that asked to be woken gets an `elapsed` Change when its time has come. */
export class Deadlines {
  readonly #options: DeadlinesOptions;
  readonly #wake = new WakeUp();

  constructor(options: DeadlinesOptions) {
    this.#options = options;
  }

  /** Rows were committed, or a watch has begun: the earliest deadline may be another one. */
  moved(): void {
    this.#wake.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, commit, watchIds } = this.#options;
    while (!signal.aborted) {
      await commit.recovered(signal);
      const dueAtMs = store.nextDueAt(watchIds());
      const delayMs = dueAtMs === undefined ? undefined : dueAtMs - clock.now();
      if (delayMs === undefined || delayMs > 0) await this.#wake.wait(clock, signal, delayMs);
      else await this.elapse();
    }
  }

  /**
   * Folds every deadline that has passed. What is pending is written first, for it may have moved them; asking for that
   * before one is due would cut what gathers into commits of a few changes each.
   */
  async elapse(): Promise<void> {
    const { store, clock, commit, watchIds } = this.#options;
    const slice = new TimeSlice();
    while (commit.flush()) {
      const nowMs = clock.now();
      const due = store.dueObjects(watchIds(), nowMs, BATCH);
      if (due.length === 0) return;
      for (const row of due) this.#elapseOne(row, nowMs);
      await slice.breathe();
    }
  }

  #elapseOne(row: ObjectRow, nowMs: number): void {
    const { commit, fold, report, watchOf } = this.#options;
    const watch = watchOf(row);
    try {
      if (watch !== undefined) {
        const state = { ...row, kind: watch.facts.kind };
        fold.keep(watch, row, {
          change: {
            type: "elapsed",
            kind: watch.facts,
            observedAtMs: nowMs,
            after: decodeState(state),
          },
          state,
        });
        return;
      }
    } catch (thrown) {
      rethrowOfStateFile(thrown);
      report({
        type: "object-skipped",
        watch: watch?.name ?? "",
        object: `${row.namespace}/${row.name}`,
        error: toError(thrown),
      });
    }
    commit.put({ ...row, dueAt: null }, undefined, []);
  }
}
