import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { stringify } from "yaml";
import { findFreePort } from "./free-port.ts";
import { OtlpFile } from "./otlp-file.ts";
import { PATIENCE_MS } from "./patience.ts";
import { startProcess, waitUntilReady, type SupervisedProcess } from "./supervised-process.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** A real otelcol that takes all three signals by gRPC and HTTP and writes each request as one line of a file. */
export type Collector = AsyncDisposable & {
  /** `http://127.0.0.1:PORT`, for OTEL_EXPORTER_OTLP_ENDPOINT with protocol grpc. */
  readonly grpcEndpoint: string;
  /** `http://127.0.0.1:PORT`, for protocol http/protobuf; a signal's path, such as `/v1/logs`, comes behind it. */
  readonly httpEndpoint: string;
  /** What has arrived; goes on across restarts. */
  readonly received: OtlpFile;
  /** Starts it on the same ports and file; for one that was stopped, killed, or not started yet. */
  start(): Promise<void>;
  /** SIGTERM: what it took is written. */
  stop(): Promise<void>;
  /** SIGKILL: what it took in its last moments may be lost. */
  kill(): Promise<void>;
};

export type CollectorOptions = {
  /** False: only its ports are chosen, nothing listens until `start()`. */
  readonly started?: boolean;
  /** The largest requests that it takes; its defaults are 4 MiB by gRPC and 20 MiB by HTTP. */
  readonly limits?: { readonly grpcMib: number; readonly httpBytes: number };
};

/** Makes a collector on free ports of 127.0.0.1; its disposal ends it and removes its file. */
export async function launchCollector(
  command: string,
  options: CollectorOptions = {},
): Promise<Collector> {
  await using starting = new AsyncDisposableStack();
  const { path: directory } = starting.use(await createTemporaryDirectory("collector"));
  const ports: Ports = {
    grpc: await findFreePort(),
    http: await findFreePort(),
    health: await findFreePort(),
  };
  const received = new OtlpFile(join(directory, "received.jsonl"));
  const configuration = join(directory, "otelcol.yaml");
  await writeFile(
    configuration,
    stringify(collectorConfiguration(ports, received.path, options.limits)),
  );
  let running: SupervisedProcess | undefined;
  const start = async (): Promise<void> => {
    received.dropUnfinishedLine();
    running = await startProcess(command, ["--config", configuration]);
    await waitUntilReady(running, () => isHealthy(ports.health), {
      name: "otelcol",
      timeoutMs: PATIENCE_MS,
    });
  };
  const kill = async (): Promise<void> => await running?.[Symbol.asyncDispose]();
  starting.defer(kill);
  if (options.started !== false) await start();
  const everything = starting.move();
  return {
    grpcEndpoint: `http://127.0.0.1:${ports.grpc}`,
    httpEndpoint: `http://127.0.0.1:${ports.http}`,
    received,
    start,
    stop: async () => void (await running?.stop()),
    kill,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

type Ports = { readonly grpc: number; readonly http: number; readonly health: number };

function collectorConfiguration(
  ports: Ports,
  file: string,
  limits: CollectorOptions["limits"],
): object {
  const pipeline = { receivers: ["otlp"], exporters: ["file"] };
  const grpc = { ...listen(ports.grpc), ...(limits && { max_recv_msg_size_mib: limits.grpcMib }) };
  const http = {
    ...listen(ports.http),
    ...(limits && { max_request_body_size: limits.httpBytes }),
  };
  return {
    receivers: { otlp: { protocols: { grpc, http } } },
    exporters: { file: { path: file, append: true, flush_interval: "50ms" } },
    extensions: { health_check: listen(ports.health) },
    service: {
      extensions: ["health_check"],
      // Its own metrics would take port 8888.
      telemetry: { metrics: { level: "none" }, logs: { level: "warn" } },
      pipelines: { logs: pipeline, metrics: pipeline, traces: pipeline },
    },
  };
}

function listen(port: number): object {
  return { endpoint: `127.0.0.1:${port}` };
}

async function isHealthy(port: number): Promise<boolean> {
  const { statusCode, body } = await request(`http://127.0.0.1:${port}/`);
  await body.dump();
  return statusCode === 200;
}
