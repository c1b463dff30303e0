import type { Difference } from "../history/change.ts";
import { cutUtf8 } from "../util/utf8.ts";
import { addDifferences, NO_DIFFERENCES, type NetDifferences } from "./net-differences.ts";

/**
 * What the flood guard of one object remembers (docs/contract.md §4); pure, with time as an argument.
 *
 *   counting ── a record more than 20 in ten minutes: `hot` ──▶ withholding ──┐
 *      ▲                                                          ▲   │       │ ten minutes are over: one collapsed
 *      └── at most 20 were withheld in them ──────────────────────┼───┘       │ record per action, and
 *                                                                 └── more ───┘
 *
 * In no ten minutes are more than 20 records told, collapsed ones included: those before the guard bit are ten minutes
 * old when the first collapsed one comes, and that one counts when single ones are told again.
 */
export type Flood = Counting | Withholding;

type Counting = {
  readonly type: "counting";
  /** When the records of the last ten minutes were told: Unix milliseconds, the oldest first, at most 20. */
  readonly toldAtMs: readonly number[];
  readonly writers: Writers;
};

type Withholding = {
  readonly type: "withholding";
  /** When these ten minutes began, in Unix milliseconds. */
  readonly sinceMs: number;
  readonly writers: Writers;
  readonly held: HeldByEvent;
};

/** The records that a flood is made of; transitions are never withheld. */
export type GuardedEvent = "lifeline.object.updated" | "lifeline.object.status_updated";

export const GUARDED_EVENTS: readonly GuardedEvent[] = [
  "lifeline.object.updated",
  "lifeline.object.status_updated",
];

/** How many records were withheld, and what they say together. */
export type Held = { readonly count: number; readonly net: NetDifferences };
export type HeldByEvent = Readonly<Partial<Record<GuardedEvent, Held>>>;

/** How often each manager wrote, in the order of their first writes. */
export type Writers = readonly (readonly [manager: string, writes: number])[];

/** What ten minutes of withholding come to. */
export type Collapsed = { readonly held: HeldByEvent; readonly writers: Writers };

/** The guard bites: so many records in so short a time, the one that is withheld now included. */
export type Hot = {
  readonly records: number;
  readonly withinMs: number;
  readonly writers: Writers;
};

const MINUTE_MS = 60_000;
/** docs/contract.md §4. */
const WINDOW_MS = 10 * MINUTE_MS;
const RECORDS_MAX = 20;

/** Who writes is remembered only from here on: objects that change now and then need not carry it. */
const WRITERS_FROM = 10;
/** More that take turns is no fight but a crowd. */
const WRITERS_MAX = 8;
const WRITER_MAX_BYTES = 200;

/** What time alone does: withheld records come out collapsed, and what is ten minutes old is forgotten. */
export function passTime(
  flood: Flood | undefined,
  nowMs: number,
): { readonly flood: Flood | undefined; readonly collapsed?: Collapsed } {
  if (flood === undefined) return { flood };
  if (flood.type === "counting") {
    const lastMs = flood.toldAtMs.at(-1);
    return { flood: lastMs === undefined || nowMs >= lastMs + WINDOW_MS ? undefined : flood };
  }
  // A clock that was put back must not hold records for longer than ten minutes from now.
  if (nowMs < flood.sinceMs) return { flood: { ...flood, sinceMs: nowMs } };
  if (nowMs < flood.sinceMs + WINDOW_MS) return { flood };
  const collapsed = collapse(flood);
  if (collapsed === undefined) return { flood: undefined };
  const held = Object.values(collapsed.held);
  const withheld = held.reduce((sum, { count }) => sum + count, 0);
  return {
    collapsed,
    flood:
      withheld > RECORDS_MAX
        ? { type: "withholding", sinceMs: nowMs, writers: [], held: {} }
        : { type: "counting", toldAtMs: held.map(() => nowMs), writers: [] },
  };
}

/** What is withheld, to be told before its time because the object goes; `undefined` if nothing is. */
export function collapse(flood: Flood | undefined): Collapsed | undefined {
  if (flood?.type !== "withholding" || Object.keys(flood.held).length === 0) return undefined;
  return { held: flood.held, writers: flood.writers };
}

/** When time will do something, in Unix milliseconds. */
export function floodDueAtMs(flood: Flood | undefined): number | undefined {
  return flood?.type === "withholding" ? flood.sinceMs + WINDOW_MS : undefined;
}

/** One write's records that would be told, in their order. */
export type GuardedWrite = {
  readonly updates: readonly {
    readonly event: GuardedEvent;
    readonly differences: readonly Difference[];
  }[];
  readonly managers: readonly string[];
  readonly nowMs: number;
};

export type Verdict = {
  readonly flood: Flood | undefined;
  /** The records that are told. */
  readonly told: readonly GuardedEvent[];
  readonly hot?: Hot;
};

/** Which of a write's records are told; of a guard to which `passTime` has happened already. */
export function guardUpdates(flood: Flood | undefined, write: GuardedWrite): Verdict {
  const { updates, managers, nowMs } = write;
  if (updates.length === 0) return { flood, told: [] };
  if (flood?.type === "withholding") return { flood: withhold(flood, write), told: [] };
  const past = recentlyTold(flood, nowMs);
  const room = RECORDS_MAX - past.length;
  const told = updates.slice(0, room).map(({ event }) => event);
  const writers = past.length < WRITERS_FROM ? [] : countWriters(flood?.writers ?? [], managers);
  if (updates.length <= room) {
    const toldAtMs = [...past, ...told.map(() => nowMs)];
    return { flood: { type: "counting", toldAtMs, writers }, told };
  }
  const bitten: Withholding = { type: "withholding", sinceMs: nowMs, writers: [], held: {} };
  return {
    flood: withhold(bitten, { ...write, updates: updates.slice(room) }),
    told,
    hot: {
      records: past.length + updates.length,
      withinMs: nowMs - (past[0] ?? nowMs),
      writers,
    },
  };
}

/** Times ahead of now come from a clock that was put back: they count as now. */
function recentlyTold(flood: Counting | undefined, nowMs: number): readonly number[] {
  if (flood === undefined) return [];
  const { toldAtMs } = flood;
  const [firstMs = nowMs] = toldAtMs;
  // So it is nearly always, and they are in order.
  if (nowMs < firstMs + WINDOW_MS && (toldAtMs.at(-1) ?? nowMs) <= nowMs) return toldAtMs;
  return toldAtMs.map((atMs) => Math.min(atMs, nowMs)).filter((atMs) => nowMs < atMs + WINDOW_MS);
}

function withhold(flood: Withholding, { updates, managers }: GuardedWrite): Withholding {
  const held: Partial<Record<GuardedEvent, Held>> = { ...flood.held };
  for (const { event, differences } of updates) {
    const { count, net } = held[event] ?? { count: 0, net: NO_DIFFERENCES };
    held[event] = { count: count + 1, net: addDifferences(net, differences) };
  }
  return { ...flood, writers: countWriters(flood.writers, managers), held };
}

function countWriters(writers: Writers, managers: readonly string[]): Writers {
  const counts = new Map(writers);
  for (const name of managers) {
    const manager = cutUtf8(name, WRITER_MAX_BYTES);
    if (counts.has(manager) || counts.size < WRITERS_MAX)
      counts.set(manager, (counts.get(manager) ?? 0) + 1);
  }
  return [...counts];
}
