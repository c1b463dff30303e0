import { isMap, type JsonMap } from "../util/json.ts";
import type { Difference } from "./change.ts";

/** The keys in `k:{…}` names that were parsed before: the same stand on the way to each difference in a list. */
export type ParsedKeys = Map<string, unknown>;

/** `[type=Ready]` of a path. */
const KEYED = /^\[(\w+)=(.*)\]$/s;

/**
 * How deep in its path a `fieldsV1` trie owns a difference, or `undefined` if it does not: `f:name` is a field, `k:{…}` a
 * list element by its keys, `v:…` one by its value, `{}` a leaf that owns all below it (structured-merge-diff,
 * `fieldpath/serialize.go`).
 *
 * A leaf may mean only that the field is there: of two owners the deeper one wrote what is below.
 */
export function ownedDepth(
  fields: JsonMap,
  difference: Difference,
  parsed: ParsedKeys,
): number | undefined {
  return depthFrom(fields, { difference, parsed }, 0);
}

type Search = { readonly difference: Difference; readonly parsed: ParsedKeys };

function depthFrom(node: JsonMap, search: Search, place: number): number | undefined {
  const { difference } = search;
  const segment = difference.path[place];
  if (segment === undefined || (place > 0 && isLeaf(node))) return place;
  const names = segment.startsWith("[")
    ? Object.keys(node).filter((name) => isElement(name, segment, search))
    : [`f:${segment}`];
  const depths = names.flatMap((name) => {
    const next = Object.hasOwn(node, name) ? node[name] : undefined;
    return isMap(next) ? (depthFrom(next, search, place + 1) ?? []) : [];
  });
  return depths.length === 0 ? undefined : Math.max(...depths);
}

function isLeaf(node: JsonMap): boolean {
  return Object.keys(node).length === 0;
}

/** A list matched by index does not say which keys the element has: there any element may be it. */
function isElement(name: string, segment: string, { difference, parsed }: Search): boolean {
  if (name.startsWith("v:"))
    return [difference.before, difference.after].some(
      (value) => name === `v:${JSON.stringify(value)}`,
    );
  if (!name.startsWith("k:")) return name === `i:${segment.slice(1, -1)}`;
  const [, key, label] = KEYED.exec(segment) ?? [];
  if (key === undefined) return true;
  const keys = keysOf(name, parsed);
  return isMap(keys) && (!Object.hasOwn(keys, key) || keys[key] === label);
}

function keysOf(name: string, parsed: ParsedKeys): unknown {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const keys = parseKeys(name.slice("k:".length)) ?? null;
  parsed.set(name, keys);
  return keys;
}

function parseKeys(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
