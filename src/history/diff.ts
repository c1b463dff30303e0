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
    const was = before[name];
    // A field may be called "constructor": only what is the map's own counts.
    const is = Object.hasOwn(after, name) ? after[name] : undefined;
    if (was !== is) compareAt(name, { before: was, after: is }, walk);
  }
  for (const name in after) {
    if (!Object.hasOwn(before, name))
      compareAt(name, { before: undefined, after: after[name] }, walk);
  }
}

function compareLists(before: readonly unknown[], after: readonly unknown[], walk: Walk): void {
  const matched = matchByKey(before, after);
  if (matched === undefined) return compareByIndex(before, after, walk);
  if (haveSameOrder(matched)) return compareInOrder(before, after, { walk, matched });
  const { key } = matched;
  const rest = new Map(matched.after.map((label, index) => [label, after[index]]));
  for (const [index, label] of matched.before.entries()) {
    compareAt(`[${key}=${label}]`, { before: before[index], after: rest.get(label) }, walk);
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

/** Lists mostly keep their order: then each element has its like at the same place. */
function compareInOrder(
  before: readonly unknown[],
  after: readonly unknown[],
  { walk, matched }: { readonly walk: Walk; readonly matched: Matched },
): void {
  for (let index = 0; index < before.length; index++) {
    const segment = `[${matched.key}=${matched.before[index]}]`;
    compareAt(segment, { before: before[index], after: after[index] }, walk);
  }
}

/** The labels of both lists, in the lists' orders. */
type Matched = {
  readonly key: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
};

function haveSameOrder({ before, after }: Matched): boolean {
  return before.length === after.length && before.every((label, index) => label === after[index]);
}

function matchByKey(before: readonly unknown[], after: readonly unknown[]): Matched | undefined {
  const areConditions = before.every(isCondition) && after.every(isCondition);
  for (const key of areConditions ? CONDITION_KEYS : LIST_KEYS) {
    const labels = labelsOf(before, key);
    const others = labels && labelsOf(after, key);
    if (labels !== undefined && others !== undefined) return { key, before: labels, after: others };
  }
  return undefined;
}

function isCondition(element: unknown): boolean {
  return (
    isMap(element) && typeof element["type"] === "string" && typeof element["status"] === "string"
  );
}

/** `undefined` unless each element is a map that has a label, and one of its own. */
function labelsOf(list: readonly unknown[], key: string): readonly string[] | undefined {
  const labels: string[] = [];
  for (const element of list) {
    if (!isMap(element)) return undefined;
    const label = Object.hasOwn(element, key) ? element[key] : undefined;
    if (typeof label !== "string") return undefined;
    labels.push(label);
  }
  return isUnique(labels) ? labels : undefined;
}

/** A Set of fewer costs more than looking at each pair. */
const PAIRS_MAX = 8;

function isUnique(labels: readonly string[]): boolean {
  return labels.length > PAIRS_MAX
    ? new Set(labels).size === labels.length
    : labels.every((label, index) => labels.indexOf(label) === index);
}
