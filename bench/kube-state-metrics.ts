import { access, constants, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kubeconfigFor } from "../src/testing/simulated-api-server/kubeconfig.ts";
import { findFreePort } from "../test/testbed/free-port.ts";
import { startProcess } from "../test/testbed/supervised-process.ts";
import { createTemporaryDirectory } from "../test/testbed/temporary-directory.ts";
import type { BenchOptions } from "./bench-arguments.ts";
import { BENCH_KIND } from "./bench-object.ts";
import { KUBE_STATE_METRICS_VERSION, kubeStateMetricsPath } from "./build-peers.ts";
import type { Peer } from "./peers.ts";
import { cpuSeconds, memoryMb } from "./process-usage.ts";
import { type ReplayServer, startReplayServer } from "./replay-server.ts";
import { Scenario, type ScenarioOptions } from "./scenario.ts";

const SERIES_PER_OBJECT = 11;
/** So long without any work means that it has caught up: it says nowhere how far it is. */
const QUIET_MS = 1500;
const POLL_MS = 100;
/** Less than this within one poll is the runtime's own housekeeping. */
const HOUSEKEEPING_SECONDS = 0.011;
const TIMEOUT_MS = 300_000;

/** The program at KUBE_STATE_METRICS or in the cache; undefined where there is none. Throws if the variable points nowhere. */
export async function findKubeStateMetrics(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const given = env["KUBE_STATE_METRICS"] ?? "";
  const path = given === "" ? kubeStateMetricsPath(env, homedir()) : given;
  try {
    await access(path, constants.X_OK);
    return path;
  } catch (cause) {
    if (given === "") return undefined;
    throw new Error(
      `Cannot run KUBE_STATE_METRICS "${given}": it is missing or not executable; unset it to go without`,
      { cause },
    );
  }
}

/** Runs it on the same objects and the same updates as ourselves, and counts the series that it has in the end. */
export async function measureKubeStateMetrics(
  path: string,
  options: BenchOptions,
  progress: (text: string) => void,
): Promise<Peer> {
  progress(`peer: kube-state-metrics on the same ${options.updates} updates`);
  const figures = await observe(path, options, async ({ pid, server, scenario }) => {
    const cpuBefore = cpuSeconds(pid);
    const beganMs = performance.now();
    await server.play(scenario.updates());
    const quietMs = await quiet(pid);
    return {
      seconds: (quietMs - beganMs) / 1000,
      cpu: cpuSeconds(pid) - cpuBefore,
      memory: memoryMb(pid),
    };
  });
  const large = options.large === 0 ? undefined : await measureSync(path, options, progress);
  const { rss, peak } = figures.memory;
  return {
    name: `kube-state-metrics ${KUBE_STATE_METRICS_VERSION.slice(1)}, 5 metrics, ${SERIES_PER_OBJECT} series per object`,
    eventsPerSecond: options.updates / figures.seconds,
    cpuPerMillion: (figures.cpu / options.updates) * 1e6,
    rss: `${rss.toFixed(0)} MB (${peak.toFixed(0)})`,
    rssLarge: large === undefined ? "–" : `${large.rss.toFixed(0)} MB`,
  };
}

async function measureSync(
  path: string,
  options: BenchOptions,
  progress: (text: string) => void,
): Promise<ReturnType<typeof memoryMb>> {
  const objects = options.large;
  progress(`peer: kube-state-metrics with ${objects} objects`);
  return await observe(path, { ...options, objects, updates: 0 }, async ({ pid }) => memoryMb(pid));
}

type Observed = {
  readonly pid: number;
  readonly server: ReplayServer;
  readonly scenario: Scenario;
};

/** Starts it, lets it sync and come to rest, looks, and checks that its series are those that the stream means. */
async function observe<T>(
  path: string,
  options: ScenarioOptions,
  look: (observed: Observed) => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTemporaryDirectory("bench-peer"));
  const scenario = new Scenario(options);
  const server = stack.use(await startReplayServer(scenario));
  const [kubeconfig, configuration] = [join(directory, "kubeconfig"), join(directory, "metrics")];
  await writeFile(kubeconfig, kubeconfigFor(server.url, undefined));
  await writeFile(configuration, JSON.stringify(customResourceStateMetrics()));
  const port = await findFreePort();
  const flags = {
    kubeconfig,
    "custom-resource-state-only": "true",
    "custom-resource-state-config-file": configuration,
    host: "127.0.0.1",
    port: String(port),
    "telemetry-host": "127.0.0.1",
    "telemetry-port": String(await findFreePort()),
  };
  const child = stack.use(
    await startProcess(
      path,
      Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ),
  );
  const ended = child.exited.then(() => {
    throw new Error(
      `Cannot measure kube-state-metrics: it ended\n${child.stderrLines.slice(-10).join("\n")}`,
    );
  });
  ended.catch(() => undefined);
  const work = async (): Promise<T> => {
    await server.watched;
    await quiet(child.pid);
    const result = await look({ pid: child.pid, server, scenario });
    await assertSeries(`http://127.0.0.1:${port}/metrics`, scenario);
    return result;
  };
  return await Promise.race([work(), ended]);
}

/** When (`performance.now()`) it last did some work, told once it has done none for a while. */
async function quiet(pid: number): Promise<number> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  let last = { atMs: performance.now(), cpu: cpuSeconds(pid) };
  while (performance.now() < deadlineMs) {
    await sleep(POLL_MS);
    const cpu = cpuSeconds(pid);
    if (cpu - last.cpu > HOUSEKEEPING_SECONDS) last = { atMs: performance.now(), cpu };
    else if (performance.now() - last.atMs > QUIET_MS) return last.atMs;
  }
  throw new Error(
    `Cannot measure kube-state-metrics: it did not come to rest within ${TIMEOUT_MS / 1000} s`,
  );
}

async function assertSeries(url: string, scenario: Scenario): Promise<void> {
  const wanted = [...scenario.expected().live()].length * SERIES_PER_OBJECT;
  const response = await fetch(url);
  let got = 0;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("bench_")) got++;
  }
  if (got !== wanted)
    throw new Error(
      `Cannot compare with kube-state-metrics: wanted ${wanted} series of it, got ${got}`,
    );
}

/** Five metrics that make eleven series of each object. */
function customResourceStateMetrics(): object {
  const { group, version, kind } = BENCH_KIND;
  return {
    kind: "CustomResourceStateMetrics",
    spec: {
      resources: [
        {
          groupVersionKind: { group, version, kind },
          metricNamePrefix: "bench",
          labelsFromPath: { name: ["metadata", "name"], namespace: ["metadata", "namespace"] },
          metrics: [
            gauge("generation", ["metadata", "generation"]),
            gauge("observed_generation", ["status", "observedGeneration"]),
            gauge("connections", ["status", "connections"]),
            gauge("condition", ["status", "conditions"], {
              labelsFromPath: { type: ["type"] },
              valueFrom: ["status"],
            }),
            {
              name: "phase",
              help: "phase",
              each: {
                type: "StateSet",
                stateSet: {
                  labelName: "phase",
                  path: ["status", "phase"],
                  list: ["Pending", "Running", "Resizing", "Failed"],
                },
              },
            },
          ],
        },
      ],
    },
  };
}

function gauge(name: string, path: readonly string[], more: object = {}): object {
  return { name, help: name, each: { type: "Gauge", gauge: { path, ...more } } };
}
