import type {
  AttributeValue,
  Attributes,
  EventName,
  LogSignal,
  Severity,
} from "../../lifecycle/signal.ts";
import { LOG_RECORDS } from "../../lifecycle/signal-table.ts";
import { formatLogLine } from "../../otlp/console/format-log-line.ts";
import { type LineOptions, renderLine } from "../../otlp/console/line.ts";
import type { ReceivedValue } from "../otlp-receiver/message-fields.ts";
import type { ReceivedRecord } from "../otlp-receiver/received.ts";

/** A received record as one line, in the looks of the program's own console; what is not one of its events, in dim. */
export function recordLine(record: ReceivedRecord, options: LineOptions): string {
  const { eventName, severityText } = record;
  if (!isEventName(eventName) || !isSeverity(severityText)) {
    return renderLine(
      [{ text: `${severityText} ${record.scope.name}: ${textOf(record.body)}`, style: "dim" }],
      options,
    );
  }
  const namespace = record.resource["k8s.namespace.name"];
  const signal: LogSignal = {
    type: "log",
    eventName,
    severity: severityText,
    timeMs: Number(record.timeUnixNano / 1_000_000n),
    observedTimeMs: Number(record.observedTimeUnixNano / 1_000_000n),
    body: textOf(record.body),
    attributes: plainAttributes(record.attributes),
    ...(typeof namespace === "string" ? { namespace } : {}),
  };
  return formatLogLine(signal, options);
}

/** What was received as what was sent: 64-bit integers as numbers. */
export function plainAttributes(attributes: ReceivedRecord["attributes"]): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, plainValue(value)]),
  );
}

function plainValue(value: ReceivedValue): AttributeValue {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map((element) => textOf(element));
  return typeof value === "number" || typeof value === "boolean" ? value : textOf(value);
}

function textOf(value: ReceivedValue): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function isEventName(name: string): name is EventName {
  return Object.hasOwn(LOG_RECORDS, name);
}

function isSeverity(text: string): text is Severity {
  return text === "DEBUG" || text === "INFO" || text === "WARN" || text === "ERROR";
}
