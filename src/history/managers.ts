import type { ManagedFieldsEntry } from "../cluster/kube-object.ts";
import { FNV_OFFSET, fnv1a32 } from "../util/fnv1a32.ts";
import { isList, isMap, type JsonMap } from "../util/json.ts";
import { RawJson } from "../util/raw-json.ts";
import { parseRfc3339Ms } from "../util/rfc3339.ts";
import { isTime, readTime } from "../util/row-time.ts";
import type { Difference, SpecWrite } from "./change.ts";
import { ownedDepth, type ParsedKeys } from "./owned-fields.ts";

/**
 * `[manager, newest time, hash of its fields]`, one per manager, in the object's order. The time is in Unix milliseconds,
 * null where the entry has none that can be read.
 */
export type ManagerSummary = readonly (readonly [
  manager: string,
  timeMs: number | null,
  hash: number,
])[];

/** Who changed an object, and when by the cluster's clock; `writtenAtMs` only where managedFields really tell. */
export type Authorship = { readonly managers: readonly string[]; readonly writtenAtMs?: number };

/** What a change of managedFields shows itself by. */
export function summarizeManagers(
  entries: readonly ManagedFieldsEntry[] | undefined,
): ManagerSummary {
  if (!Array.isArray(entries)) return [];
  const summary = new Map<string, [manager: string, timeMs: number | null, hash: number]>();
  for (const entry of entries) {
    const name = nameManager(entry);
    const timeMs = parseRfc3339Ms(entry.time) ?? null;
    const hash = hashFields(entry.fieldsV1);
    const known = summary.get(name);
    if (known === undefined) {
      summary.set(name, [name, timeMs, hash]);
      continue;
    }
    // One manager may hold an entry per API version: they count as one.
    if (timeMs !== null && timeMs > (known[1] ?? -Infinity)) known[1] = timeMs;
    known[2] = joinHashes(known[2], hash);
  }
  return [...summary.values()];
}

/**
 * As compact JSON, empty where there are none: kept in the object's row in place of managedFields, and short,
 * for a commit costs what its rows take of pages. `[origin, manager, time, hash, manager, …]`: times in milliseconds
 * after the origin, which is in Unix milliseconds.
 */
export function encodeManagers(summary: ManagerSummary): string {
  if (summary.length === 0) return "";
  const originMs = summary[0]?.[1] ?? 0;
  const row: unknown[] = [originMs];
  for (const [manager, timeMs, hash] of summary)
    row.push(manager, timeMs === null ? null : timeMs - originMs, hash);
  return JSON.stringify(row);
}

/** What it understands of the text that an `encodeManagers` wrote, be it an older or a foreign program's. */
export function decodeManagers(text: string): ManagerSummary {
  const row: unknown = text === "" ? undefined : JSON.parse(text);
  if (!isList(row) || !isTime(row[0])) return [];
  const summary: [manager: string, timeMs: number | null, hash: number][] = [];
  for (let at = 1; at + 2 < row.length; at += 3) {
    const manager = row[at];
    const hash = row[at + 2];
    if (typeof manager === "string" && typeof hash === "number")
      summary.push([manager, readTime(row[at + 1], row[0]) ?? null, hash]);
  }
  return summary;
}

/**
 * Who made a change: the managers whose entry is new or carries another time; else (a second write within the same
 * second) those that own a value which was set, for whoever sets a value owns it from then on; else those whose fields
 * alone moved (the losers of a field that was removed); else those that own what changed.
 *
 * Times come first because an entry also loses fields when another manager takes them over, and then keeps its time
 * (structured-merge-diff; kube-apiserver stamps only the acting manager, and none where fields are only removed).
 */
export function findAuthors(input: {
  /** The summary that was remembered, and the one that came in. */
  readonly before: ManagerSummary;
  readonly after: ManagerSummary;
  readonly entries: readonly ManagedFieldsEntry[] | undefined;
  readonly differences: readonly Difference[];
}): Authorship {
  const { after } = input;
  const before = finder(input.before);
  const stamped = after.filter((row) => before(row[0])?.[1] !== row[1]);
  if (stamped.length > 0) return { managers: stamped.map(nameOf), ...writtenAt(stamped) };
  const setters = findOwners(
    input.entries,
    input.differences.filter((difference) => difference.after !== undefined),
  );
  if (setters.length > 0) {
    const acting = after.filter(([name]) => setters.includes(name));
    return { managers: setters, ...writtenAt(acting) };
  }
  const moved = after.filter((row) => before(row[0])?.[2] !== row[2]).map(nameOf);
  return { managers: moved.length > 0 ? moved : findOwners(input.entries, input.differences) };
}

/** `manager/operation`, without `/subresource`. */
const MAIN_RESOURCE = /^[^/]*\/[^/]*$/;
const WRITERS_MAX = 20;

/** Who wrote the object itself, not a subresource such as its status: of those in `before` only who wrote anew. */
export function findSpecWrite(
  after: ManagerSummary,
  before: ManagerSummary = [],
): SpecWrite | undefined {
  const known = finder(before);
  const wrote = after.filter((row) => MAIN_RESOURCE.test(row[0]) && known(row[0])?.[1] !== row[1]);
  if (wrote.length === 0) return undefined;
  const { writtenAtMs } = writtenAt(wrote);
  const managers = wrote.slice(0, WRITERS_MAX).map(nameOf);
  return writtenAtMs === undefined ? { managers } : { managers, atMs: writtenAtMs };
}

/** Fewer are found by looking at each: a map of them costs more. */
const MAPPED_MIN = 16;

/** The row of a manager by its name. */
function finder(summary: ManagerSummary): (name: string) => ManagerSummary[number] | undefined {
  if (summary.length < MAPPED_MIN) return (name) => summary.find((row) => row[0] === name);
  const rows = new Map(summary.map((row) => [row[0], row]));
  return (name) => rows.get(name);
}

function nameOf(row: ManagerSummary[number]): string {
  return row[0];
}

function nameManager(entry: ManagedFieldsEntry): string {
  const name = `${entry.manager ?? "unknown"}/${entry.operation ?? "Update"}`;
  return typeof entry.subresource === "string" && entry.subresource !== ""
    ? `${name}/${entry.subresource}`
    : name;
}

/** The same for a trie that was parsed as for its text: which of both it is may differ between a list and a watch. */
function hashFields(fields: unknown): number {
  if (fields instanceof RawJson) return fields.hash;
  return isMap(fields) ? new RawJson(writeTrie(fields)).hash : FNV_OFFSET;
}

/** What Go's encoding/json escapes, and JSON.stringify does not. */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;

/** As API servers write it; empty if it is nested too deep to be written (V8: some 4,000 levels). */
function writeTrie(fields: JsonMap): string {
  try {
    return JSON.stringify(fields).replaceAll(
      ESCAPED_BY_GO,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  } catch (thrown) {
    if (thrown instanceof RangeError) return "";
    throw thrown;
  }
}

function joinHashes(first: number, second: number): number {
  return fnv1a32(first, String(second));
}

function writtenAt(stamped: ManagerSummary): { readonly writtenAtMs?: number } {
  let writtenAtMs: number | undefined;
  for (const [, timeMs] of stamped)
    if (timeMs !== null && timeMs > (writtenAtMs ?? -Infinity)) writtenAtMs = timeMs;
  return writtenAtMs === undefined ? {} : { writtenAtMs };
}

/** Owners are looked for by each difference in each list element: one write of thousands needs no more to name its writer. */
const DIFFERENCES_MAX = 20;

function findOwners(
  entries: readonly ManagedFieldsEntry[] | undefined,
  differences: readonly Difference[],
): readonly string[] {
  if (!Array.isArray(entries)) return [];
  const parsed: ParsedKeys = new Map();
  const tries = entries.flatMap(readTrie);
  return [
    ...new Set(
      differences
        .slice(0, DIFFERENCES_MAX)
        .flatMap((difference) => ownersOf(tries, difference, parsed)),
    ),
  ];
}

type Trie = { readonly name: string; readonly fields: JsonMap };

function readTrie(entry: ManagedFieldsEntry): readonly Trie[] {
  const { fieldsV1 } = entry;
  const fields: unknown = fieldsV1 instanceof RawJson ? fieldsV1.value : fieldsV1;
  return isMap(fields) ? [{ name: nameManager(entry), fields }] : [];
}

/** Those that own it at the greatest depth. */
function ownersOf(
  tries: readonly Trie[],
  difference: Difference,
  parsed: ParsedKeys,
): readonly string[] {
  const owners = tries.flatMap(({ name, fields }) => {
    const depth = ownedDepth(fields, difference, parsed);
    return depth === undefined ? [] : [{ name, depth }];
  });
  const deepest = Math.max(...owners.map(({ depth }) => depth));
  return owners.filter(({ depth }) => depth === deepest).map(({ name }) => name);
}
