import type { Parsed } from "./exporter-settings.ts";

/** RFC 9110 section 5.6.2, "token". */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What gRPC metadata takes and HTTP fields take everywhere. */
const VALUE = /^[\x20-\x7E]*$/;

/** They belong to the connection; HTTP/2 forbids them, and a wrong one would break every request. */
const RESERVED: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/**
 * `name=value,name=value` with percent-encoded values, as W3C Baggage without metadata (OpenTelemetry specification,
 * "Specifying headers via environment variables"). Problems show names only: values are credentials.
 */
export function parseHeaders(text: string): Parsed<Readonly<Record<string, string>>> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const at = pair.indexOf("=");
    const name = decode(pair.slice(0, Math.max(at, 0)).trim())?.toLowerCase() ?? "";
    const value = decode(pair.slice(at + 1).trim());
    const problem =
      at < 0
        ? "must be name=value pairs separated by commas: write a comma within a value as %2C"
        : problemOf(name, value);
    if (problem !== undefined) return { problem, shown: maskValues(text) };
    headers[name] = value ?? "";
  }
  return { value: headers };
}

function problemOf(name: string, value: string | undefined): string | undefined {
  if (!NAME.test(name)) return `must have HTTP header names before each "=": "${name}" is none`;
  if (RESERVED.has(name)) return `must not set "${name}", which belongs to the connection`;
  if (value === undefined)
    return `must have percent-encoded values: that of "${name}" holds a "%" without two hex digits`;
  return VALUE.test(value)
    ? undefined
    : `must have values of visible ASCII: that of "${name}" holds something else`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function maskValues(text: string): string {
  const masked = text
    .split(",")
    .map((pair) => (pair.includes("=") ? `${pair.slice(0, pair.indexOf("="))}=…` : "…"));
  return masked.join(",");
}
