import type { PrinterColumn, SchemaHints } from "../cluster/kube-object.ts";
import { fieldAt, isMap } from "../util/json.ts";
import { parseQuantity } from "../util/quantity.ts";
import { rememberByName } from "../util/remember-by-name.ts";
import { snakeCase } from "../util/snake-case.ts";
import { parseClusterTimeMs } from "./event-time.ts";

/** One field of a status that a series can show. */
export type StatusField = {
  /** In snake_case: the end of the metric's name. */
  readonly name: string;
  /** A time is in Unix seconds. */
  readonly value: number;
  readonly isTime: boolean;
};

/** docs/contract.md §5. */
const FIELDS_MAX = 10;

/** Longer names come from maps that hold data under the status, not from a schema. */
const NAME_MAX_LENGTH = 100;

/** `.status.storage.allocatedGb`, but nothing with filters, indexes or quotes. */
const PLAIN_STATUS_PATH = /^\.status((?:\.[A-Za-z_][\w-]*)+)$/;

const ID_WORDS: ReadonlySet<string> = new Set(["id", "ids", "uid", "uids", "uuid", "guid"]);

/** In a field with such a word in its name, `5m` means five minutes. */
const TIME_WORDS: ReadonlySet<string> = new Set(
  "after age backoff delay duration elapsed every expiry interval lag latency lease period retention time timeout ttl uptime wait window".split(
    " ",
  ),
);

/**
 * The numbers, quantities and times of a status: numeric and date printer columns first, in their order, then the
 * fields at its top in alphabetical order; at most 10, no observedGeneration, no ids.
 *
 * A string is a number only if its printer column says so, or if it is a quantity with a suffix: without a schema
 * `"4.4"` is a version and `"2e3"` may be a commit.
 */
export function readStatusFields(status: unknown, hints: SchemaHints): readonly StatusField[] {
  if (!isMap(status)) return [];
  const fields: StatusField[] = [];
  for (const column of hints.printerColumns) {
    if (fields.length >= FIELDS_MAX) return fields;
    const { path, name } = statusColumn(column.jsonPath);
    if (name === undefined || hasField(fields, name)) continue;
    const reading = readColumn(fieldAt(status, ...path), column);
    if (reading !== undefined) fields.push({ name, value: reading.value, isTime: reading.isTime });
  }
  for (const { name, value } of namedAtTop(status)) {
    if (fields.length >= FIELDS_MAX) return fields;
    if (hasField(fields, name)) continue;
    const reading = readTop(value, name);
    if (reading !== undefined) fields.push({ name, value: reading.value, isTime: reading.isTime });
  }
  return fields;
}

function hasField(fields: readonly StatusField[], name: string): boolean {
  return fields.some((field) => field.name === name);
}

type Named = { readonly key: string; readonly name: string; readonly value: unknown };

/** What may be a field at the top of a status, by its name in a series. */
function namedAtTop(status: Readonly<Record<string, unknown>>): readonly Named[] {
  const top: Named[] = [];
  for (const key in status) {
    const value = status[key];
    const name = isShown(value) ? metricName(key) : undefined;
    if (name !== undefined) top.push({ key, name, value });
  }
  top.sort(byName);
  return top;
}

function byName(a: Named, b: Named): number {
  return compare(a.name, b.name) || compare(a.key, b.key);
}

/** Cheap, before a name is made: a status may be a map with thousands of entries. */
function isShown(value: unknown): boolean {
  return typeof value === "number" || (typeof value === "string" && isLikeNumber(value));
}

/** Whether it begins as numbers and times do: with a digit, or one of `+`, `-` and `.`, which stand right before the digits. */
function isLikeNumber(text: string): boolean {
  const code = text.charCodeAt(0);
  return code >= 0x2b && code <= 0x39;
}

type Reading = Omit<StatusField, "name">;

function readColumn(value: unknown, { type }: PrinterColumn): Reading | undefined {
  if (type === "date") return readTime(value);
  if (typeof value === "number") return { value, isTime: false };
  const quantity = typeof value === "string" ? parseQuantity(value) : undefined;
  return quantity === undefined ? undefined : { value: quantity.value, isTime: false };
}

function readTop(value: unknown, name: string): Reading | undefined {
  if (typeof value === "number") return { value, isTime: false };
  if (typeof value !== "string") return undefined;
  const quantity = parseQuantity(value);
  if (quantity === undefined) return readTime(value);
  if (quantity.suffix === "" || (quantity.suffix === "m" && isAboutTime(name))) return undefined;
  return { value: quantity.value, isTime: false };
}

function readTime(value: unknown): Reading | undefined {
  const timeMs = parseClusterTimeMs(value);
  return timeMs === undefined ? undefined : { value: timeMs / 1_000, isTime: true };
}

function isAboutTime(name: string): boolean {
  return name.split("_").some((word) => TIME_WORDS.has(word));
}

/** Where a column reads, and the name of its series. */
const statusColumn = rememberByName(
  (jsonPath): { readonly path: readonly string[]; readonly name: string | undefined } => {
    const path = PLAIN_STATUS_PATH.exec(jsonPath)?.[1]?.slice(1).split(".") ?? [];
    return { path, name: metricName(path.join("_")) };
  },
);

/** `undefined` for what is no measure: ids, observedGeneration, names that are none. */
const metricName = rememberByName((field): string | undefined => {
  if (field.length > NAME_MAX_LENGTH) return undefined;
  const name = snakeCase(field);
  if (name === "" || name === "observed_generation") return undefined;
  return ID_WORDS.has(name.slice(name.lastIndexOf("_") + 1)) ? undefined : name;
});

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
