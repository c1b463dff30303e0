import { readdirSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kubeconfigFor } from "../src/testing/simulated-api-server/kubeconfig.ts";
import {
  formatExit,
  startProcess,
  type SupervisedProcess,
} from "../test/testbed/supervised-process.ts";
import { createTemporaryDirectory } from "../test/testbed/temporary-directory.ts";
import { BENCH_KIND } from "./bench-object.ts";
import { type OtlpSink, startOtlpSink } from "./otlp-sink.ts";
import { cpuSeconds } from "./process-usage.ts";
import { type ReplayServer, startReplayServer } from "./replay-server.ts";
import { Scenario, type ScenarioOptions } from "./scenario.ts";

/** The built program, and how its own first line says that it is to be started. */
export type Program = {
  readonly path: string;
  readonly nodeFlags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** One life of the program between a replay server and a sink. */
export type BenchRun = AsyncDisposable & {
  readonly pid: number;
  readonly scenario: Scenario;
  readonly server: ReplayServer;
  readonly sink: OtlpSink;
  /** Until the first request, and until the first look was told. */
  readonly start: StartCost;
  /** Of the state file and its WAL as they are now. */
  stateBytes(): number;
  /** What was asked for, unless the program ends or time is up: then it rejects. */
  within<T>(work: Promise<T>): Promise<T>;
  /** Ends the program as Kubernetes would. */
  stop(): Promise<void>;
};

export type StartCost = {
  readonly firstRequestCpuSeconds: number;
  readonly syncSeconds: number;
  readonly syncCpuSeconds: number;
};

/** Slower than this is not slow but stuck. */
const TIMEOUT_MS = 300_000;

/** Starts the program, and resolves when it has told that its first look is complete. */
export async function startBenchRun(program: Program, options: ScenarioOptions): Promise<BenchRun> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTemporaryDirectory("bench"));
  const scenario = new Scenario(options);
  const server = stack.use(await startReplayServer(scenario));
  const sink = stack.use(await startOtlpSink());
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(server.url, undefined));
  const stateDirectory = join(directory, "state");
  const env = {
    ...program.env,
    PATH: process.env["PATH"],
    HOME: directory,
    TMPDIR: directory,
    KUBECONFIG: kubeconfig,
    LIFELINE_RESOURCES: `${BENCH_KIND.resource}.${BENCH_KIND.group}`,
    LIFELINE_STATE_DIR: stateDirectory,
    LIFELINE_HTTP_ADDRESS: "127.0.0.1:0",
    LIFELINE_OWN_LOG_LEVEL: "warn",
    LIFELINE_LOG_SEVERITY: options.logSeverity,
    OTEL_TRACES_EXPORTER: options.traces === false ? "none" : "otlp",
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  };
  const synced = sink.arrival("lifeline.synced");
  const spawnedMs = performance.now();
  const child = stack.use(
    await startProcess(process.execPath, [...program.nodeFlags, program.path], { env }),
  );
  const within = async <T>(work: Promise<T>): Promise<T> => await unlessOver(child, work);
  const start = await within(
    (async () => {
      await server.contacted;
      const firstRequestCpuSeconds = cpuSeconds(child.pid);
      await Promise.all([server.watched, synced]);
      const syncSeconds = (performance.now() - spawnedMs) / 1000;
      return { firstRequestCpuSeconds, syncSeconds, syncCpuSeconds: cpuSeconds(child.pid) };
    })(),
  );
  const owned = stack.move();
  return {
    pid: child.pid,
    scenario,
    server,
    sink,
    start,
    stateBytes: () => sizeOfFiles(stateDirectory),
    within,
    async stop() {
      await child.stop();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function sizeOfFiles(directory: string): number {
  return readdirSync(directory).reduce(
    (sum, name) => sum + statSync(join(directory, name)).size,
    0,
  );
}

async function unlessOver<T>(child: SupervisedProcess, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const end = child.exited.then((status) => {
    const said = child.stderrLines.slice(-5).join("\n");
    throw new Error(
      `Cannot measure: the program ended with ${formatExit(status)} while it was being measured\n${said}`,
    );
  });
  const late = sleep(TIMEOUT_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`Cannot measure: nothing more arrived within ${TIMEOUT_MS / 1000} s`);
  });
  // Whichever comes later has nobody to tell.
  end.catch(() => undefined);
  late.catch(() => undefined);
  try {
    return await Promise.race([work, end, late]);
  } finally {
    over.abort();
  }
}
