import { canonicalJson } from "../util/canonical-json.ts";
import type { FieldPath } from "../util/field-path.ts";
import { isMap, type JsonMap } from "../util/json.ts";
import type { Difference } from "./change.ts";

/** Deeper values are compared as one text and differ as a whole; real objects have some twenty levels. */
const MAX_DEPTH = 100;

/** Fields that tell the elements of a list apart, in the order in which they are tried. */
const LIST_KEYS = ["name", "key", "id"] as const;

type Step = { readonly path: FieldPath; readonly found: Difference[] };

/**
 * Where two JSON values differ, in the order of the fields of `before`, then of those that only `after` has.
 *
 * A subtree that only one side has is one difference. Lists of conditions are matched by `type`, other lists of maps
 * by `name`, `key` or `id` where that is a unique string on both sides, else by index: their order is no difference.
 */
export function diff(before: unknown, after: unknown, path: FieldPath = []): readonly Difference[] {
  const found: Difference[] = [];
  compareValues(before, after, { path, found });
  return found;
}

function compareValues(before: unknown, after: unknown, step: Step): void {
  if (before === after) return;
  if (isMap(before) && isMap(after)) return descend(before, after, { step, into: compareMaps });
  if (Array.isArray(before) && Array.isArray(after))
    return descend<readonly unknown[]>(before, after, { step, into: compareLists });
  step.found.push({ path: step.path, before, after });
}

function descend<T>(
  before: T,
  after: T,
  how: { readonly step: Step; readonly into: (before: T, after: T, step: Step) => void },
): void {
  const { step, into } = how;
  if (step.path.length < MAX_DEPTH) into(before, after, step);
  else if (canonicalJson(before) !== canonicalJson(after))
    step.found.push({ path: step.path, before, after });
}

function compareMaps(before: JsonMap, after: JsonMap, step: Step): void {
  for (const name of Object.keys(before)) {
    // A field may be called "constructor": only what is the map's own counts.
    const next = Object.hasOwn(after, name) ? after[name] : undefined;
    if (before[name] !== next)
      compareValues(before[name], next, { path: [...step.path, name], found: step.found });
  }
  for (const name of Object.keys(after)) {
    if (!Object.hasOwn(before, name))
      step.found.push({ path: [...step.path, name], before: undefined, after: after[name] });
  }
}

function compareLists(before: readonly unknown[], after: readonly unknown[], step: Step): void {
  const key = listKey(before, after);
  if (key === undefined) return compareByIndex(before, after, step);
  const rest = byKey(after, key);
  for (const [label, element] of byKey(before, key)) {
    compareValues(element, rest.get(label), {
      path: [...step.path, `[${key}=${label}]`],
      found: step.found,
    });
    rest.delete(label);
  }
  for (const [label, element] of rest)
    step.found.push({
      path: [...step.path, `[${key}=${label}]`],
      before: undefined,
      after: element,
    });
}

function compareByIndex(before: readonly unknown[], after: readonly unknown[], step: Step): void {
  const length = Math.max(before.length, after.length);
  for (let index = 0; index < length; index++) {
    if (before[index] !== after[index])
      compareValues(before[index], after[index], {
        path: [...step.path, `[${index}]`],
        found: step.found,
      });
  }
}

function listKey(before: readonly unknown[], after: readonly unknown[]): string | undefined {
  if (!before.every(isMap) || !after.every(isMap)) return undefined;
  const both: readonly JsonMap[] = [...before, ...after];
  if (both.every(isCondition))
    return isUniqueIn(before, "type") && isUniqueIn(after, "type") ? "type" : undefined;
  return LIST_KEYS.find((key) => isUniqueIn(before, key) && isUniqueIn(after, key));
}

function isCondition(element: JsonMap): boolean {
  return typeof element["type"] === "string" && typeof element["status"] === "string";
}

function isUniqueIn(list: readonly JsonMap[], key: string): boolean {
  const seen = new Set<string>();
  for (const element of list) {
    const label = Object.hasOwn(element, key) ? element[key] : undefined;
    if (typeof label !== "string") return false;
    seen.add(label);
  }
  return seen.size === list.length;
}

function byKey(list: readonly unknown[], key: string): Map<string, unknown> {
  return new Map(list.map((element) => [isMap(element) ? String(element[key]) : "", element]));
}
