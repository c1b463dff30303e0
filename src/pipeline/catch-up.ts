import type { AppearanceCause } from "../history/change.ts";
import { netChange } from "../history/compare.ts";
import { decodeState } from "../history/object-state.ts";
import { collapsed } from "../lifecycle/collapsed.ts";
import { decodeMemory, encodeMemory } from "../lifecycle/memory.ts";
import type { Interpret, LogSignal, Severity } from "../lifecycle/signal.ts";
import type { ObjectKey, ObjectRow, WithheldRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { TimeSlice } from "../util/time-slice.ts";
import { toError } from "../util/to-error.ts";
import { WakeUp } from "../util/wake-up.ts";
import type { ActiveWatch } from "./active-watch.ts";
import type { Commit } from "./commit.ts";
import { rethrowOfStateFile } from "./hold.ts";
import { isLoudEnough } from "./loud-enough.ts";
import type { OutboxRoom } from "./outbox-room.ts";
import type { PipelineReport } from "./report.ts";
import { decodeReported } from "./reported.ts";
import { absorbHeld, type Net, tellNet } from "./tell-net.ts";

/** Only keys are read at once: the states that go with them may be large. */
const PAGE = 250;
/** How often it is looked whether there is room again: sums in memory, nothing is read. */
const POLL_MS = 500;
/** How often it is looked whether what no running watch stood for can be told: another watch may own its row by now. */
const RECHECK_MS = 60_000;

export type CatchUpOptions = {
  readonly store: Store;
  readonly commit: Commit;
  readonly room: OutboxRoom;
  readonly interpret: Interpret;
  /** Records below it are not sent. */
  readonly minimumSeverity: Severity;
  /** The running watches: what others withheld waits until they run. */
  readonly watchOf: (row: ObjectRow) => ActiveWatch | undefined;
  readonly clock: Clock;
  readonly report: (report: PipelineReport) => void;
};

/** An object that is there, and its watch. */
type Present = { readonly row: ObjectRow; readonly watch: ActiveWatch };

/** What is told of an object, for how many changes it stands, and its row where telling moved it. */
type Told = {
  readonly records: readonly LogSignal[];
  readonly changes: number;
  readonly row?: ObjectRow;
};

/**
 * Tells what had no room in the outbox once there is room again: of each object one net Change, from what was last told
 * of it to what it is now. Each is in the commit that ends its wait, so that who is killed goes on where that was.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #wake = new WakeUp();
  #told = { netChanges: 0, changes: 0 };

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  /** Something may wait to be told, or a watch has begun. */
  moved(): void {
    this.#wake.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, commit, clock } = this.#options;
    while (!signal.aborted) {
      await commit.recovered(signal);
      const isDone = await this.tell(signal);
      if (isDone)
        await this.#wake.wait(clock, signal, store.withheldCount > 0 ? RECHECK_MS : undefined);
      else await clock.sleep(POLL_MS, signal);
    }
  }

  /** Tells all that can be told, as far as there is room; false if there was too little. */
  async tell(signal: AbortSignal): Promise<boolean> {
    const { store, commit, room } = this.#options;
    if (store.withheldCount === 0 && !room.owesWord) return true;
    const slice = new TimeSlice();
    let afterId = 0;
    for (;;) {
      // What is pending belongs to the page that is read, and is bounded by what is left of the room.
      if (commit.isFull || !commit.flush()) return false;
      const page = store.withheldAfter(afterId, PAGE);
      for (const { id, kindId, uid } of page) {
        if (signal.aborted || commit.failing || commit.isFull) return false;
        this.#tellOne({ kindId, uid });
        afterId = id;
        await slice.breathe();
      }
      if (page.length === 0) break;
    }
    room.caughtUp(this.#told, store.withheldCount);
    this.#told = { netChanges: 0, changes: 0 };
    return true;
  }

  #tellOne(key: ObjectKey): void {
    const { commit, watchOf } = this.#options;
    const waiting = commit.withheld(key);
    if (waiting === undefined) return;
    const row = commit.find(key.kindId, key.uid);
    const watch = row && watchOf(row);
    if (row !== undefined && watch === undefined) return;
    const { records, changes, row: moved } = this.#read(waiting, row && watch && { row, watch });
    this.#told.netChanges += records.length === 0 ? 0 : 1;
    this.#told.changes += changes;
    commit.endWithholding(key);
    // What stands for nothing else that waited stands for itself.
    const said = records.map((record) => collapsed(record, Math.max(1, changes)));
    if (moved === undefined) commit.tell(said);
    else commit.put(moved, undefined, said);
  }

  /** One object that no sense can be made of must not keep the others waiting. */
  #read(waiting: WithheldRow, present: Present | undefined): Told {
    try {
      return this.#toldOf(waiting, present);
    } catch (thrown) {
      rethrowOfStateFile(thrown);
      this.#options.report({
        type: "object-skipped",
        watch: present?.watch.name ?? "",
        object:
          present === undefined ? waiting.uid : `${present.row.namespace}/${present.row.name}`,
        error: toError(thrown),
      });
      return { records: [], changes: waiting.changes };
    }
  }

  #toldOf(waiting: WithheldRow, present: Present | undefined): Told {
    const { changes } = waiting;
    if (waiting.gone !== null) {
      // The text is our own, written by `Withholding`.
      const records: readonly LogSignal[] = JSON.parse(waiting.gone);
      return { records, changes };
    }
    // Its row was forgotten: nobody knows what became of it.
    if (present === undefined) return { records: [], changes };
    const { interpret, minimumSeverity } = this.#options;
    const net = this.#netChangeOf(waiting, present);
    const said = tellNet(interpret, net);
    const records = said.filter(({ severity }) => isLoudEnough(severity, minimumSeverity));
    const absorbed = absorbHeld(net, said);
    if (absorbed === undefined) return { records, changes };
    const row = { ...present.row, memory: encodeMemory(absorbed.memory) };
    return { records, changes: changes + absorbed.changes, row };
  }

  #netChangeOf(waiting: WithheldRow, { row, watch }: Present): Net {
    const { facts } = watch;
    const after = { ...row, kind: facts.kind };
    const when = { kind: facts, observedAtMs: waiting.seenAtMs };
    if (waiting.appearance !== null) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `Withholding` from a Change's cause
      const cause = waiting.appearance as AppearanceCause;
      return {
        change: { ...when, type: "appeared", after: decodeState(after), cause },
        reported: undefined,
        present: decodeMemory(row.memory),
      };
    }
    const text = this.#options.commit.reported(waiting);
    if (text === undefined) throw new Error(`Cannot find what was last told of ${waiting.uid}`);
    const reported = decodeReported(text, facts.kind);
    const before = reported.state;
    return {
      change: netChange({ facts, observedAtMs: waiting.seenAtMs, before, after }),
      reported,
      present: decodeMemory(row.memory),
    };
  }
}
