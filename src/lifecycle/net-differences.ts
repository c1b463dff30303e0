import type { Difference } from "../history/change.ts";
import { canonicalJson } from "../util/canonical-json.ts";
import { type FieldPath, formatFieldPath } from "../util/field-path.ts";
import { isList, isMap } from "../util/json.ts";
import { fitsUtf8 } from "../util/utf8.ts";

/**
 * What several writes changed in all, path by path: what stood there before the first write that named it, and what
 * after the last. Kept in an object's memory, hence bounded: at most about 9 KiB.
 */
export type NetDifferences = {
  readonly entries: readonly NetDifference[];
  /** Whether a path or a value was left out. */
  readonly isCut: boolean;
};

/** Without `values`: it moved, but its values are too long to be remembered. */
type NetDifference = {
  readonly path: FieldPath;
  readonly values?: { readonly before?: unknown; readonly after?: unknown };
};

/** As many paths as a record names (docs/contract.md §4). */
const PATHS_MAX = 20;
const PATH_MAX_BYTES = 200;
/** A number, a quantity, an image; texts are for records of their own. */
const VALUE_MAX_BYTES = 100;

export const NO_DIFFERENCES: NetDifferences = { entries: [], isCut: false };

/** One more write's differences on top of those before it. */
export function addDifferences(
  net: NetDifferences,
  differences: readonly Difference[],
): NetDifferences {
  const entries = new Map(net.entries.map((entry) => [formatFieldPath(entry.path), entry]));
  let { isCut } = net;
  for (const difference of differences) {
    const key = formatFieldPath(difference.path);
    const known = entries.get(key);
    if (known === undefined && (entries.size >= PATHS_MAX || !fitsUtf8(key, PATH_MAX_BYTES))) {
      isCut = true;
      continue;
    }
    const entry = extend(known, difference);
    entries.set(key, entry);
    if (entry.values === undefined) isCut = true;
  }
  return { entries: [...entries.values()], isCut };
}

/** The entries that are not again as they were, in the form of any other change. */
export function remainingDifferences({ entries }: NetDifferences): readonly Difference[] {
  const differences: Difference[] = [];
  for (const { path, values } of entries) {
    if (values === undefined || isSame(values.before, values.after)) continue;
    differences.push({ path, before: values.before, after: values.after });
  }
  return differences;
}

/** The same paths, without their values. */
export function forgetValues({ entries }: NetDifferences): NetDifferences {
  return { entries: entries.map(({ path }) => ({ path })), isCut: true };
}

/** Compact JSON for the memory: `[path, {before, after}]` per entry, `[path]` without values. */
export function writeNetDifferences({ entries }: NetDifferences): readonly unknown[] {
  return entries.map(({ path, values }) => (values === undefined ? [path] : [path, values]));
}

/** Takes what is readable of what `writeNetDifferences` wrote. */
export function readNetDifferences(json: unknown, isCut: boolean): NetDifferences {
  const entries: NetDifference[] = [];
  for (const row of isList(json) ? json.slice(0, PATHS_MAX) : []) {
    const [path, values] = isList(row) ? row : [];
    if (isPath(path)) entries.push(isMap(values) ? { path, values: readValues(values) } : { path });
  }
  return { entries, isCut };
}

function extend(
  known: NetDifference | undefined,
  { path, before, after }: Difference,
): NetDifference {
  if (known !== undefined && known.values === undefined) return known;
  const first = known?.values === undefined ? before : known.values.before;
  if (!isShort(first) || !isShort(after)) return { path };
  return {
    path,
    values: {
      ...(first === undefined ? {} : { before: first }),
      ...(after === undefined ? {} : { after }),
    },
  };
}

function isShort(value: unknown): boolean {
  if (typeof value === "string") return fitsUtf8(value, VALUE_MAX_BYTES);
  if (typeof value !== "object" || value === null) return true;
  return fitsUtf8(canonicalJson(value), VALUE_MAX_BYTES);
}

function isSame(before: unknown, after: unknown): boolean {
  if (before === undefined || after === undefined) return before === after;
  return canonicalJson(before) === canonicalJson(after);
}

function readValues(
  values: Readonly<Record<string, unknown>>,
): NonNullable<NetDifference["values"]> {
  return {
    ...("before" in values ? { before: values["before"] } : {}),
    ...("after" in values ? { after: values["after"] } : {}),
  };
}

function isPath(value: unknown): value is FieldPath {
  return (
    isList(value) &&
    value.length > 0 &&
    value.every((segment) => typeof segment === "string") &&
    fitsUtf8(value.join("."), PATH_MAX_BYTES)
  );
}
