import { isMap, type JsonMap } from "../util/json.ts";
import type { Difference } from "./change.ts";

/** `[type=Ready]` of a path. */
const KEYED = /^\[(\w+)=(.*)\]$/s;

/**
 * Whether a `fieldsV1` trie owns the place of a difference: `f:name` is a field, `k:{…}` a list element by its keys,
 * `v:…` one by its value, `{}` a leaf that owns all below it (structured-merge-diff, `fieldpath/serialize.go`).
 */
export function ownsDifference(fields: JsonMap, difference: Difference): boolean {
  return owns(fields, difference, 0);
}

function owns(node: JsonMap, difference: Difference, place: number): boolean {
  const segment = difference.path[place];
  if (segment === undefined) return true;
  if (place > 0 && isLeaf(node)) return true;
  if (!segment.startsWith("[")) {
    const next = Object.hasOwn(node, `f:${segment}`) ? node[`f:${segment}`] : undefined;
    return isMap(next) && owns(next, difference, place + 1);
  }
  return Object.keys(node).some((name) => {
    const next = node[name];
    return isMap(next) && isElement(name, segment, difference) && owns(next, difference, place + 1);
  });
}

function isLeaf(node: JsonMap): boolean {
  return Object.keys(node).length === 0;
}

/** A list matched by index does not say which keys the element has: there any element may be it. */
function isElement(name: string, segment: string, difference: Difference): boolean {
  if (name.startsWith("v:"))
    return [difference.before, difference.after].some(
      (value) => name === `v:${JSON.stringify(value)}`,
    );
  if (!name.startsWith("k:")) return name === `i:${segment.slice(1, -1)}`;
  const [, key, label] = KEYED.exec(segment) ?? [];
  if (key === undefined) return true;
  const keys = parseKeys(name.slice("k:".length));
  return isMap(keys) && (!Object.hasOwn(keys, key) || keys[key] === label);
}

function parseKeys(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
