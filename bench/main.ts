import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { kubeconfigFor } from "../src/testing/simulated-api-server/kubeconfig.ts";
import { toError } from "../src/util/to-error.ts";
import { BENCH_HELP, type BenchOptions, parseBenchArguments } from "./bench-arguments.ts";
import { BENCH_KIND } from "./bench-object.ts";
import { startOtlpSink } from "./otlp-sink.ts";
import { cpuSeconds, memoryMb } from "./process-usage.ts";
import { type Measured, renderReport, renderTopFunctions, verdict } from "./report.ts";
import { startReplayServer } from "./replay-server.ts";
import { LAST_OBJECT, Scenario } from "./scenario.ts";
import { topFunctions } from "./top-functions.ts";

const WRONG_ARGUMENTS = 2;
const TOP_FUNCTIONS = 25;
/** As in the image and in `npm start`. */
const NODE_FLAGS = ["--max-semi-space-size=16", "--disable-warning=ExperimentalWarning"];
/** Two times the default of LIFELINE_METRIC_INTERVAL and a little: by then all points of what happened are out. */
const SETTLE_MS = 11_000;
/** Slower than this is not slow but stuck. */
const TIMEOUT_MS = 300_000;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const asked = parseBenchArguments(args);
  if (asked.type === "help") return say(BENCH_HELP, 0);
  if (asked.type === "wrong") return say(`${asked.problem}\n\n${BENCH_HELP}`, WRONG_ARGUMENTS);
  if (process.platform !== "linux")
    return say(
      `Cannot measure on ${process.platform}: the bench reads /proc, so it needs Linux\n`,
      1,
    );
  const program = programOf(asked.options);
  if (!existsSync(program))
    return say(`Cannot bench "${program}": it is not there; run "npm run build" first\n`, 1);
  try {
    return await bench(asked.options, program);
  } catch (error) {
    return say(`${toError(error).message}\n`, 1);
  }
}

function programOf({ built }: BenchOptions): string {
  return fileURLToPath(new URL(built ? "../dist/main.js" : "../src/main.ts", import.meta.url));
}

async function bench(options: BenchOptions, program: string): Promise<number> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "kube-lifeline-bench-"));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const scenario = new Scenario(options);
  const server = cleanup.use(await startReplayServer(scenario));
  const sink = cleanup.use(await startOtlpSink());
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(server.url, undefined));
  const profileFlags = options.cpuProfile
    ? ["--cpu-prof", `--cpu-prof-dir=${directory}`, "--cpu-prof-name=bench.cpuprofile"]
    : [];
  const child = spawn(process.execPath, [...NODE_FLAGS, ...profileFlags, program], {
    env: environment({ kubeconfig, directory, endpoint: sink.url, options }),
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(child, "exit");
  cleanup.defer(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const measured = await orDie(child, measure(child, { server, sink, options }));
  child.kill("SIGTERM");
  await ended;
  const tally = sink.tally();
  const expected = { records: scenario.expected(), objectSeries: scenario.expectedSeries };
  say(renderReport({ options, measured, tally, expected, eventBytes: scenario.meanEventBytes }), 0);
  if (options.cpuProfile) await keepProfile(join(directory, "bench.cpuprofile"));
  const problems = verdict(tally, expected);
  return say(problems.map((problem) => `${problem}\n`).join(""), problems.length === 0 ? 0 : 1);
}

type Rig = {
  readonly server: Awaited<ReturnType<typeof startReplayServer>>;
  readonly sink: Awaited<ReturnType<typeof startOtlpSink>>;
  readonly options: BenchOptions;
};

async function measure(
  { pid = 0 }: ChildProcess,
  { server, sink, options }: Rig,
): Promise<Measured> {
  const spawnedMs = performance.now();
  await server.contacted;
  const startCpuSeconds = cpuSeconds(pid);
  const synced = sink.arrival("lifeline.synced");
  await Promise.all([server.watched, synced]);
  const syncSeconds = (performance.now() - spawnedMs) / 1000;
  const syncCpuSeconds = cpuSeconds(pid);
  await sleep(SETTLE_MS);
  const idle = memoryMb(pid);
  const cpuBefore = cpuSeconds(pid);
  const beganMs = performance.now();
  const all = sink.arrival(LAST_OBJECT);
  await server.play();
  await all;
  const seconds = (performance.now() - beganMs) / 1000;
  await sleep(SETTLE_MS);
  const end = memoryMb(pid);
  return {
    startCpuSeconds,
    syncSeconds,
    syncCpuSeconds,
    idleRssMb: idle.rss,
    idlePeakMb: idle.peak,
    eventsPerSecond: options.updates / seconds,
    cpuPerMillion: ((cpuSeconds(pid) - cpuBefore) / options.updates) * 1e6,
    rssMb: end.rss,
    peakMb: end.peak,
  };
}

/** The measurement, unless the program ends or time is up. */
async function orDie(child: ChildProcess, measurement: Promise<Measured>): Promise<Measured> {
  const over = new AbortController();
  const { signal } = over;
  const end = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`Cannot measure: the program ended with ${code} while it was being measured`);
  });
  const late = sleep(TIMEOUT_MS, undefined, { signal }).then(() => {
    throw new Error(`Cannot measure: not all records arrived within ${TIMEOUT_MS / 1000} s`);
  });
  const both = Promise.allSettled([end, late]);
  try {
    return await Promise.race([measurement, end, late]);
  } finally {
    over.abort();
    await both;
  }
}

type Surroundings = {
  readonly kubeconfig: string;
  readonly directory: string;
  readonly endpoint: string;
  readonly options: BenchOptions;
};

function environment({
  kubeconfig,
  directory,
  endpoint,
  options,
}: Surroundings): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: directory,
    TMPDIR: directory,
    KUBECONFIG: kubeconfig,
    LIFELINE_RESOURCES: `${BENCH_KIND.resource}.${BENCH_KIND.group}`,
    LIFELINE_STATE_DIR: join(directory, "state"),
    LIFELINE_HTTP_ADDRESS: "off",
    LIFELINE_OWN_LOG_LEVEL: "warn",
    LIFELINE_LOG_SEVERITY: options.logSeverity,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  };
}

/** Prints where the time went, and leaves the profile for a viewer. */
async function keepProfile(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  const kept = new URL("bench.cpuprofile", import.meta.url);
  await writeFile(kept, text);
  say(renderTopFunctions(topFunctions(JSON.parse(text), TOP_FUNCTIONS), fileURLToPath(kept)), 0);
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text);
  return exitCode;
}
