import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { stringify } from "yaml";
import { PATIENCE_MS } from "./patience.ts";
import { startProcess, waitUntilReady, type SupervisedProcess } from "./supervised-process.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** What Loki and Tempo have in common: one process on files, configured by YAML, that answers `/ready` and `/flush`. */
export type GrafanaServer = AsyncDisposable & {
  /** Has it write what it holds in memory. */
  flush(): Promise<void>;
  /** Starts it on the same ports and data, after a kill. */
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
};

export type GrafanaServerOptions = {
  /** For people, and for its files. */
  readonly name: string;
  readonly command: string;
  /** `http://127.0.0.1:PORT`, as its configuration says. */
  readonly url: string;
  /** All that it writes belongs below that directory. */
  readonly configure: (directory: string) => object;
};

/** Starts it; its disposal ends it and removes its data. */
export async function launchGrafanaServer(options: GrafanaServerOptions): Promise<GrafanaServer> {
  const { name, command, url, configure } = options;
  await using starting = new AsyncDisposableStack();
  const { path: directory } = starting.use(await createTemporaryDirectory(name));
  const configuration = join(directory, `${name}.yaml`);
  await writeFile(configuration, stringify(configure(directory)));
  let running: SupervisedProcess | undefined;
  const start = async (): Promise<void> => {
    running = await startProcess(command, [`-config.file=${configuration}`]);
    await waitUntilReady(running, () => isReady(url), { name, timeoutMs: PATIENCE_MS });
  };
  const kill = async (): Promise<void> => await running?.[Symbol.asyncDispose]();
  starting.defer(kill);
  await start();
  const everything = starting.move();
  return {
    async flush() {
      const { statusCode, body } = await request(`${url}/flush`, { method: "POST" });
      await body.dump();
      if (statusCode >= 300) throw new Error(`Cannot flush ${name}: it answered ${statusCode}`);
    },
    start,
    kill,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

async function isReady(url: string): Promise<boolean> {
  const { statusCode, body } = await request(`${url}/ready`);
  const answer = await body.text();
  if (statusCode === 200) return true;
  throw new Error(`/ready answered ${statusCode}: ${answer.trim()}`);
}
