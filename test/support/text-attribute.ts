import type { LogEntry } from "../testbed/otlp-json.ts";

/** An attribute of a record that is a string; `""` where there is none of that name. Throws for any other type. */
export function textAttribute({ attributes }: Pick<LogEntry, "attributes">, name: string): string {
  const value = attributes[name] ?? "";
  if (typeof value === "string") return value;
  throw new Error(`Cannot read attribute "${name}" as text: it is ${JSON.stringify(value)}`);
}
