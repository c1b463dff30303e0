import { isMap } from "../../src/util/json.ts";

/** Fields of ids: OTLP/JSON writes them in hex, Tempo in base64, as the JSON mapping of protobuf does with bytes. */
const IDS: ReadonlySet<string> = new Set(["traceId", "spanId", "parentSpanId"]);

/** Enums that tests look at: OTLP/JSON writes numbers, Tempo names. */
const NUMBERS: Readonly<Record<string, number>> = {
  STATUS_CODE_UNSET: 0,
  STATUS_CODE_OK: 1,
  STATUS_CODE_ERROR: 2,
};

/** Tempo's JSON of a trace as OTLP/JSON. */
export function readTempoJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readTempoJson);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([name, field]) => [name, readField(name, field)]);
  return Object.fromEntries(entries);
}

function readField(name: string, field: unknown): unknown {
  if (typeof field !== "string") return readTempoJson(field);
  if (IDS.has(name)) return Buffer.from(field, "base64").toString("hex");
  return name === "code" ? (NUMBERS[field] ?? field) : field;
}
