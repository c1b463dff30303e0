import { join } from "node:path";
import { request } from "undici";
import { findFreePort } from "./free-port.ts";
import { PATIENCE_MS } from "./patience.ts";
import { askStore, parseSamples, type Sample } from "./query-answer.ts";
import { startProcess, waitUntilReady, type SupervisedProcess } from "./supervised-process.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** A real Prometheus that scrapes nothing and takes OTLP. */
export type Prometheus = AsyncDisposable & {
  /** `http://127.0.0.1:PORT/api/v1/otlp`; a signal's path, such as `/v1/metrics`, comes behind it. */
  readonly otlpEndpoint: string;
  /** What an instant query answers now. */
  query(promql: string): Promise<readonly Sample[]>;
  /** Starts it on the same port and data, after a kill. */
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
};

/** Starts it on a free port of 127.0.0.1 with this configuration file; its disposal ends it and removes its data. */
export async function launchPrometheus(
  command: string,
  configuration: string,
): Promise<Prometheus> {
  await using starting = new AsyncDisposableStack();
  const { path: directory } = starting.use(await createTemporaryDirectory("prometheus"));
  const address = `127.0.0.1:${await findFreePort()}`;
  const args = [
    `--config.file=${configuration}`,
    `--storage.tsdb.path=${join(directory, "data")}`,
    `--web.listen-address=${address}`,
    "--web.enable-otlp-receiver",
    "--log.level=warn",
  ];
  const isReady = async (): Promise<boolean> => {
    const { statusCode, body } = await request(`http://${address}/-/ready`);
    await body.dump();
    return statusCode === 200;
  };
  let running: SupervisedProcess | undefined;
  const start = async (): Promise<void> => {
    running = await startProcess(command, args);
    await waitUntilReady(running, isReady, { name: "prometheus", timeoutMs: PATIENCE_MS });
  };
  const kill = async (): Promise<void> => await running?.[Symbol.asyncDispose]();
  starting.defer(kill);
  await start();
  const everything = starting.move();
  return {
    otlpEndpoint: `http://${address}/api/v1/otlp`,
    query: async (query) =>
      parseSamples(await askStore(`http://${address}/api/v1/query`, { query })),
    start,
    kill,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}
