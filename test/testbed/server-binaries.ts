import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { toError } from "../../src/util/to-error.ts";
import { buildOnce } from "./build-cache.ts";
import { COLLECTOR_RECIPE_ID, COLLECTOR_VERSION, buildCollector } from "./build-collector.ts";
import {
  KUBERNETES_VERSION,
  OLDEST_KUBERNETES_VERSION,
  buildControllerManager,
  buildKubernetes,
  buildOldestApiServer,
} from "./build-kubernetes.ts";
import { LOKI_VERSION, buildLoki } from "./build-loki.ts";
import { PROMETHEUS_VERSION, buildPrometheus } from "./build-prometheus.ts";
import { TEMPO_VERSION, buildTempo } from "./build-tempo.ts";

/** Absolute paths of the real servers' programs. */
export type ServerBinaries = {
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly etcd: string;
  readonly kubectl: string;
  readonly otelcol: string;
};

/** Absolute paths of the stores behind the collector, which only few suites need. */
export type StoreBinaries = {
  readonly prometheus: string;
  readonly loki: string;
  readonly tempo: string;
};

/** What is there to run suites with; `reason` is a sentence for people. */
export type Found<Binaries> =
  | { readonly type: "ready"; readonly binaries: Binaries }
  | { readonly type: "missing"; readonly reason: string };

export type Testbed = Found<ServerBinaries>;

/**
 * Finds the programs in `KUBEBUILDER_ASSETS` (a directory), `KUBE_CONTROLLER_MANAGER` and `OTELCOL` (files) where these are set, else in the
 * cache, else builds them from Go modules into the cache. Throws when a variable points nowhere or a build fails.
 */
export async function obtainServerBinaries(env: NodeJS.ProcessEnv): Promise<Testbed> {
  const cache = cacheDirectory(env);
  const kubernetes = await obtain({
    variable: "KUBEBUILDER_ASSETS",
    cached: join(cache, `kubernetes-${KUBERNETES_VERSION}`),
    build: buildKubernetes,
    env,
  });
  const manager = await obtain({
    variable: "KUBE_CONTROLLER_MANAGER",
    cached: join(cache, `kube-controller-manager-${KUBERNETES_VERSION}`),
    build: buildControllerManager,
    env,
  });
  const collector = await obtain({
    variable: "OTELCOL",
    cached: join(cache, `otelcol-${COLLECTOR_VERSION}-${COLLECTOR_RECIPE_ID}`),
    build: buildCollector,
    env,
  });
  if (kubernetes === undefined || manager === undefined || collector === undefined)
    return { type: "missing", reason: NO_GO };
  const binaries: ServerBinaries = {
    kubeApiserver: join(kubernetes, "kube-apiserver"),
    kubeControllerManager:
      setting(env, "KUBE_CONTROLLER_MANAGER") ?? join(manager, "kube-controller-manager"),
    etcd: join(kubernetes, "etcd"),
    kubectl: join(kubernetes, "kubectl"),
    otelcol: setting(env, "OTELCOL") ?? join(collector, "otelcol"),
  };
  await Promise.all(Object.values(binaries).map(assertExecutable));
  return { type: "ready", binaries };
}

/** The same for kube-apiserver of the oldest supported version, a file in `OLDEST_KUBE_APISERVER`. */
export async function obtainOldestApiServer(env: NodeJS.ProcessEnv): Promise<Found<string>> {
  const variable = "OLDEST_KUBE_APISERVER";
  const built = await obtain({
    variable,
    cached: join(cacheDirectory(env), `kube-apiserver-${OLDEST_KUBERNETES_VERSION}`),
    build: buildOldestApiServer,
    env,
  });
  if (built === undefined) return { type: "missing", reason: NO_GO_FOR_OLDEST };
  const path = setting(env, variable) ?? join(built, "kube-apiserver");
  await assertExecutable(path);
  return { type: "ready", binaries: path };
}

/** The same for the programs in `PROMETHEUS`, `LOKI` and `TEMPO`, each a file. */
export async function obtainStoreBinaries(env: NodeJS.ProcessEnv): Promise<Found<StoreBinaries>> {
  const cache = cacheDirectory(env);
  const prometheus = await obtain({
    variable: "PROMETHEUS",
    cached: join(cache, `prometheus-${PROMETHEUS_VERSION}`),
    build: buildPrometheus,
    env,
  });
  const loki = await obtain({
    variable: "LOKI",
    cached: join(cache, `loki-${LOKI_VERSION}`),
    build: buildLoki,
    env,
  });
  const tempo = await obtain({
    variable: "TEMPO",
    cached: join(cache, `tempo-${TEMPO_VERSION}`),
    build: buildTempo,
    env,
  });
  if (prometheus === undefined || loki === undefined || tempo === undefined)
    return { type: "missing", reason: NO_GO_FOR_STORES };
  const binaries: StoreBinaries = {
    prometheus: setting(env, "PROMETHEUS") ?? join(prometheus, "prometheus"),
    loki: setting(env, "LOKI") ?? join(loki, "loki"),
    tempo: setting(env, "TEMPO") ?? join(tempo, "tempo"),
  };
  await Promise.all(Object.values(binaries).map(assertExecutable));
  return { type: "ready", binaries };
}

const NO_GO =
  "the real servers (kube-apiserver, kube-controller-manager, etcd, otelcol) are not built yet and no Go was found to build them; " +
  "install Go 1.21 or newer, or point KUBEBUILDER_ASSETS at a directory with kube-apiserver, etcd and kubectl, KUBE_CONTROLLER_MANAGER at that program, and OTELCOL at a collector";
const NO_GO_FOR_OLDEST =
  `kube-apiserver ${OLDEST_KUBERNETES_VERSION} is not built yet and no Go was found to build it; ` +
  "install Go 1.21 or newer, or point OLDEST_KUBE_APISERVER at the program";
const NO_GO_FOR_STORES =
  "Prometheus, Loki and Tempo are not all built yet and no Go was found to build them; " +
  "install Go 1.21 or newer, or point PROMETHEUS, LOKI and TEMPO at their programs";

type Source = {
  /** The environment's variable that says where it is. */
  readonly variable: string;
  readonly cached: string;
  readonly build: (directory: string, env: NodeJS.ProcessEnv) => Promise<void>;
  readonly env: NodeJS.ProcessEnv;
};

/** The directory (or file) that was given, or the one in the cache, built if need be; undefined without Go. */
async function obtain({ variable, cached, build, env }: Source): Promise<string | undefined> {
  const given = setting(env, variable);
  if (given !== undefined) return given;
  if (await exists(cached)) return cached;
  if (!(await isOnPath("go", env))) return undefined;
  try {
    await buildOnce(cached, (directory) => build(directory, env));
  } catch (cause) {
    throw new Error(
      `Cannot build "${cached}": see to what is said below and run it again, which goes on with what Go has cached, ` +
        `or point ${variable} at one that is built already\n${toError(cause).message}`,
      { cause },
    );
  }
  return cached;
}

function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const base = setting(env, "XDG_CACHE_HOME") ?? join(homedir(), ".cache");
  return join(base, "kube-lifeline", "testbed");
}

/** A variable's value; an empty one counts as not set. */
function setting(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

async function assertExecutable(path: string): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch (cause) {
    throw new Error(
      `Cannot run "${path}": it is missing or not executable; set KUBEBUILDER_ASSETS to a directory with kube-apiserver, etcd ` +
        "and kubectl, and KUBE_CONTROLLER_MANAGER, OLDEST_KUBE_APISERVER, OTELCOL, PROMETHEUS, LOKI and TEMPO to these programs, or unset them and remove the cache " +
        "to have them built",
      { cause },
    );
  }
}

async function isOnPath(program: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const directories = (env["PATH"] ?? "").split(delimiter);
  const found = await Promise.all(directories.map((directory) => exists(join(directory, program))));
  return found.includes(true);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
