import {
  type Attributes,
  diag,
  DiagLogLevel,
  type Logger,
  type Meter,
  SeverityNumber,
} from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { ProtobufLogsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
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
import type { SendResult, Transport } from "../../otlp/transport.ts";
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
   * Sends what is queued and the last metrics, for at most `timeoutMs`, then ends what is still under way; never rejects.
   */
  readonly shutdown: (timeoutMs: number) => Promise<void>;
};

export type SelfExporterOptions = {
  /** The same connections as the objects' signals have; absent where a signal does not go out over OTLP. */
  readonly transports: {
    readonly logs: { readonly send: Transport } | undefined;
    readonly metrics: { readonly send: Transport } | undefined;
  };
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
/** The transport has a limit of its own, by default the same; the SDK wants one that is no longer than the interval. */
const EXPORT_TIMEOUT_MS = 10_000;
/**
 * The transport has no limit with OTEL_EXPORTER_OTLP_TIMEOUT=0, and what the SDK gave up must not stay under way for good, as
 * more of it comes every interval. Longer than usual limits of the transport, which then looks for another connection.
 */
const UNDER_WAY_MAX_MS = 60_000;

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
 * The SDK also reads `OTEL_*` from the environment (its limits and queue sizes), so this is for main.ts; and it keeps one
 * global logger for complaints, which is ours until `shutdown`.
 */
export function createSelfExporters(options: SelfExporterOptions): SelfExporters {
  diag.setLogger(createDiagnostics(options.ownLog, options.clock), {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  });
  const resource = resourceFromAttributes(options.resource);
  const { metrics, logs } = options.transports;
  const ending = new AbortController();
  const limited = (send: Transport): Transport => withLimit(send, options.clock);
  const meters = new MeterProvider({
    resource,
    readers:
      metrics === undefined
        ? []
        : [createReader(createMetricExporter(limited(metrics.send), ending.signal), options)],
  });
  const loggers = new LoggerProvider({
    resource,
    processors:
      logs === undefined
        ? []
        : [
            new BatchLogRecordProcessor({
              exporter: createLogExporter(limited(logs.send), ending.signal),
              exportTimeoutMillis: EXPORT_TIMEOUT_MS,
            }),
          ],
  });
  const logger = loggers.getLogger(SCOPE, VERSION);
  return {
    meter: meters.getMeter(SCOPE, VERSION),
    emit: (record) => emit(logger, record),
    shutdown: async (timeoutMs) => {
      await flush([meters.shutdown(), loggers.shutdown()], timeoutMs, options);
      ending.abort();
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
  exporter: PushMetricExporter,
  { metricIntervalMs = METRIC_INTERVAL_MS }: SelfExporterOptions,
): PeriodicExportingMetricReader {
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: metricIntervalMs,
    exportTimeoutMillis: Math.min(EXPORT_TIMEOUT_MS, metricIntervalMs),
  });
}

function createMetricExporter(send: Transport, ending: AbortSignal): PushMetricExporter {
  return {
    export: (metrics, done) =>
      void hand(send, ProtobufMetricsSerializer.serializeRequest(metrics), { ending, done }),
    forceFlush: nothingToDo,
    shutdown: nothingToDo,
  };
}

function createLogExporter(send: Transport, ending: AbortSignal): LogRecordExporter {
  return {
    export: (records, done) =>
      void hand(send, ProtobufLogsSerializer.serializeRequest(records), { ending, done }),
    forceFlush: nothingToDo,
    shutdown: nothingToDo,
  };
}

/** A request that ends, as aborted, whatever the transport's limit is. */
function withLimit(send: Transport, clock: Clock): Transport {
  return async (body, ending) => {
    const done = new AbortController();
    const late = new AbortController();
    void clock.sleep(UNDER_WAY_MAX_MS, done.signal).then(() => late.abort());
    const result = await send(body, AbortSignal.any([ending, late.signal]));
    done.abort();
    return result;
  };
}

/** The readers and processors before an exporter wait for its last request themselves. */
async function nothingToDo(): Promise<void> {
  // An exporter here holds nothing.
}

/** One attempt: newer metrics come soon, and what the process says about itself is also on stderr. */
async function hand(
  send: Transport,
  body: Uint8Array | undefined,
  { ending, done }: { readonly ending: AbortSignal; readonly done: (result: ExportResult) => void },
): Promise<void> {
  const result: SendResult =
    body === undefined
      ? { type: "refused", error: new Error("Cannot encode the request") }
      : await send(body, ending);
  if (result.type === "accepted") return done({ code: ExportResultCode.SUCCESS });
  const error = result.type === "aborted" ? new Error("Cannot wait any longer") : result.error;
  done({ code: ExportResultCode.FAILED, error });
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
