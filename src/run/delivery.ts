import { createConsoleMetricExporter } from "../otlp/console/console-metric-exporter.ts";
import { createConsoleTransport, type WriteBytes } from "../otlp/console/console-transport.ts";
import { encodeLogLines } from "../otlp/console/encode-lines.ts";
import type { LineOptions } from "../otlp/console/line.ts";
import { createTransport } from "../otlp/create-transport.ts";
import type { EncodeContext } from "../otlp/encode-attributes.ts";
import { encodeLogs } from "../otlp/encode-logs.ts";
import type { ExporterOptions, OtlpOptions } from "../otlp/exporter-options.ts";
import { createOtlpMetricExporter } from "../otlp/metric-exporter.ts";
import { withRetry } from "../otlp/with-retry.ts";
import type { PipelineOptions } from "../pipeline/pipeline.ts";
import type { PipelineReport } from "../pipeline/report.ts";
import type { Clock } from "../util/clock.ts";
import { VERSION } from "../util/version.ts";

export type DeliveryOptions = {
  readonly exporters: ExporterOptions;
  /** Resource of logs, without the object's namespace. */
  readonly resource: Readonly<Record<string, string>>;
  readonly console: LineOptions & { readonly write: WriteBytes };
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (report: PipelineReport) => void;
};

/** Where the pipeline delivers to: exactly what the configuration asks for. */
export type Delivery = Pick<PipelineOptions, "logs" | "metrics"> & { close(): Promise<void> };

const SCOPE = { name: "kube-lifeline", version: VERSION };

/** The name under which outbox rows of this encoding are kept; another layout needs another name. */
const OTLP_ENCODING = "otlp/protobuf";
const CONSOLE_ENCODING = "console/text";

/** Opens the exporters of logs and gauges; an Error if a file that their options name can't be used. Connects later. */
export async function openDelivery(options: DeliveryOptions): Promise<Delivery | Error> {
  const closers: (() => Promise<void>)[] = [];
  const context: EncodeContext = { resource: options.resource, scope: SCOPE };
  const logs = await openLogs(options, { context, closers });
  if (logs instanceof Error) return logs;
  const metrics = await openMetrics(options, { context, closers });
  if (metrics instanceof Error) return metrics;
  return {
    logs,
    metrics,
    close: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

type Opening = { readonly context: EncodeContext; readonly closers: (() => Promise<void>)[] };

async function openLogs(
  options: DeliveryOptions,
  { context, closers }: Opening,
): Promise<Delivery["logs"] | Error> {
  const exporter = options.exporters.logs;
  if (exporter.type === "none") return undefined;
  if (exporter.type === "console") {
    return {
      encoding: CONSOLE_ENCODING,
      encode: (signals) => encodeLogLines(signals, options.console),
      transport: createConsoleTransport(options.console.write),
    };
  }
  const transport = await open(exporter, { kind: "logs", options, closers });
  if (transport instanceof Error) return transport;
  return {
    encoding: OTLP_ENCODING,
    encode: (signals) => encodeLogs(signals, context),
    transport: retrying(transport, options),
  };
}

async function openMetrics(
  options: DeliveryOptions,
  { context, closers }: Opening,
): Promise<Delivery["metrics"] | Error> {
  const exporter = options.exporters.metrics;
  if (exporter.type === "none") return undefined;
  if (exporter.type === "console")
    return createConsoleMetricExporter(
      createConsoleTransport(options.console.write),
      options.console,
    );
  const transport = await open(exporter, { kind: "metrics", options, closers });
  return transport instanceof Error ? transport : createOtlpMetricExporter(transport, context);
}

type Open = {
  readonly kind: "logs" | "metrics";
  readonly options: DeliveryOptions;
  readonly closers: (() => Promise<void>)[];
};

async function open(
  otlp: OtlpOptions,
  { kind, options, closers }: Open,
): Promise<Parameters<typeof withRetry>[0] | Error> {
  const opened = await createTransport(otlp, kind, options.clock);
  if (opened instanceof Error) return opened;
  closers.push(() => opened.close());
  return opened.send;
}

/** Repeats what may be repeated, and says when that begins and ends. */
function retrying(
  next: Parameters<typeof withRetry>[0],
  { clock, random, report }: DeliveryOptions,
): ReturnType<typeof withRetry> {
  let failingSinceMs: number | undefined;
  const send = withRetry(next, {
    clock,
    random,
    report: ({ error }) => {
      failingSinceMs ??= clock.now();
      report({ type: "export-failed", signal: "logs", error });
    },
  });
  return async (body, signal) => {
    const result = await send(body, signal);
    if (result.type !== "aborted" && failingSinceMs !== undefined) {
      report({ type: "export-recovered", signal: "logs", failedMs: clock.now() - failingSinceMs });
      failingSinceMs = undefined;
    }
    return result;
  };
}
