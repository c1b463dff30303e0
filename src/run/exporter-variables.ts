import type { VariableFacts } from "./variables.ts";

/** The variables that otlp/exporter-options.ts reads, as the help text and docs/configuration.md tell them. */
export const EXPORTER_VARIABLES: readonly VariableFacts[] = [
  {
    name: "OTEL_LOGS_EXPORTER",
    section: "Where it goes",
    byDefault: "`otlp` (`console` on a terminal without an endpoint)",
    wanted: "otlp, console, none",
    help: "Where records go: `otlp`, `console` (for people: one line per record), `none`.",
  },
  {
    name: "OTEL_METRICS_EXPORTER",
    section: "Where it goes",
    byDefault: "`otlp` (`console` on a terminal without an endpoint)",
    wanted: "otlp, console, none",
    help: "Where points go: `otlp`, `console`, `none`.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    section: "Where it goes",
    byDefault: "`http://localhost:4317` (`http://localhost:4318` for `http/protobuf`)",
    wanted: "a URL with http or https",
    help: "The collector. For `http/protobuf` the path `/v1/logs` or `/v1/metrics` is added, except to the per-signal forms.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_PROTOCOL",
    section: "Where it goes",
    byDefault: "`grpc`",
    wanted: "grpc, http/protobuf",
    help: "How the collector is spoken to.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_HEADERS",
    section: "Where it goes",
    byDefault: "–",
    wanted: "key=value pairs separated by commas, percent-encoded",
    help: "Sent with every request. Values are never shown in messages.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_COMPRESSION",
    section: "Where it goes",
    byDefault: "`gzip`",
    wanted: "gzip, none",
    help: "How requests are compressed.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_TIMEOUT",
    section: "Where it goes",
    byDefault: "`10000`",
    wanted: "a whole number of milliseconds without a unit, 0 for no limit",
    help: "How long one request may take.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_CERTIFICATE",
    section: "Where it goes",
    byDefault: "the authorities that Node.js ships",
    wanted: "path of a PEM file",
    help: "Authorities that the collector's certificate is checked against.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    section: "Where it goes",
    byDefault: "–",
    wanted: "path of a PEM file",
    help: "Our own certificate, for mutual TLS; needs `OTEL_EXPORTER_OTLP_CLIENT_KEY`.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    section: "Where it goes",
    byDefault: "–",
    wanted: "path of a PEM file",
    help: "The key of our own certificate.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_INSECURE",
    section: "Where it goes",
    byDefault: "`false`",
    wanted: "true, false",
    help: "Plain text for an endpoint without a scheme; only for `grpc`.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    section: "Where it goes",
    byDefault: "`cumulative`",
    wanted: "cumulative",
    help: "Anything else is refused: use the collector's cumulativetodelta processor.",
  },
];
