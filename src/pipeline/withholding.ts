import type { Change } from "../history/change.ts";
import type { LogSignal, Signal } from "../lifecycle/signal.ts";
import type { ObjectRow } from "../store/rows.ts";
import type { Commit } from "./commit.ts";
import { encodeReported } from "./reported.ts";

/** A Change, and what of it is to be said. */
type Step = { readonly change: Change; readonly signals: readonly Signal[] };

/**
 * Decides which records wait, because what waits for the collector leaves them no room or because older ones of their
 * object wait already, and keeps what the reader was last told of it. Counts never wait: they are true at once.
 */
export class Withholding {
  readonly #commit: Commit;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  /** What is said at once of an object that is there; `known`: its row before, if it had one. */
  kept(row: ObjectRow, known: ObjectRow | undefined, step: Step): readonly Signal[] {
    const commit = this.#commit;
    const { change, signals } = step;
    const { kindId, uid } = row;
    const seenAtMs = change.observedAtMs;
    const waiting = this.#waiting(row, known);
    // So it is as long as the collector takes what is sent.
    if (waiting === undefined && !commit.isFull) return signals;
    const records = signals.filter(isRecord);
    const news = changesIn(records);
    if (waiting !== undefined) {
      const changes = waiting.changes + news;
      // One that was gone, and is there again under the same UID (a selector), is what it was last told to be.
      commit.withhold({ ...waiting, changes, seenAtMs, gone: null, reported: undefined });
      return signals.filter(isCount);
    }
    if (records.length === 0) return signals;
    commit.withhold({
      kindId,
      uid,
      changes: news,
      seenAtMs,
      appearance: change.type === "appeared" ? change.cause : null,
      gone: null,
      reported: known === undefined ? "" : encodeReported(known),
    });
    return signals.filter(isCount);
  }

  /** What is said at once of an object that is gone. */
  dropped(known: ObjectRow, { change, signals }: Step): readonly Signal[] {
    const commit = this.#commit;
    const { kindId, uid } = known;
    const records = signals.filter(isRecord);
    const waiting = commit.withheld(known);
    if (waiting === undefined && (records.length === 0 || !commit.isFull)) return signals;
    if (waiting !== undefined && (waiting.appearance !== null || records.length === 0)) {
      // Nobody was told that it came, or nobody wants to hear that it went.
      commit.vanish(waiting);
      return signals.filter(isCount);
    }
    commit.withhold({
      kindId,
      uid,
      changes: (waiting?.changes ?? 0) + changesIn(records),
      seenAtMs: change.observedAtMs,
      appearance: null,
      // What a flood withheld until now is among the changes that the deletion then stands for.
      gone: JSON.stringify(records.filter((record) => floodOf(record) === undefined)),
      reported: waiting === undefined ? encodeReported(known) : undefined,
    });
    return signals.filter(isCount);
  }

  /** What waits of it; what waits of a row that was forgotten since is of no use to its successor. */
  #waiting(row: ObjectRow, known: ObjectRow | undefined): ReturnType<Commit["withheld"]> {
    const waiting = this.#commit.withheld(row);
    if (waiting === undefined || known !== undefined || waiting.gone !== null) return waiting;
    this.#commit.endWithholding(row);
    return undefined;
  }
}

/**
 * For how many changes these records of one Change stand. Those that collapse a flood say it themselves, and what makes
 * an object hot is the first change that the flood guard holds, so that it counts among those.
 */
function changesIn(records: readonly LogSignal[]): number {
  const floods = records.map(floodOf).filter((changes) => changes !== undefined);
  const isItself = records.some((record) => floodOf(record) === undefined && !isHot(record));
  return floods.reduce((sum, changes) => sum + changes, isItself ? 1 : 0);
}

function isHot({ eventName }: LogSignal): boolean {
  return eventName === "lifeline.object.hot";
}

function floodOf({ attributes }: LogSignal): number | undefined {
  const collapsed = attributes["lifeline.collapsed"];
  return typeof collapsed === "number" ? collapsed : undefined;
}

function isRecord(signal: Signal): signal is LogSignal {
  return signal.type === "log";
}

/** What is true at once, and told apart from the records of a net change. */
function isCount(signal: Signal): boolean {
  return signal.type !== "log";
}
