import {
  type Attributes,
  diag,
  DiagLogLevel,
  type Logger,
  type Meter,
  SeverityNumber,
} from "@opentelemetry/api";
import { OTLPLogExporter as GrpcLogExporter } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPLogExporter as HttpLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as GrpcMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPMetricExporter as HttpMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordExporter,
} from "@opentelemetry/sdk-logs";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import type { ExporterOptions, OtlpOptions } from "../../otlp/exporter-options.ts";
import type { Clock } from "../../util/clock.ts";
import { toError } from "../../util/to-error.ts";
import { VERSION } from "../../util/version.ts";
import type { OwnLog, OwnLogRecord } from "../own-log.ts";
import { createDiagnostics } from "./diagnostics.ts";
import { describeError } from "./describe-error.ts";

/** The way of the process's own metrics and logs to the collector, through the OpenTelemetry SDK. */
export type SelfExporters = {
  /** Scope `kube-lifeline.self`; what is recorded goes nowhere if metrics don't go out over OTLP. */
  readonly meter: Meter;
  /** Queues one record, bounded; never throws. */
  readonly emit: (record: OwnLogRecord) => void;
  /**
   * Sends what is queued and the last metrics, for at most `timeoutMs`; never rejects. Requests of the libraries that
   * are still under way then can't be ended, and keep the process alive for a while unless it exits by itself.
   */
  readonly shutdown: (timeoutMs: number) => Promise<void>;
};

export type SelfExporterOptions = {
  readonly exporters: ExporterOptions;
  /** The whole resource, `service.instance.id` included. */
  readonly resource: Readonly<Record<string, string>>;
  /** For complaints of the libraries; must not hand on to `emit`. */
  readonly ownLog: OwnLog;
  readonly clock: Clock;
  /** How often metrics are sent; default 15 s, as the aggregates of docs/contract.md §5. */
  readonly metricIntervalMs?: number;
};

const SCOPE = "kube-lifeline.self";
const METRIC_INTERVAL_MS = 15_000;
/** Where the configuration says "no limit": the SDK knows no such thing. */
const TIMEOUT_MS = 10_000;

const SEVERITIES: Readonly<
  Record<OwnLogRecord["level"], { readonly number: SeverityNumber; readonly text: string }>
> = {
  debug: { number: SeverityNumber.DEBUG, text: "DEBUG" },
  info: { number: SeverityNumber.INFO, text: "INFO" },
  warn: { number: SeverityNumber.WARN, text: "WARN" },
  error: { number: SeverityNumber.ERROR, text: "ERROR" },
};

/**
 * Creates what the configuration asks for: exporters for signals that go out over OTLP, none for the others.
 *
 * The libraries also read `OTEL_*` from the environment (TLS files and, for gRPC, headers come from there only), so
 * this is for main.ts; and they keep one global logger for complaints, which is ours until `shutdown`.
 */
export function createSelfExporters(options: SelfExporterOptions): SelfExporters {
  diag.setLogger(createDiagnostics(options.ownLog, options.clock), {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  });
  const resource = resourceFromAttributes(options.resource);
  const { metrics, logs } = options.exporters;
  const meters = new MeterProvider({
    resource,
    readers: metrics.type === "otlp" ? [createReader(metrics, options)] : [],
  });
  const loggers = new LoggerProvider({
    resource,
    processors: logs.type === "otlp" ? [createProcessor(logs)] : [],
  });
  const logger = loggers.getLogger(SCOPE, VERSION);
  return {
    meter: meters.getMeter(SCOPE, VERSION),
    emit: (record) => emit(logger, record),
    shutdown: async (timeoutMs) => {
      await flush([meters.shutdown(), loggers.shutdown()], timeoutMs, options);
      diag.disable();
    },
  };
}

async function flush(
  flushing: readonly Promise<void>[],
  timeoutMs: number,
  { ownLog, clock }: Pick<SelfExporterOptions, "ownLog" | "clock">,
): Promise<void> {
  const deadline = new AbortController();
  const flushed = Promise.all(flushing)
    .then(() => undefined)
    .catch((thrown: unknown) => describeError(toError(thrown)));
  const late = clock
    .sleep(timeoutMs, deadline.signal)
    .then(() => `no answer within ${timeoutMs} ms`);
  const problem = await Promise.race([flushed, late]);
  deadline.abort();
  if (problem !== undefined)
    ownLog.log("warn", `Cannot send the last of the process's own metrics and logs: ${problem}`);
}

function createReader(
  otlp: OtlpOptions,
  options: SelfExporterOptions,
): PeriodicExportingMetricReader {
  const common = commonOptions(otlp);
  const exporter: PushMetricExporter =
    otlp.protocol === "grpc"
      ? new GrpcMetricExporter(common)
      : new HttpMetricExporter({ ...common, headers: otlp.headers });
  const exportIntervalMillis = options.metricIntervalMs ?? METRIC_INTERVAL_MS;
  // The SDK refuses a timeout that is longer than the interval.
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(common.timeoutMillis, exportIntervalMillis),
  });
}

function createProcessor(otlp: OtlpOptions): BatchLogRecordProcessor {
  const common = commonOptions(otlp);
  const exporter: LogRecordExporter =
    otlp.protocol === "grpc"
      ? new GrpcLogExporter(common)
      : new HttpLogExporter({ ...common, headers: otlp.headers });
  return new BatchLogRecordProcessor({ exporter, exportTimeoutMillis: common.timeoutMillis });
}

type CommonOptions = Pick<
  NonNullable<ConstructorParameters<typeof GrpcLogExporter>[0]>,
  "url" | "compression"
> & { timeoutMillis: number };

function commonOptions(otlp: OtlpOptions): CommonOptions {
  return {
    url: otlp.endpoint,
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment, typescript/no-unsafe-type-assertion -- an enum of these same words, in a package that isn't ours to import
    compression: otlp.compression as NonNullable<CommonOptions["compression"]>,
    timeoutMillis: otlp.timeoutMs === 0 ? TIMEOUT_MS : otlp.timeoutMs,
  };
}

function emit(logger: Logger, record: OwnLogRecord): void {
  const severity = SEVERITIES[record.level];
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(record.fields)) {
    if (value !== undefined) attributes[name] = typeof value === "object" ? [...value] : value;
  }
  const { timeMs: timestamp, message: body } = record;
  logger.emit({
    timestamp,
    observedTimestamp: timestamp,
    severityNumber: severity.number,
    severityText: severity.text,
    body,
    attributes,
  });
}
