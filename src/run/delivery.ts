import { createConsoleMetricExporter } from "../otlp/console/console-metric-exporter.ts";
import { createConsoleTransport, type WriteBytes } from "../otlp/console/console-transport.ts";
import { encodeLogLines, encodeTraceLines } from "../otlp/console/encode-lines.ts";
import type { LineOptions } from "../otlp/console/line.ts";
import { createTransport } from "../otlp/create-transport.ts";
import { divideRequest } from "../otlp/divide-request.ts";
import type { EncodeContext } from "../otlp/encode-attributes.ts";
import { encodeLogs } from "../otlp/encode-logs.ts";
import { encodeTraces } from "../otlp/encode-traces.ts";
import type { ExporterOptions } from "../otlp/exporter-options.ts";
import { createOtlpMetricExporter } from "../otlp/metric-exporter.ts";
import { ProtobufWriter } from "../otlp/protobuf-writer.ts";
import type { OpenTransport } from "../otlp/open-transport.ts";
import type { SignalKind } from "../otlp/transport.ts";
import type { PipelineOptions } from "../pipeline/pipeline.ts";
import type { Clock } from "../util/clock.ts";
import { VERSION } from "../util/version.ts";

/** The connections that the configuration asks for; absent where a signal does not go over OTLP. */
export type Transports = AsyncDisposable & {
  readonly logs: OpenTransport | undefined;
  readonly metrics: OpenTransport | undefined;
  readonly traces: OpenTransport | undefined;
};

/** Prepares the transport of each signal; an Error if a file that their options name can't be used. Connects later. */
export async function openTransports(
  exporters: ExporterOptions,
  clock: Clock,
): Promise<Transports | Error> {
  const open = async (signal: SignalKind): Promise<OpenTransport | Error | undefined> => {
    const exporter = exporters[signal];
    return exporter.type === "otlp" ? await createTransport(exporter, signal, clock) : undefined;
  };
  const [logs, metrics, traces] = [await open("logs"), await open("metrics"), await open("traces")];
  if (logs instanceof Error) return logs;
  if (metrics instanceof Error) return metrics;
  if (traces instanceof Error) return traces;
  return {
    logs,
    metrics,
    traces,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([logs?.close(), metrics?.close(), traces?.close()]);
    },
  };
}

export type DeliveryOptions = {
  readonly exporters: ExporterOptions;
  readonly transports: Transports;
  /** Resource of logs and traces, without the object's namespace. */
  readonly resource: Readonly<Record<string, string>>;
  readonly console: LineOptions & { readonly write: WriteBytes };
};

/** Where the pipeline delivers to: exactly what the configuration asks for. */
export type Delivery = Pick<PipelineOptions, "logs" | "metrics" | "traces">;

const SCOPE = { name: "kube-lifeline", version: VERSION };

/** The name under which outbox rows of this encoding are kept; another layout needs another name. */
const OTLP_ENCODING = "otlp/protobuf";
const CONSOLE_ENCODING = "console/text";

/** Puts the encoders of each signal in front of its transport, or of the console. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const context: EncodeContext = { resource: options.resource, scope: SCOPE };
  return {
    logs: deliverLogs(options, context),
    metrics: deliverMetrics(options, context),
    traces: deliverTraces(options, context),
  };
}

function deliverLogs(options: DeliveryOptions, context: EncodeContext): Delivery["logs"] {
  const { exporters, transports } = options;
  if (exporters.logs.type === "console") {
    return {
      encoding: CONSOLE_ENCODING,
      encode: (signals) => encodeLogLines(signals, options.console),
      transport: createConsoleTransport(options.console.write),
    };
  }
  if (transports.logs === undefined) return undefined;
  const writer = new ProtobufWriter();
  return {
    encoding: OTLP_ENCODING,
    encode: (signals) => encodeLogs(signals, context, writer),
    transport: transports.logs.send,
    divide: divideRequest,
  };
}

function deliverTraces(options: DeliveryOptions, context: EncodeContext): Delivery["traces"] {
  const { exporters, transports } = options;
  if (exporters.traces.type === "console") {
    return {
      encoding: CONSOLE_ENCODING,
      encode: (traces) => encodeTraceLines(traces, options.console),
      transport: createConsoleTransport(options.console.write),
    };
  }
  if (transports.traces === undefined) return undefined;
  const writer = new ProtobufWriter();
  return {
    encoding: OTLP_ENCODING,
    encode: (traces) => encodeTraces(traces, context, writer),
    transport: transports.traces.send,
    divide: divideRequest,
  };
}

function deliverMetrics(options: DeliveryOptions, context: EncodeContext): Delivery["metrics"] {
  const { exporters, transports } = options;
  if (exporters.metrics.type === "console")
    return createConsoleMetricExporter(
      createConsoleTransport(options.console.write),
      options.console,
    );
  return transports.metrics === undefined
    ? undefined
    : createOtlpMetricExporter(transports.metrics.send, context);
}
