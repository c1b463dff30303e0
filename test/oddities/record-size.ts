import type { LogEntry } from "../testbed/otlp-json.ts";

/** The bytes of a record's body and attributes, names included: what docs/contract.md §4 bounds. */
export function recordBytes({ body, attributes }: LogEntry): number {
  return bytesOf(body) + bytesOf(attributes);
}

function bytesOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return 8;
  return Object.entries(value).reduce(
    (sum, [key, entry]) =>
      sum + (Array.isArray(value) ? 0 : Buffer.byteLength(key)) + bytesOf(entry),
    0,
  );
}
