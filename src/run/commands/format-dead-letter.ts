import { Buffer } from "node:buffer";
import { printable } from "../../otlp/console/printable.ts";
import { type DecodedRecord, type DecodedValue, decodeRequest } from "../../otlp/decode-request.ts";
import type { DeadLetterRow } from "../../store/dead-letters.ts";
import { formatRfc3339 } from "../../util/format-rfc3339.ts";

/** For people: when it was refused and why, and below it the record; no character in it steers the terminal. */
export function formatDeadLetter({ signal, refusedAtMs, reason, body }: DeadLetterRow): string {
  const records = decodeRequest(body, signal)?.map(describe) ?? [
    `${body.length} bytes that are no request`,
  ];
  const lines = [`${formatRfc3339(refusedAtMs)}  ${reason}`, ...records.map((it) => `  ${it}`)];
  return lines.map(printable).join("\n");
}

/** One line of JSON for each. */
export function formatDeadLetterJson(row: DeadLetterRow): string {
  const { id, signal, encoding, refusedAtMs, reason, body } = row;
  const records = (decodeRequest(body, signal) ?? []).map(({ timeMs, ...record }) =>
    Object.assign({ time: formatRfc3339(timeMs) }, record),
  );
  return JSON.stringify({
    id,
    refusedAt: formatRfc3339(refusedAtMs),
    reason,
    signal,
    encoding,
    bytes: body.length,
    records,
    request: Buffer.from(body).toString("base64"),
  });
}

function describe({
  timeMs,
  severity,
  eventName,
  body,
  resource,
  attributes,
}: DecodedRecord): string {
  const namespace = resource["k8s.namespace.name"];
  const name = attributes["k8s.object.name"];
  const object = [
    attributes["k8s.object.kind"],
    name !== undefined && namespace !== undefined ? `${text(namespace)}/${text(name)}` : name,
  ];
  const parts = [severity, eventName, object.map(text).join(" ").trim(), text(body)];
  return [formatRfc3339(timeMs), ...parts.filter((part) => part !== "")].join("  ");
}

function text(value: DecodedValue | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
