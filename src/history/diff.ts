import { canonicalJson } from "../util/canonical-json.ts";
import type { FieldPath } from "../util/field-path.ts";
import { isMap, type JsonMap } from "../util/json.ts";
import type { Difference } from "./change.ts";

/** Deeper values are compared as one text and differ as a whole; real objects have some twenty levels. */
const MAX_DEPTH = 100;

/** Fields that tell the elements of a list apart, in the order in which they are tried. */
const LIST_KEYS = ["name", "key", "id"] as const;
const CONDITION_KEYS = ["type"] as const;

/** `path` is where the walk stands; it is copied only for what is found. */
type Walk = { readonly path: string[]; readonly found: Difference[] };

/**
 * Where two JSON values differ, in the order of the fields of `before`, then of those that only `after` has.
 *
 * A subtree that only one side has is one difference. Lists of conditions are matched by `type`, other lists of maps
 * by `name`, `key` or `id` where that is a unique string on both sides, else by index: their order is no difference.
 */
export function diff(before: unknown, after: unknown, path: FieldPath = []): readonly Difference[] {
  const found: Difference[] = [];
  compareValues(before, after, { path: [...path], found });
  return found;
}

function compareValues(before: unknown, after: unknown, walk: Walk): void {
  if (before === after) return;
  if (isMap(before) && isMap(after)) return descend(before, after, { walk, into: compareMaps });
  if (Array.isArray(before) && Array.isArray(after))
    return descend<readonly unknown[]>(before, after, { walk, into: compareLists });
  report(before, after, walk);
}

function report(before: unknown, after: unknown, { path, found }: Walk): void {
  found.push({ path: [...path], before, after });
}

/** Compares what stands one step further in. */
function compareAt(
  segment: string,
  { before, after }: { readonly before: unknown; readonly after: unknown },
  walk: Walk,
): void {
  if (before === after) return;
  walk.path.push(segment);
  compareValues(before, after, walk);
  walk.path.pop();
}

function descend<T>(
  before: T,
  after: T,
  how: { readonly walk: Walk; readonly into: (before: T, after: T, walk: Walk) => void },
): void {
  const { walk, into } = how;
  if (walk.path.length < MAX_DEPTH) into(before, after, walk);
  else if (canonicalJson(before) !== canonicalJson(after)) report(before, after, walk);
}

function compareMaps(before: JsonMap, after: JsonMap, walk: Walk): void {
  // `for in` reads the names off the shape that maps of parsed JSON share, and makes no list of them.
  for (const name in before) {
    // A field may be called "constructor": only what is the map's own counts.
    const next = Object.hasOwn(after, name) ? after[name] : undefined;
    compareAt(name, { before: before[name], after: next }, walk);
  }
  for (const name in after) {
    if (!Object.hasOwn(before, name))
      compareAt(name, { before: undefined, after: after[name] }, walk);
  }
}

function compareLists(before: readonly unknown[], after: readonly unknown[], walk: Walk): void {
  const matched = matchByKey(before, after);
  if (matched === undefined) return compareByIndex(before, after, walk);
  const { key, rest } = matched;
  for (const [label, element] of matched.before) {
    compareAt(`[${key}=${label}]`, { before: element, after: rest.get(label) }, walk);
    rest.delete(label);
  }
  for (const [label, element] of rest)
    compareAt(`[${key}=${label}]`, { before: undefined, after: element }, walk);
}

function compareByIndex(before: readonly unknown[], after: readonly unknown[], walk: Walk): void {
  const length = Math.max(before.length, after.length);
  for (let index = 0; index < length; index++)
    compareAt(`[${index}]`, { before: before[index], after: after[index] }, walk);
}

type Matched = {
  readonly key: string;
  readonly before: ReadonlyMap<string, unknown>;
  /** The elements of the other list, for the taking. */
  readonly rest: Map<string, unknown>;
};

function matchByKey(before: readonly unknown[], after: readonly unknown[]): Matched | undefined {
  const areConditions = before.every(isCondition) && after.every(isCondition);
  for (const key of areConditions ? CONDITION_KEYS : LIST_KEYS) {
    const elements = byKey(before, key);
    const rest = elements && byKey(after, key);
    if (elements !== undefined && rest !== undefined) return { key, before: elements, rest };
  }
  return undefined;
}

function isCondition(element: unknown): boolean {
  return (
    isMap(element) && typeof element["type"] === "string" && typeof element["status"] === "string"
  );
}

/** The elements by their labels; `undefined` unless each is a map that has one, and one of its own. */
function byKey(list: readonly unknown[], key: string): Map<string, unknown> | undefined {
  const elements = new Map<string, unknown>();
  for (const element of list) {
    if (!isMap(element)) return undefined;
    const label = Object.hasOwn(element, key) ? element[key] : undefined;
    if (typeof label !== "string") return undefined;
    elements.set(label, element);
  }
  return elements.size === list.length ? elements : undefined;
}
