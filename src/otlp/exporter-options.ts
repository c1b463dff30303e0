import { type Environment, SettingReader } from "./exporter-settings.ts";
import { parseGrpcEndpoint, parseHttpEndpoint } from "./parse-endpoint.ts";
import { parseHeaders } from "./parse-headers.ts";
import type { TlsFiles } from "./tls-material.ts";
import type { SignalKind } from "./transport.ts";

/** Where one signal goes. */
type SignalExporter = OtlpOptions | { readonly type: "console" } | { readonly type: "none" };

export type OtlpOptions = TlsFiles & {
  readonly type: "otlp";
  readonly protocol: "grpc" | "http/protobuf";
  /** For gRPC scheme, host and port; for HTTP the whole URL. `https` is TLS. */
  readonly endpoint: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "gzip" | "none";
  /** For one attempt; 0 is no limit. */
  readonly timeoutMs: number;
};

export type ExporterOptions = Readonly<Record<SignalKind, SignalExporter>>;

/** `value` is as it was given, but for headers and URLs with a password: there without the secret. */
export type ExporterProblem = {
  readonly variable: string;
  readonly value: string;
  readonly message: string;
};

const SIGNALS: readonly SignalKind[] = ["logs", "metrics", "traces"];
const DEFAULT_TIMEOUT_MS = 10_000;
const TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";

/**
 * Where each signal goes, by the variables of the OpenTelemetry specification ("OpenTelemetry Protocol Exporter",
 * "General SDK Configuration"), or all problems at once. An empty variable is an unset one.
 *
 * Our defaults where the specification leaves the choice: gRPC, gzip. `bareTerminal` says that standard output is a
 * terminal: there, unless an endpoint is set, signals go to the console. Variables of a signal that does not go out
 * over OTLP are not looked at.
 */
export function parseExporterOptions(
  environment: Environment,
  flags: { readonly bareTerminal: boolean },
): { readonly options: ExporterOptions } | { readonly problems: readonly ExporterProblem[] } {
  const settings = new SettingReader(environment);
  const defaultExporter = flags.bareTerminal && !hasEndpoint(environment) ? "console" : "otlp";
  const [logs, metrics, traces] = SIGNALS.map((signal) =>
    exporterOf(settings, signal, defaultExporter),
  );
  checkTemporality(settings);
  if (settings.problems.length > 0 || !logs || !metrics || !traces)
    return { problems: settings.problems };
  return { options: { logs, metrics, traces } };
}

function hasEndpoint(environment: Environment): boolean {
  const names = ["", "LOGS_", "METRICS_", "TRACES_"].map(
    (signal) => `OTEL_EXPORTER_OTLP_${signal}ENDPOINT`,
  );
  return names.some((name) => (environment[name] ?? "").trim() !== "");
}

function exporterOf(
  settings: SettingReader,
  signal: SignalKind,
  fallback: "otlp" | "console",
): SignalExporter {
  const variable = `OTEL_${signal.toUpperCase()}_EXPORTER`;
  const exporter =
    settings.choice(settings.exactly(variable), ["otlp", "console", "none"]) ?? fallback;
  return exporter === "otlp" ? otlpOf(settings, signal) : { type: exporter };
}

function otlpOf(settings: SettingReader, signal: SignalKind): OtlpOptions {
  const protocol = protocolOf(settings, signal);
  return {
    type: "otlp",
    protocol,
    endpoint:
      protocol === "grpc" ? grpcEndpointOf(settings, signal) : httpEndpointOf(settings, signal),
    headers: headersOf(settings, signal),
    compression: settings.choice(settings.of(signal, "COMPRESSION"), ["gzip", "none"]) ?? "gzip",
    timeoutMs: timeoutOf(settings, signal),
    ...tlsFilesOf(settings, signal),
  };
}

function protocolOf(settings: SettingReader, signal: SignalKind): OtlpOptions["protocol"] {
  const setting = settings.of(signal, "PROTOCOL");
  if (setting?.value.toLowerCase() === "http/json") {
    settings.problem(
      setting,
      "JSON is not spoken here: use http/protobuf, which receivers take on the same port and path",
    );
    return "http/protobuf";
  }
  return settings.choice(setting, ["grpc", "http/protobuf"]) ?? "grpc";
}

function grpcEndpointOf(settings: SettingReader, signal: SignalKind): string {
  const insecure = settings.choice(settings.of(signal, "INSECURE"), ["true", "false"]) === "true";
  const setting = settings.of(signal, "ENDPOINT");
  return (
    settings.parsed(setting, (value) => parseGrpcEndpoint(value, insecure)) ??
    "http://localhost:4317"
  );
}

/** The signal's own endpoint is the URL as it is; the common one is what `/v1/<signal>` is appended to. */
function httpEndpointOf(settings: SettingReader, signal: SignalKind): string {
  const setting = settings.of(signal, "ENDPOINT");
  const own = setting?.variable !== "OTEL_EXPORTER_OTLP_ENDPOINT";
  const parsed = settings.parsed(setting, (value) =>
    parseHttpEndpoint(value, own ? undefined : `v1/${signal}`),
  );
  return parsed ?? `http://localhost:4318/v1/${signal}`;
}

function headersOf(settings: SettingReader, signal: SignalKind): OtlpOptions["headers"] {
  return settings.parsed(settings.of(signal, "HEADERS"), parseHeaders) ?? {};
}

function timeoutOf(settings: SettingReader, signal: SignalKind): number {
  const setting = settings.of(signal, "TIMEOUT");
  if (setting === undefined) return DEFAULT_TIMEOUT_MS;
  // What setTimeout can wait: 24.8 days.
  if (/^\d+$/.test(setting.value) && Number(setting.value) < 2 ** 31) return Number(setting.value);
  settings.problem(
    setting,
    "must be a whole number of milliseconds without a unit, 0 for no limit",
  );
  return DEFAULT_TIMEOUT_MS;
}

function tlsFilesOf(settings: SettingReader, signal: SignalKind): TlsFiles {
  const certificate = settings.of(signal, "CERTIFICATE");
  const key = settings.of(signal, "CLIENT_KEY");
  const clientCertificate = settings.of(signal, "CLIENT_CERTIFICATE");
  if (key !== undefined && clientCertificate === undefined)
    settings.problem(key, "needs the CLIENT_CERTIFICATE that belongs to it");
  if (clientCertificate !== undefined && key === undefined)
    settings.problem(clientCertificate, "needs the CLIENT_KEY that belongs to it");
  return {
    ...(certificate === undefined ? {} : { certificateFile: certificate.value }),
    ...(clientCertificate === undefined ? {} : { clientCertificateFile: clientCertificate.value }),
    ...(key === undefined ? {} : { clientKeyFile: key.value }),
  };
}

function checkTemporality(settings: SettingReader): void {
  const setting = settings.exactly(TEMPORALITY);
  if (setting === undefined || setting.value.toLowerCase() === "cumulative") return;
  settings.problem(
    setting,
    "must be cumulative: where a backend wants deltas, let the collector's cumulativetodelta processor make them",
  );
}
