/** A plain JSON object, as opposed to a list, a scalar or null. */
export type JsonMap = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As `Array.isArray`, without its `any`. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The value at a chain of field names, or `undefined` where the chain breaks. */
export function fieldAt(value: unknown, ...names: readonly string[]): unknown {
  let current = value;
  for (const name of names) {
    if (!isMap(current)) return undefined;
    current = current[name];
  }
  return current;
}
