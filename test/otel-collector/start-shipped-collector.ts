import { fileURLToPath } from "node:url";
import { request } from "undici";
import { findFreePort } from "../testbed/free-port.ts";
import { serverBinaries } from "../testbed/real-servers.ts";
import {
  startProcess,
  waitUntilReady,
  type SupervisedProcess,
} from "../testbed/supervised-process.ts";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";

const SHIPPED_CONFIG: string = fileURLToPath(
  new URL("../../otel-collector/config.yaml", import.meta.url),
);

/** Where it sends, each as the variable of the file wants it; a store that is not named is away. */
type Destinations = {
  readonly loki?: string;
  readonly prometheus?: string;
  readonly tempo?: string;
};

type ShippedCollectorOptions = {
  /** Of the queue of records; that of the file by default. */
  readonly queueSize?: number;
  /** A file in which it also writes the records and spans that it takes, a line for each request. */
  readonly copyTo?: string;
};

/** A real otelcol with otel-collector/config.yaml; its queue survives `kill()`. */
export type ShippedCollector = AsyncDisposable & {
  /** `http://127.0.0.1:PORT`, for OTEL_EXPORTER_OTLP_ENDPOINT with protocol grpc. */
  readonly grpcEndpoint: string;
  /** `http://127.0.0.1:PORT`, for protocol http/protobuf; a signal's path, such as `/v1/traces`, comes behind it. */
  readonly httpEndpoint: string;
  /** How many records it has said yes to since it was started. */
  acceptedRecords(): Promise<number>;
  /** How many records found the queue full since it was started. */
  refusedRecords(): Promise<number>;
  /** Starts it on the same ports and queue, after a kill. */
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
};

/** Runs the file as it is, but on free ports of 127.0.0.1, and with what the options say. */
export async function startShippedCollector(
  destinations: Destinations,
  options: ShippedCollectorOptions = {},
): Promise<ShippedCollector> {
  await using starting = new AsyncDisposableStack();
  const { path: directory } = starting.use(await createTemporaryDirectory("shipped-collector"));
  const [grpc, http] = [await findFreePort(), await findFreePort()];
  const [health, metrics] = [await findFreePort(), await findFreePort()];
  const overrides = [
    `receivers.otlp.protocols.grpc.endpoint=127.0.0.1:${grpc}`,
    `receivers.otlp.protocols.http.endpoint=127.0.0.1:${http}`,
    `extensions.health_check.endpoint=127.0.0.1:${health}`,
    `service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metrics}}}}}]`,
    ...overridesOf(options),
  ];
  const env = {
    PATH: process.env["PATH"],
    LOKI_ENDPOINT: destinations.loki ?? `http://${NOBODY}/otlp`,
    PROMETHEUS_ENDPOINT: destinations.prometheus ?? `http://${NOBODY}/api/v1/otlp`,
    TEMPO_ENDPOINT: destinations.tempo ?? NOBODY,
    OTEL_STORAGE_DIR: directory,
  };
  const isHealthy = async (): Promise<boolean> => {
    const { statusCode, body } = await request(`http://127.0.0.1:${health}/`);
    await body.dump();
    return statusCode === 200;
  };
  const args = ["--config", SHIPPED_CONFIG, ...overrides.flatMap((one) => ["--set", one])];
  const count = async (counter: string): Promise<number> =>
    await readCounter(`http://127.0.0.1:${metrics}/metrics`, counter);
  let running: SupervisedProcess | undefined;
  const start = async (): Promise<void> => {
    running = await startProcess(serverBinaries().otelcol, args, { env });
    await waitUntilReady(running, isHealthy, { name: "otelcol", timeoutMs: 30_000 });
  };
  const kill = async (): Promise<void> => await running?.[Symbol.asyncDispose]();
  starting.defer(kill);
  await start();
  const everything = starting.move();
  return {
    grpcEndpoint: `http://127.0.0.1:${grpc}`,
    httpEndpoint: `http://127.0.0.1:${http}`,
    acceptedRecords: () => count("otelcol_receiver_accepted_log_records"),
    refusedRecords: () => count("otelcol_exporter_enqueue_failed_log_records"),
    start,
    kill,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** The port `discard`: below all that are free for tests, and hardly anybody serves it. */
const NOBODY = "127.0.0.1:9";

function overridesOf({ queueSize, copyTo }: ShippedCollectorOptions): readonly string[] {
  const queue =
    queueSize === undefined
      ? []
      : [`exporters.otlphttp/loki.sending_queue.queue_size=${queueSize}`];
  if (copyTo === undefined) return queue;
  return [
    ...queue,
    `exporters.file={path: ${JSON.stringify(copyTo)}, append: true, flush_interval: 50ms}`,
    "service.pipelines.logs.exporters=[otlphttp/loki, file]",
    "service.pipelines.traces.exporters=[otlp/tempo, file]",
  ];
}

/** The sum of all of a counter's series. */
async function readCounter(metricsUrl: string, name: string): Promise<number> {
  const { body } = await request(metricsUrl);
  const metrics = await body.text();
  const counter = new RegExp(`^${name}(?:_total)?\\{[^}]*\\} (\\d+)$`, "gm");
  return [...metrics.matchAll(counter)].reduce((sum, [, count]) => sum + Number(count), 0);
}
