import { isMap } from "../util/json.ts";
import { type Health, isHealth } from "./health-words.ts";

/**
 * What lifecycle remembers about one object between two Changes: plain JSON, kept in the object's row.
 *
 * Its own version, because it outlives the program: `readMemory` takes what an older program wrote.
 * Every `sinceMs` is Unix milliseconds by the cluster's clock where that is believable, and absent where nobody knows.
 */
export type Memory = {
  readonly version: 1;
  /** Since when the present generation is known, and which it is; absent for kinds without generations. */
  readonly generation?: { readonly value: number; readonly sinceMs: number };
  /** The last health that was told, and since when it holds. */
  readonly health?: { readonly value: Health; readonly sinceMs?: number };
  readonly phase?: { readonly value: string; readonly sinceMs?: number };
  /** By condition type; at most `CONDITIONS_MAX`. */
  readonly conditions: Readonly<Record<string, ConditionMemory>>;
  /** By formatted path: how many times running this time-formatted status field changed alone (docs/contract.md §4). */
  readonly ticks: Readonly<Record<string, number>>;
};

/** `sinceMs`: since when the status (not the reason) holds. */
export type ConditionMemory = { readonly status: string; readonly sinceMs?: number };

/** More conditions than any real object has; what is beyond is told without durations. */
export const CONDITIONS_MAX = 64;

export const EMPTY_MEMORY: Memory = { version: 1, conditions: {}, ticks: {} };

/** Takes what an older, a newer or a foreign program left in a row: keeps each part that it understands, drops the rest. */
export function readMemory(json: unknown): Memory {
  if (!isMap(json)) return EMPTY_MEMORY;
  const generation = readHeld(json["generation"], isInteger);
  const health = readHeld(json["health"], isHealth);
  const phase = readHeld(json["phase"], isString);
  return {
    version: 1,
    ...(generation?.sinceMs === undefined
      ? {}
      : { generation: { value: generation.value, sinceMs: generation.sinceMs } }),
    ...(health === undefined ? {} : { health }),
    ...(phase === undefined ? {} : { phase }),
    conditions: readRecord(json["conditions"], readCondition),
    ticks: readRecord(json["ticks"], (value) =>
      isInteger(value) && value > 0 ? value : undefined,
    ),
  };
}

/** The entry that a record itself holds: keys come from users' objects, `__proto__` and `constructor` included. */
export function ownEntry<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

type Held<Value> = { readonly value: Value; readonly sinceMs?: number };

function readHeld<Value>(
  json: unknown,
  isValue: (value: unknown) => value is Value,
): Held<Value> | undefined {
  if (!isMap(json)) return undefined;
  const { value, sinceMs } = json;
  if (!isValue(value)) return undefined;
  return isTime(sinceMs) ? { value, sinceMs } : { value };
}

function readCondition(json: unknown): ConditionMemory | undefined {
  if (!isMap(json)) return undefined;
  const { status, sinceMs } = json;
  if (!isString(status)) return undefined;
  return isTime(sinceMs) ? { status, sinceMs } : { status };
}

function readRecord<Value>(
  json: unknown,
  read: (value: unknown) => Value | undefined,
): Readonly<Record<string, Value>> {
  if (!isMap(json)) return {};
  const entries: [string, Value][] = [];
  for (const [key, value] of Object.entries(json).slice(0, CONDITIONS_MAX)) {
    const parsed = read(value);
    if (parsed !== undefined) entries.push([key, parsed]);
  }
  // Unlike an assignment, this makes `__proto__` a key like any other.
  return Object.fromEntries(entries);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** The range of ECMAScript's Date, ±8.64e15 ms. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}
