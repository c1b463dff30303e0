import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { buildOnce } from "./build-cache.ts";
import { COLLECTOR_RECIPE_ID, COLLECTOR_VERSION, buildCollector } from "./build-collector.ts";
import { KUBERNETES_VERSION, buildKubernetes } from "./build-kubernetes.ts";

/** Absolute paths of the real servers' programs. */
export type ServerBinaries = {
  readonly kubeApiserver: string;
  readonly etcd: string;
  readonly kubectl: string;
  readonly otelcol: string;
};

/** What is there to run suites with; `reason` is a sentence for people. */
export type Testbed =
  | { readonly type: "ready"; readonly binaries: ServerBinaries }
  | { readonly type: "missing"; readonly reason: string };

/**
 * Finds the programs in `KUBEBUILDER_ASSETS` (a directory) and `OTELCOL` (a file) where these are set, else in the
 * cache, else builds them from Go modules into the cache. Throws when a variable points nowhere or a build fails.
 */
export async function obtainServerBinaries(env: NodeJS.ProcessEnv): Promise<Testbed> {
  const cache = join(
    setting(env, "XDG_CACHE_HOME") ?? join(homedir(), ".cache"),
    "kube-lifeline",
    "testbed",
  );
  const kubernetes = await obtain({
    given: setting(env, "KUBEBUILDER_ASSETS"),
    cached: join(cache, `kubernetes-${KUBERNETES_VERSION}`),
    build: buildKubernetes,
    env,
  });
  const collector = await obtain({
    given: setting(env, "OTELCOL"),
    cached: join(cache, `otelcol-${COLLECTOR_VERSION}-${COLLECTOR_RECIPE_ID}`),
    build: buildCollector,
    env,
  });
  if (kubernetes === undefined || collector === undefined)
    return { type: "missing", reason: NO_GO };
  const binaries: ServerBinaries = {
    kubeApiserver: join(kubernetes, "kube-apiserver"),
    etcd: join(kubernetes, "etcd"),
    kubectl: join(kubernetes, "kubectl"),
    otelcol: setting(env, "OTELCOL") ?? join(collector, "otelcol"),
  };
  await Promise.all(Object.values(binaries).map(assertExecutable));
  return { type: "ready", binaries };
}

const NO_GO =
  "the real servers (kube-apiserver, etcd, otelcol) are not built yet and no Go was found to build them; " +
  "install Go 1.21 or newer, or point KUBEBUILDER_ASSETS at a directory with kube-apiserver, etcd and kubectl, and OTELCOL at a collector";

type Source = {
  readonly given: string | undefined;
  readonly cached: string;
  readonly build: (directory: string, env: NodeJS.ProcessEnv) => Promise<void>;
  readonly env: NodeJS.ProcessEnv;
};

/** The directory (or file) that was given, or the one in the cache, built if need be; undefined without Go. */
async function obtain({ given, cached, build, env }: Source): Promise<string | undefined> {
  if (given !== undefined) return given;
  if (await exists(cached)) return cached;
  if (!(await isOnPath("go", env))) return undefined;
  await buildOnce(cached, (directory) => build(directory, env));
  return cached;
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
        "and kubectl and OTELCOL to a collector, or unset them and remove the cache to have them built",
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
