import type { Change } from "../history/change.ts";
import { decodeState, type ObjectState } from "../history/object-state.ts";
import { GUARDED_EVENTS, passTime } from "../lifecycle/flood-guard.ts";
import type { Memory } from "../lifecycle/memory.ts";
import type { Interpret, LogSignal } from "../lifecycle/signal.ts";

/** A net Change of an object that is there, and what is remembered of it. */
export type Net = {
  readonly change: Change;
  /** As it was last told; absent for one of which nothing was told yet. */
  readonly reported: { readonly state: ObjectState; readonly memory: Memory } | undefined;
  /** As its row holds it. */
  readonly present: Memory;
};

/** The records of a net Change, and those that only time made meanwhile. */
export function tellNet(interpret: Interpret, net: Net): readonly LogSignal[] {
  const records = tellChange(interpret, net);
  return records.some(isStuck) ? records : [...records, ...stuckOf(interpret, net)];
}

function tellChange(interpret: Interpret, { change, reported }: Net): readonly LogSignal[] {
  if (reported === undefined) return logsOf(interpret, change, undefined);
  const { flood } = reported.memory;
  if (change.type !== "changed" || passTime(flood, change.observedAtMs).collapsed === undefined)
    return logsOf(interpret, change, reported.memory);
  // The guard would go on to withhold in a memory that nobody keeps: what it held comes out, and then the rest.
  const { kind, observedAtMs } = change;
  const before = decodeState(reported.state);
  const passed: Change = { type: "elapsed", kind, observedAtMs, after: before };
  return [
    ...logsOf(interpret, passed, reported.memory).filter(
      ({ attributes }) => attributes["lifeline.collapsed"] !== undefined,
    ),
    ...logsOf(interpret, change, { ...reported.memory, flood: undefined }),
  ];
}

/**
 * The row's memory without what its flood guard holds and these records of the net Change say already, and how many
 * changes that were; undefined where the guard is to tell all of it at its time.
 */
export function absorbHeld(
  { change, reported, present }: Net,
  records: readonly LogSignal[],
): { readonly memory: Memory; readonly changes: number } | undefined {
  const { flood } = present;
  if (flood?.type !== "withholding") return undefined;
  const then = reported?.memory.flood;
  const isOver = then === undefined || passTime(then, change.observedAtMs).collapsed !== undefined;
  const told = GUARDED_EVENTS.filter(
    (event) => isOver || records.some(({ eventName }) => eventName === event),
  );
  const absorbed = told.flatMap((event) => flood.held[event] ?? []);
  if (absorbed.length === 0) return undefined;
  const left = GUARDED_EVENTS.filter((event) => !told.includes(event));
  const held = Object.fromEntries(
    left.flatMap((event) => (flood.held[event] === undefined ? [] : [[event, flood.held[event]]])),
  );
  return {
    memory: { ...present, flood: { ...flood, writers: [], held } },
    changes: absorbed.reduce((sum, { count }) => sum + count, 0),
  };
}

/** That it is stuck is told once per generation, and how long it has been on its way only the row remembers. */
function stuckOf(interpret: Interpret, { change, reported, present }: Net): readonly LogSignal[] {
  if (change.type !== "appeared" && change.type !== "changed") return [];
  if (present.unwell?.isTold !== true || wasToldStuck(reported?.memory, present)) return [];
  const { kind, observedAtMs, after } = change;
  const untold: Memory = { ...present, unwell: { ...present.unwell, isTold: false } };
  return logsOf(interpret, { type: "elapsed", kind, observedAtMs, after }, untold).filter(isStuck);
}

function wasToldStuck(reported: Memory | undefined, present: Memory): boolean {
  return (
    reported?.unwell?.isTold === true && reported.generation?.value === present.generation?.value
  );
}

function isStuck({ eventName }: LogSignal): boolean {
  return eventName === "lifeline.object.stuck";
}

function logsOf(
  interpret: Interpret,
  change: Change,
  memory: Memory | undefined,
): readonly LogSignal[] {
  return interpret(change, memory).signals.filter((signal) => signal.type === "log");
}
