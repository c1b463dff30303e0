import { Buffer } from "node:buffer";
import { readFields, textOf } from "../otlp/protobuf-reader.ts";

/** For tests: which fields are messages, which are text and which are bytes; numbers need no mention, `"skip"` leaves a field out. */
export type WireSchema = { readonly [field: number]: WireSchema | "text" | "hex" | "skip" };

/** A message as `[field number, value]` pairs, in the order of the numbers, repeated ones in their own order. */
export type WireTree = readonly (readonly [number, WireTree | string | bigint])[];

const ANY_VALUE: { [field: number]: WireSchema | "text" } = { 1: "text" };
ANY_VALUE[5] = { 1: ANY_VALUE };

const KEY_VALUE: WireSchema = { 1: "text", 2: ANY_VALUE };

/** Resource and scope; counts of dropped attributes, which the official serializers spell out as 0, are skipped. */
const RESOURCE: WireSchema = { 1: KEY_VALUE, 2: "skip" };
const SCOPE: WireSchema = { 1: "text", 2: "text" };

const LOG_RECORD: WireSchema = {
  3: "text",
  5: ANY_VALUE,
  6: KEY_VALUE,
  7: "skip",
  9: "hex",
  10: "hex",
  12: "text",
};

export const LOGS_REQUEST: WireSchema = { 1: { 1: RESOURCE, 2: { 1: SCOPE, 2: LOG_RECORD } } };

/** Flags of links are optional, and an unset status may be an empty one. */
const SPAN: WireSchema = {
  1: "hex",
  2: "hex",
  4: "hex",
  5: "text",
  9: KEY_VALUE,
  10: "skip",
  11: { 2: "text", 3: KEY_VALUE, 4: "skip" },
  12: "skip",
  13: { 1: "hex", 2: "hex", 4: KEY_VALUE, 5: "skip", 6: "skip" },
  14: "skip",
  15: { 2: "text" },
};

export const TRACES_REQUEST: WireSchema = { 1: { 1: RESOURCE, 2: { 1: SCOPE, 2: SPAN } } };

const NUMBERS: WireSchema = { 1: { 7: KEY_VALUE } };

export const METRICS_REQUEST: WireSchema = {
  1: { 1: RESOURCE, 2: { 1: SCOPE, 2: { 1: "text", 3: "text", 5: NUMBERS, 7: NUMBERS } } },
};

/** Decodes by a schema of its own, apart from the writer: what both read alike was written alike. */
export function wireTree(bytes: Uint8Array, schema: WireSchema): WireTree {
  const pairs: [number, WireTree | string | bigint][] = [];
  for (const field of readFields(bytes)) {
    const kind = schema[field.number];
    if (kind === "skip") continue;
    if (field.type !== "bytes") pairs.push([field.number, field.value]);
    else if (typeof kind === "object") pairs.push([field.number, wireTree(field.value, kind)]);
    else if (kind === "text") pairs.push([field.number, textOf(field)]);
    else if (kind === "hex") pairs.push([field.number, Buffer.from(field.value).toString("hex")]);
    else throw new Error(`Cannot read field ${field.number}: the schema does not know it`);
  }
  return pairs.toSorted(([a], [b]) => a - b);
}

/** All messages at a path of field numbers. */
export function treesAt(tree: WireTree, ...path: readonly number[]): readonly WireTree[] {
  const [next, ...rest] = path;
  if (next === undefined) return [tree];
  return tree.flatMap(([number, value]) =>
    number === next && typeof value === "object" ? treesAt(value, ...rest) : [],
  );
}

/** The one value of a field that is no message. */
export function valueAt(tree: WireTree, number: number): string | bigint | undefined {
  const value = tree.find(([field]) => field === number)?.[1];
  return typeof value === "object" ? undefined : value;
}

/** The attributes of a message, by name. */
export function attributesAt(
  tree: WireTree,
  number: number,
): Record<string, string | bigint | undefined> {
  const pairs = treesAt(tree, number).map((pair) => {
    const any = treesAt(pair, 2)[0] ?? [];
    const value = any[0]?.[1];
    return [String(valueAt(pair, 1)), typeof value === "object" ? undefined : value] as const;
  });
  return Object.fromEntries(pairs);
}
