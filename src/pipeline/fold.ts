import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import type { Change } from "../history/change.ts";
import { columnsOf, type ObjectState } from "../history/object-state.ts";
import { admitFirstLook, type InitialPolicy } from "../lifecycle/first-look.ts";
import { decodeMemory, encodeMemory, type Memory } from "../lifecycle/memory.ts";
import type { Health } from "../lifecycle/health-words.ts";
import type {
  CountSignal,
  Interpret,
  LogSignal,
  ObjectPoints,
  Outcome,
  Severity,
  Signal,
  TraceSignal,
} from "../lifecycle/signal.ts";
import { controllerUid, hasFamily, withFamily } from "../lifecycle/traces/family.ts";
import { goneChild } from "../lifecycle/traces/gone-child.ts";
import type { ObjectRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { ActiveWatch } from "./active-watch.ts";
import type { Commit, Touched } from "./commit.ts";
import { healthOf } from "./health-of.ts";
import { isLoudEnough } from "./loud-enough.ts";
import { readFamily } from "./read-family.ts";
import { rememberGone } from "./remember-gone.ts";
import { Withholding } from "./withholding.ts";

export type FoldOptions = {
  readonly store: Store;
  readonly commit: Commit;
  readonly interpret: Interpret;
  /** What is known of the kind that a watch watches; absent: no trace tells of an object's children. */
  readonly kindOf?: (watchId: number) => KindFacts | undefined;
  readonly initial: InitialPolicy;
  /** Records below it are not sent. */
  readonly minimumSeverity: Severity;
  /** The series of the object before this Change, of which it is decoded already where that was needed; undefined when somebody has pinned them since the last export. */
  readonly pin: (row: ObjectRow, decoded: KubeObject | undefined) => ObjectPoints | undefined;
};

const SOONEST_WAKE_MS = 1000;

/**
 * One step of the fold: a Change, the row that it is about, and what it means, put into the commit as one.
 *
 * The only state of its own is how many `observed` records the first looks of all watches have told (docs/contract.md §4).
 */
export class Fold {
  readonly #options: FoldOptions;
  readonly #withholding: Withholding;
  readonly #observedTold = { inAll: 0, byKind: new Map<number, number>() };

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#withholding = new Withholding(options.commit);
  }

  /** Takes a Change after which the object exists with this state. */
  keep(
    watch: ActiveWatch,
    known: ObjectRow | undefined,
    next: { readonly change: Change; readonly state: ObjectState },
  ): ObjectRow {
    const { commit, store, interpret } = this.#options;
    const memory = known && decodeMemory(known.memory);
    const outcome = interpret(next.change, memory);
    const row: ObjectRow = {
      ...columnsOf(next.state),
      id: known?.id ?? store.nextObjectId(),
      kindId: watch.kindId,
      watchId: watch.id,
      // A deadline that is not ahead would wake the same row for ever.
      dueAt:
        outcome.wakeAtMs === undefined
          ? null
          : Math.max(outcome.wakeAtMs, next.change.observedAtMs + SOONEST_WAKE_MS),
      health: outcome.health,
      owner: next.change.type === "disappeared" ? "" : controllerUid(next.change.after),
      memory:
        known !== undefined && outcome.memory === memory
          ? known.memory
          : encodeMemory(outcome.memory),
    };
    const touched = this.#touch(row, { known, change: next.change, after: outcome.health });
    const admitted = this.#admit(watch, next.change, this.#withFamily(row.uid, outcome));
    const { signals } = admitted;
    const said = this.#withholding.kept(row, known, { change: next.change, signals });
    this.#reckon(watch, admitted);
    commit.put(row, touched, said);
    return row;
  }

  /** Takes a state that is no Change: of another API version, or of a row that another watch owned until now. */
  replace(known: ObjectRow, row: ObjectRow): void {
    this.#options.commit.put(row, this.#touch(row, { known, after: healthOf(row) }), []);
  }

  /** Takes a Change after which the object is gone. */
  drop(watch: ActiveWatch, known: ObjectRow, change: Change): void {
    const { commit, interpret } = this.#options;
    const memory = decodeMemory(known.memory);
    const outcome = interpret(change, memory);
    const touched = this.#touch(known, { known, change, after: undefined });
    const owners = this.#ownersOf(watch, known, { change, memory, ended: outcome.ended });
    const admitted = this.#admit(watch, change, this.#withFamily(known.uid, outcome));
    // Each may write all that is pending, to which what waits of an object that is still there must not belong.
    for (const owner of owners) commit.put(owner, undefined, []);
    const said = this.#withholding.dropped(known, { change, signals: admitted.signals });
    this.#reckon(watch, admitted);
    commit.remove(known, touched, said);
  }

  /** Nobody finds what is gone: those in whose traces it belongs remember it. */
  #ownersOf(
    { facts: { kind, group } }: ActiveWatch,
    { owner, name, uid }: ObjectRow,
    {
      change,
      memory,
      ended,
    }: {
      readonly change: Change;
      readonly memory: Memory;
      readonly ended: Outcome["ended"] | undefined;
    },
  ): readonly ObjectRow[] {
    const { commit } = this.#options;
    if (owner === "" || ended === undefined) return [];
    const child = goneChild({ owner, kind, group, name, uid }, { change, memory, ended });
    return rememberGone(child, (of) => commit.findOwner(of));
  }

  /** What an object's children did is read when its own work ends: whichever watch told first. */
  #withFamily(uid: string, outcome: Outcome): Outcome {
    const { commit, kindOf } = this.#options;
    if (kindOf === undefined || !outcome.signals.some(isFamilyTrace)) return outcome;
    const childrenOf = commit.childrenOf.bind(commit);
    const family = readFamily(uid, { childrenOf, kindOf });
    const signals = outcome.signals.map((signal) =>
      isFamilyTrace(signal) ? withFamily(signal, family) : signal,
    );
    return { ...outcome, signals };
  }

  #touch(
    row: ObjectRow,
    step: {
      readonly known: ObjectRow | undefined;
      readonly change?: Change;
      readonly after: Health | undefined;
    },
  ): Touched {
    return {
      id: row.id,
      kindId: row.kindId,
      watchId: row.watchId,
      namespace: row.namespace,
      name: row.name,
      before: step.known && { watchId: step.known.watchId, health: healthOf(step.known) },
      healthAfter: step.after,
      pointsBefore:
        step.known &&
        this.#options.pin(
          step.known,
          step.change?.type === "changed" ? step.change.before : undefined,
        ),
    };
  }

  /** What of an outcome is sent: by severity, and at a first look by its policy. Counts always count. */
  #admit(
    watch: ActiveWatch,
    change: Change,
    outcome: { readonly health: Health; readonly signals: readonly Signal[] },
  ): Admitted {
    const isFirstLook = change.type === "appeared" && change.cause === "first-look";
    const observed = { told: 0, withheld: 0 };
    const signals = outcome.signals.filter((signal) => {
      if (signal.type !== "log") return true;
      if (!isLoudEnough(signal.severity, this.#options.minimumSeverity)) return false;
      if (!isFirstLook) return true;
      const isAdmitted = this.#admitsObserved(watch, outcome.health, observed.told);
      observed[isAdmitted ? "told" : "withheld"] += 1;
      return isAdmitted;
    });
    return { signals, observed };
  }

  /** Once nothing can keep the Change out of the commit: the state file may fail until then, and then it is taken again. */
  #reckon(watch: ActiveWatch, { signals, observed }: Admitted): void {
    for (const signal of signals) if (signal.type === "count") countNetChange(watch, signal);
    if (observed.told + observed.withheld === 0) return;
    const told = this.#observedTold;
    watch.firstLook.told += observed.told;
    watch.firstLook.withheld += observed.withheld;
    told.byKind.set(watch.kindId, (told.byKind.get(watch.kindId) ?? 0) + observed.told);
    told.inAll += observed.told;
  }

  /** Tells that a watch's look is complete; of a first look only if that may be told at all. It is told once, so never withheld. */
  tellSynced(watch: ActiveWatch, record: LogSignal): void {
    const { commit, initial, minimumSeverity } = this.#options;
    const isWanted = watch.hadHistory || initial !== "none";
    if (isWanted && isLoudEnough(record.severity, minimumSeverity)) commit.tell([record]);
  }

  /** `already`: told by the same Change. */
  #admitsObserved(watch: ActiveWatch, health: Health, already: number): boolean {
    const told = this.#observedTold;
    const ofKind = (told.byKind.get(watch.kindId) ?? 0) + already;
    return admitFirstLook(this.#options.initial, health, { ofKind, inAll: told.inAll + already });
  }
}

/** What of a Change is sent, and how many `observed` records of a first look it tells, or keeps back. */
type Admitted = {
  readonly signals: readonly Signal[];
  readonly observed: { readonly told: number; readonly withheld: number };
};

function isFamilyTrace(signal: Signal): signal is TraceSignal {
  return signal.type === "trace" && hasFamily(signal);
}

/** What differs from the last run, by action, until the first complete look of this one. */
function countNetChange(watch: ActiveWatch, { attributes, by }: CountSignal): void {
  const action = attributes["action"];
  if (watch.state === "synced" || typeof action !== "string") return;
  watch.netChanges[action] = (watch.netChanges[action] ?? 0) + by;
}
