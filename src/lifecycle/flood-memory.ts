import { isList, isMap } from "../util/json.ts";
import {
  type Flood,
  GUARDED_EVENTS,
  type GuardedEvent,
  type Held,
  type HeldByEvent,
  type Writers,
} from "./flood-guard.ts";
import { readNetDifferences, writeNetDifferences } from "./net-differences.ts";
import { readTime } from "../util/row-time.ts";

/** More than the guard ever keeps; a foreign row may hold anything. */
const LIST_MAX = 20;

/** The short names that the events have in a row. */
const KEYS: Readonly<Record<GuardedEvent, string>> = {
  "lifeline.object.updated": "updated",
  "lifeline.object.status_updated": "status",
};

/**
 * The guard's part of an object's memory. Counting: `[first, later by so many ms than the one before, …]`, behind them
 * each writer as `[manager, n]`. Withholding: `{"since":ms,"writers":…,"updated":[n, net],"status":[n, net, 1 if
 * cut]}`; what is empty is left out. The first time of either is one after the origin.
 */
export function writeFlood(flood: Flood | undefined, originMs: number): unknown {
  if (flood === undefined) return undefined;
  const { writers } = flood;
  if (flood.type === "counting") return [...writeTimes(flood.toldAtMs, originMs), ...writers];
  const written: Record<string, unknown> = {
    since: flood.sinceMs - originMs,
    writers: writers.length === 0 ? undefined : writers,
  };
  for (const event of GUARDED_EVENTS) written[KEYS[event]] = writeHeld(flood.held[event]);
  return written;
}

/** What `writeFlood` wrote; `undefined` for anything that makes no sense: the guard then starts anew. */
export function readFlood(json: unknown, originMs: number): Flood | undefined {
  if (isList(json)) return readCounting(json, originMs);
  if (!isMap(json)) return undefined;
  const sinceMs = readTime(json["since"], originMs);
  if (sinceMs === undefined) return undefined;
  const writers = readWriters(json["writers"]);
  return { type: "withholding", sinceMs, writers, held: readAllHeld(json) };
}

function writeTimes(times: readonly number[], originMs: number): readonly number[] {
  let lastMs = originMs;
  return times.map((timeMs) => {
    const offsetMs = timeMs - lastMs;
    lastMs = timeMs;
    return offsetMs;
  });
}

function readCounting(json: readonly unknown[], originMs: number): Flood | undefined {
  const toldAtMs: number[] = [];
  let lastMs = originMs;
  for (const offsetMs of json) {
    const timeMs = readTime(offsetMs, lastMs);
    if (timeMs === undefined || toldAtMs.length >= LIST_MAX) break;
    toldAtMs.push(timeMs);
    lastMs = timeMs;
  }
  if (toldAtMs.length === 0) return undefined;
  const isWithWriters = json.length > toldAtMs.length;
  const writers = isWithWriters ? readWriters(json.slice(toldAtMs.length)) : [];
  return { type: "counting", toldAtMs, writers };
}

function writeHeld(held: Held | undefined): unknown {
  if (held === undefined) return undefined;
  const { count, net } = held;
  const entries = writeNetDifferences(net);
  return net.isCut ? [count, entries, 1] : [count, entries];
}

function readAllHeld(json: Readonly<Record<string, unknown>>): HeldByEvent {
  const held: Partial<Record<GuardedEvent, Held>> = {};
  for (const event of GUARDED_EVENTS) {
    const row = json[KEYS[event]];
    const [count, entries, cut] = isList(row) ? row : [];
    if (isCount(count)) held[event] = { count, net: readNetDifferences(entries, cut === 1) };
  }
  return held;
}

function readWriters(json: unknown): Writers {
  const writers: (readonly [string, number])[] = [];
  for (const row of isList(json) ? json.slice(0, LIST_MAX) : []) {
    const [manager, writes] = isList(row) ? row : [];
    if (typeof manager === "string" && isCount(writes)) writers.push([manager, writes]);
  }
  return writers;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
