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

/** More than the guard ever keeps; a foreign row may hold anything. */
const LIST_MAX = 20;

/** The short names that the events have in a row. */
const KEYS: Readonly<Record<GuardedEvent, string>> = {
  "lifeline.object.updated": "updated",
  "lifeline.object.status_updated": "status",
};

/**
 * The guard's part of an object's memory. Counting: `{"told":[first, later by so many ms, …],"writers":[[manager, n]]}`.
 * Withholding: `{"since":ms,"writers":…,"updated":[n, net],"status":[n, net, 1 if cut]}`. What is empty is left out.
 */
export function writeFlood(flood: Flood | undefined): unknown {
  if (flood === undefined) return undefined;
  const writers = flood.writers.length === 0 ? undefined : flood.writers;
  if (flood.type === "counting") return { told: writeTimes(flood.toldAtMs), writers };
  const written: Record<string, unknown> = { since: flood.sinceMs, writers };
  for (const event of GUARDED_EVENTS) written[KEYS[event]] = writeHeld(flood.held[event]);
  return written;
}

/** What `writeFlood` wrote; `undefined` for anything that makes no sense: the guard then starts anew. */
export function readFlood(json: unknown): Flood | undefined {
  if (!isMap(json)) return undefined;
  const writers = readWriters(json["writers"]);
  const { since, told } = json;
  if (isTime(since))
    return { type: "withholding", sinceMs: since, writers, held: readAllHeld(json) };
  const toldAtMs = readTimes(told);
  return toldAtMs.length === 0 ? undefined : { type: "counting", toldAtMs, writers };
}

function writeTimes(times: readonly number[]): readonly number[] {
  return times.map((timeMs, index) => (index === 0 ? timeMs : timeMs - (times[0] ?? 0)));
}

function readTimes(json: unknown): readonly number[] {
  const [first, ...later] = isList(json) ? json.slice(0, LIST_MAX) : [];
  if (!isTime(first)) return [];
  return [first, ...later.filter(isTime).map((offsetMs) => first + offsetMs)];
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

/** The range of ECMAScript's Date, ±8.64e15 ms. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}
