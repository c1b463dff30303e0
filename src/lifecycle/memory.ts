import { isList, isMap } from "../util/json.ts";
import {
  type Flood,
  GUARDED_EVENTS,
  type GuardedEvent,
  type Held as Withheld,
} from "./flood-guard.ts";
import { readFlood, writeFlood } from "./flood-memory.ts";
import { type Health, isHealth } from "./health-words.ts";
import { forgetValues } from "./net-differences.ts";
import type { Work } from "./traces/work.ts";
import { readWork, writeWork } from "./traces/work-memory.ts";

/**
 * What lifecycle remembers about one object between two Changes, kept in the object's row as `encodeMemory` writes it.
 *
 * Its own version, because it outlives the program: `decodeMemory` takes what an older program wrote.
 * Every `sinceMs` is Unix milliseconds by the cluster's clock where that is believable, and absent where nobody knows.
 */
export type Memory = {
  readonly version: 1;
  /** Since when the present generation is known, and which it is; absent for kinds without generations. */
  readonly generation?: { readonly value: number; readonly sinceMs: number } | undefined;
  /** The last health that was told, and since when it holds. */
  readonly health?: Held<Health> | undefined;
  readonly phase?: Held<string> | undefined;
  /** By condition type; at most `CONDITIONS_MAX`. */
  readonly conditions: Readonly<Record<string, ConditionMemory>>;
  /** By formatted path: how many times running this time-formatted status field changed alone (docs/contract.md §4). */
  readonly ticks: Readonly<Record<string, number>>;
  /** Absent for an object that is well and of which `stuck` was not told. */
  readonly unwell?: Unwell | undefined;
  /** Absent where no record of the last ten minutes counts for the flood guard and none is withheld. */
  readonly flood?: Flood | undefined;
  /** What goes on and will be a trace when it ends; absent where nothing does. */
  readonly work?: readonly Work[] | undefined;
};

/**
 * `sinceMs`: since when it has been neither current nor suspended, as far as is known; absent for what is well.
 * `isTold`: whether `stuck` was told of the present generation.
 */
export type Unwell = { readonly sinceMs?: number | undefined; readonly isTold: boolean };

type Held<Value> = { readonly value: Value; readonly sinceMs?: number | undefined };

/** `sinceMs`: since when the status (not the reason) holds. */
export type ConditionMemory = { readonly status: string; readonly sinceMs?: number | undefined };

/** Whether every part is the very same: then the row of the object keeps its text. */
export function isSameMemory(memory: Memory, next: Memory): boolean {
  return (
    next.generation === memory.generation &&
    next.health === memory.health &&
    next.phase === memory.phase &&
    next.conditions === memory.conditions &&
    next.ticks === memory.ticks &&
    next.unwell === memory.unwell &&
    next.flood === memory.flood &&
    next.work === memory.work
  );
}

/** More conditions than any real object has; what is beyond is told without durations. */
export const CONDITIONS_MAX = 64;

export const EMPTY_MEMORY: Memory = { version: 1, conditions: {}, ticks: {} };

/**
 * As compact JSON, for a row of the store should be short: what is empty is left out, what holds since a time is
 * `[value, sinceMs]` (without the time where nobody knows), conditions are `[type, status, sinceMs]`, `unwell` is
 * `[sinceMs]`, with a 1 behind it if `stuck` was told.
 */
export function encodeMemory(memory: Memory): string {
  const { version, generation, health, phase, conditions, ticks, unwell, flood, work } = memory;
  const rows: unknown[] = [];
  for (const type of Object.keys(conditions)) {
    const { status, sinceMs } = conditions[type] ?? {};
    rows.push(sinceMs === undefined ? [type, status] : [type, status, sinceMs]);
  }
  return JSON.stringify({
    version,
    generation: generation && writeHeld(generation),
    health: health && writeHeld(health),
    phase: phase && writeHeld(phase),
    conditions: rows.length === 0 ? undefined : rows,
    ticks: Object.keys(ticks).length === 0 ? undefined : ticks,
    unwell: unwell && writeUnwell(unwell),
    flood: writeFlood(flood),
    work: writeWork(work),
  });
}

/** Takes what an older, a newer or a foreign program left in a row: keeps each part that it understands, drops the rest. */
export function decodeMemory(text: string): Memory {
  const json: unknown = JSON.parse(text);
  if (!isMap(json)) return EMPTY_MEMORY;
  return {
    version: 1,
    generation: readGeneration(json["generation"]),
    health: readHeld(json["health"], isHealth),
    phase: readHeld(json["phase"], isString),
    conditions: readConditions(json["conditions"]),
    ticks: readTicks(json["ticks"]),
    unwell: readUnwell(json["unwell"]),
    flood: readFlood(json["flood"]),
    work: readWork(json["work"]),
  };
}

/** Without the values of users' objects that the flood guard holds: of a path and a value alone no rule can tell what is secret. */
export function forgetValuesOf(memory: Memory): Memory {
  const { flood } = memory;
  if (flood?.type !== "withholding") return memory;
  const held: Partial<Record<GuardedEvent, Withheld>> = {};
  for (const event of GUARDED_EVENTS) {
    const withheld = flood.held[event];
    if (withheld !== undefined) held[event] = { ...withheld, net: forgetValues(withheld.net) };
  }
  return { ...memory, flood: { ...flood, held } };
}

/** The entry that a record itself holds: keys come from users' objects, `__proto__` and `constructor` included. */
export function ownEntry<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function writeHeld({ value, sinceMs }: Held<unknown>): readonly unknown[] {
  return sinceMs === undefined ? [value] : [value, sinceMs];
}

function writeUnwell({ sinceMs, isTold }: Unwell): readonly unknown[] {
  return isTold ? [sinceMs ?? null, 1] : [sinceMs];
}

function readUnwell(json: unknown): Memory["unwell"] {
  if (!isList(json)) return undefined;
  const sinceMs = readTime(json[0]);
  const isTold = json[1] === 1;
  return sinceMs === undefined && !isTold ? undefined : { sinceMs, isTold };
}

function readGeneration(json: unknown): Memory["generation"] {
  const { value, sinceMs } = readHeld(json, isInteger) ?? {};
  return value === undefined || sinceMs === undefined ? undefined : { value, sinceMs };
}

function readHeld<Value>(
  json: unknown,
  isValue: (value: unknown) => value is Value,
): Held<Value> | undefined {
  if (!isList(json)) return undefined;
  const value = json[0];
  return isValue(value) ? { value, sinceMs: readTime(json[1]) } : undefined;
}

function readConditions(json: unknown): Memory["conditions"] {
  if (!isList(json)) return EMPTY_MEMORY.conditions;
  const entries: [string, ConditionMemory][] = [];
  for (const row of json) {
    if (entries.length >= CONDITIONS_MAX) break;
    if (!isList(row)) continue;
    const type = row[0];
    const status = row[1];
    if (isString(type) && isString(status))
      entries.push([type, { status, sinceMs: readTime(row[2]) }]);
  }
  // Unlike an assignment, this makes `__proto__` a key like any other.
  return Object.fromEntries(entries);
}

function readTicks(json: unknown): Memory["ticks"] {
  if (!isMap(json)) return EMPTY_MEMORY.ticks;
  return Object.fromEntries(Object.entries(json).slice(0, CONDITIONS_MAX).filter(isTick));
}

function isTick(entry: readonly [string, unknown]): entry is [string, number] {
  return isInteger(entry[1]) && entry[1] > 0;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** The range of ECMAScript's Date, ±8.64e15 ms. */
function readTime(value: unknown): number | undefined {
  return typeof value === "number" && Math.abs(value) <= 8.64e15 ? value : undefined;
}
