import { isList, isMap } from "../util/json.ts";
import {
  type Flood,
  GUARDED_EVENTS,
  type GuardedEvent,
  type Held as Withheld,
} from "./flood-guard.ts";
import { readFlood, writeFlood } from "./flood-memory.ts";
import { type Health, HEALTHS } from "./health-words.ts";
import { forgetValues } from "./net-differences.ts";
import { isTime, readTime } from "../util/row-time.ts";
import type { PastWork, Work } from "./traces/work.ts";
import { readPastWork, readWork, writePastWork, writeWork } from "./traces/work-memory.ts";

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
  /** One of each type; at most `CONDITIONS_MAX`. */
  readonly conditions: readonly ConditionMemory[];
  /** By formatted path: how many times running this time-formatted status field changed alone (docs/contract.md §4). */
  readonly ticks: Readonly<Record<string, number>>;
  /** Absent for an object that is well and of which `stuck` was not told. */
  readonly unwell?: Unwell | undefined;
  /** Absent where no record of the last ten minutes counts for the flood guard and none is withheld. */
  readonly flood?: Flood | undefined;
  /** What goes on and will be a trace when it ends; absent where nothing does. */
  readonly work?: readonly Work[] | undefined;
  /** The last work on a generation that is over; only of an object that another one controls, whose trace tells of it. */
  readonly done?: PastWork | undefined;
};

/**
 * `sinceMs`: since when it has been neither current nor suspended, as far as is known; absent for what is well.
 * `isTold`: whether `stuck` was told of the present generation.
 */
export type Unwell = { readonly sinceMs?: number | undefined; readonly isTold: boolean };

type Held<Value> = { readonly value: Value; readonly sinceMs?: number | undefined };

/** `sinceMs`: since when the status (not the reason) holds. */
export type ConditionMemory = {
  readonly type: string;
  readonly status: string;
  readonly sinceMs?: number | undefined;
};

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
    next.work === memory.work &&
    next.done === memory.done
  );
}

/** More conditions than any real object has; what is beyond is told without durations. */
export const CONDITIONS_MAX = 64;

const NO_CONDITIONS: Memory["conditions"] = [];
const NO_TICKS: Memory["ticks"] = {};

export const EMPTY_MEMORY: Memory = { version: 1, conditions: NO_CONDITIONS, ticks: NO_TICKS };

/** The words that a status normally is, by their places in a row. */
const STATUSES: readonly string[] = ["False", "True", "Unknown"];

/**
 * As compact JSON, by position, for a row of the store should be short and is read and written with most changes:
 *
 * `[1, origin, generation, since, health, since, phase, since, unwell since, 1 if stuck was told, conditions, flood,
 * work, ticks, what was done]`, without what is empty at its end.
 *
 * Times are milliseconds after the origin, which is in Unix milliseconds. Null stands for what nobody knows or what is
 * not there, health and the usual statuses for their places in their lists; conditions are `[type, status, since, type,
 * …]`. Whoever adds something adds it at the end; whoever moves something raises the 1, the version.
 */
export function encodeMemory(memory: Memory): string {
  const { version, generation, health, phase, conditions, ticks, unwell, flood, work, done } =
    memory;
  const originMs = originOf(memory);
  const row: unknown[] = [
    version,
    originMs,
    generation?.value,
    writeSince(generation, originMs),
    health && HEALTHS.indexOf(health.value),
    writeSince(health, originMs),
    phase?.value,
    writeSince(phase, originMs),
    writeSince(unwell, originMs),
    unwell?.isTold === true ? 1 : undefined,
    writeConditions(conditions, originMs),
    writeFlood(flood, originMs),
    writeWork(work, originMs),
    Object.keys(ticks).length === 0 ? undefined : ticks,
    writePastWork(done, originMs),
  ];
  while (row.at(-1) === undefined) row.pop();
  return JSON.stringify(row);
}

/** Takes what an older, a newer or a foreign program left in a row: keeps each part that it understands, drops the rest. */
export function decodeMemory(text: string): Memory {
  const row: unknown = JSON.parse(text);
  if (!isList(row) || row[0] !== EMPTY_MEMORY.version || !isTime(row[1])) return EMPTY_MEMORY;
  const originMs = row[1];
  return {
    version: 1,
    generation: readGeneration(row[2], readTime(row[3], originMs)),
    health: readHeld(readHealth(row[4]), readTime(row[5], originMs)),
    phase: readHeld(isString(row[6]) ? row[6] : undefined, readTime(row[7], originMs)),
    conditions: readConditions(row[10], originMs),
    ticks: readTicks(row[13]),
    unwell: readUnwell(readTime(row[8], originMs), row[9] === 1),
    flood: readFlood(row[11], originMs),
    work: readWork(row[12], originMs),
    done: readPastWork(row[14], originMs),
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

/** What is remembered of the condition of that type. */
export function conditionOf(memory: Memory, type: string): ConditionMemory | undefined {
  for (const condition of memory.conditions) if (condition.type === type) return condition;
  return undefined;
}

/** The entry that a record itself holds: keys come from users' objects, `__proto__` and `constructor` included. */
export function ownEntry<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** What most of its times are near to. */
function originOf({ generation, health }: Memory): number {
  return generation?.sinceMs ?? health?.sinceMs ?? 0;
}

function writeSince(
  held: { readonly sinceMs?: number | undefined } | undefined,
  originMs: number,
): number | undefined {
  return held?.sinceMs === undefined ? undefined : held.sinceMs - originMs;
}

function writeConditions(
  conditions: Memory["conditions"],
  originMs: number,
): readonly unknown[] | undefined {
  if (conditions.length === 0) return undefined;
  const row: unknown[] = [];
  for (const condition of conditions) {
    const { type, status } = condition;
    const word = STATUSES.indexOf(status);
    row.push(type, word === -1 ? status : word, writeSince(condition, originMs));
  }
  return row;
}

function readGeneration(value: unknown, sinceMs: number | undefined): Memory["generation"] {
  return isInteger(value) && sinceMs !== undefined ? { value, sinceMs } : undefined;
}

function readHealth(json: unknown): Health | undefined {
  return typeof json === "number" ? HEALTHS[json] : undefined;
}

function readHeld<Value>(
  value: Value | undefined,
  sinceMs: number | undefined,
): Held<Value> | undefined {
  return value === undefined ? undefined : { value, sinceMs };
}

function readUnwell(sinceMs: number | undefined, isTold: boolean): Memory["unwell"] {
  return sinceMs === undefined && !isTold ? undefined : { sinceMs, isTold };
}

function readConditions(json: unknown, originMs: number): Memory["conditions"] {
  if (!isList(json)) return NO_CONDITIONS;
  const conditions: ConditionMemory[] = [];
  for (let at = 0; at < json.length && conditions.length < CONDITIONS_MAX; at += 3) {
    const type = json[at];
    const word = json[at + 1];
    const status = typeof word === "number" ? STATUSES[word] : word;
    if (isString(type) && isString(status))
      conditions.push({ type, status, sinceMs: readTime(json[at + 2], originMs) });
  }
  return conditions;
}

function readTicks(json: unknown): Memory["ticks"] {
  if (!isMap(json)) return NO_TICKS;
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
