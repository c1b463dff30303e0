import type { LogEntry } from "../testbed/otlp-json.ts";
import { textAttribute } from "./text-attribute.ts";

/** `lifeline.change.diff` of a record, parsed; empty where there is none. */
export function diffOf(record: LogEntry | undefined): readonly unknown[] {
  const text = record === undefined ? "" : textAttribute(record, "lifeline.change.diff");
  const diff: unknown = text === "" ? [] : JSON.parse(text);
  return Array.isArray(diff) ? diff : [];
}
