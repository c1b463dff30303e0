import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMap } from "../../src/util/json.ts";
import { runGo } from "./run-go.ts";
import { fetchGoMod, goModList } from "./upstream-go-mod.ts";

export const KUBERNETES_VERSION = "v1.36.3";

/** The oldest that is supported. */
export const OLDEST_KUBERNETES_VERSION = "v1.34.2";

type KubernetesVersion = typeof KUBERNETES_VERSION | typeof OLDEST_KUBERNETES_VERSION;

type WithoutV<Version> = Version extends `v${infer Number}` ? Number : never;

/** As people say them: `1.36.3`, `1.34.2`. */
export type ServerVersion = WithoutV<KubernetesVersion>;

/** Builds kube-apiserver, kubectl and etcd into `directory`, from the published Go modules. */
export async function buildKubernetes(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { cwd, etcdVersion } = await writeModule(directory, KUBERNETES_VERSION, env);
  const commands = [
    `k8s.io/kubernetes/cmd/kube-apiserver@${KUBERNETES_VERSION}`,
    `k8s.io/kubernetes/cmd/kubectl@${KUBERNETES_VERSION}`,
    `go.etcd.io/etcd/server/v3@${etcdVersion}`,
  ];
  await buildCommands(commands, {
    what: `kube-apiserver ${KUBERNETES_VERSION}, kubectl and etcd ${etcdVersion} (about 4 min on 2 cores, once)`,
    version: KUBERNETES_VERSION,
    directory,
    cwd,
    env,
  });
  await rename(join(directory, "server"), join(directory, "etcd"));
}

/** Builds kube-apiserver of the oldest supported version into `directory`; a newer version's etcd serves it. */
export async function buildOldestApiServer(
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const version = OLDEST_KUBERNETES_VERSION;
  const { cwd } = await writeModule(directory, version, env);
  await buildCommands([`k8s.io/kubernetes/cmd/kube-apiserver@${version}`], {
    what: `kube-apiserver ${version} (about 3 min on 2 cores, once)`,
    version,
    directory,
    cwd,
    env,
  });
}

/** Builds kube-controller-manager of the same version; apart, for ready-made sets of the others do not have it. */
export async function buildControllerManager(
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const { cwd } = await writeModule(directory, KUBERNETES_VERSION, env);
  await buildCommands([`k8s.io/kubernetes/cmd/kube-controller-manager@${KUBERNETES_VERSION}`], {
    what: `kube-controller-manager ${KUBERNETES_VERSION} (about 2 min on 2 cores, once)`,
    version: KUBERNETES_VERSION,
    directory,
    cwd,
    env,
  });
}

type Module = { readonly cwd: string; readonly etcdVersion: string };

/**
 * Makes a module beside `directory` that can build commands of Kubernetes.
 *
 * k8s.io/kubernetes replaces its staging modules (k8s.io/api and its like) by folders of its own checkout; outside of
 * one, each is replaced by its published version, which for v1.X.Y is v0.X.Y. etcd is the version whose client this
 * Kubernetes uses.
 */
async function writeModule(
  directory: string,
  version: KubernetesVersion,
  env: NodeJS.ProcessEnv,
): Promise<Module> {
  const cwd = join(dirname(directory), "module");
  await mkdir(cwd);
  const upstream = parseGoMod(
    await fetchGoMod({ path: "k8s.io/kubernetes", version, cwd, env }),
    version,
  );
  await writeFile(join(cwd, "go.mod"), formatGoMod(upstream, version));
  return { cwd, etcdVersion: upstream.etcdVersion };
}

type Build = {
  /** Continues the sentence "building …". */
  readonly what: string;
  readonly version: KubernetesVersion;
  readonly directory: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
};

/** Builds commands, each `PACKAGE@VERSION`, in the module at `cwd`. */
async function buildCommands(
  commands: readonly string[],
  { what, version, directory, cwd, env }: Build,
): Promise<void> {
  await runGo(["get", "-tool", ...commands], {
    title: `fetching what Kubernetes ${version} needs (about 1 min)`,
    cwd,
    env,
  });
  const packages = commands.map((command) => command.slice(0, command.indexOf("@")));
  await runGo(
    ["build", "-trimpath", "-ldflags", linkerFlags(version), "-o", `${directory}/`, ...packages],
    { title: `building ${what}`, cwd, env },
  );
}

type GoMod = {
  readonly goVersion: string;
  readonly stagingModules: readonly string[];
  readonly etcdVersion: string;
};

/** What the build needs from go.mod as JSON. */
function parseGoMod(file: unknown, version: KubernetesVersion): GoMod {
  const stagingModules = goModList(file, "Replace").flatMap(({ Old: from, New: to }) => {
    if (!isMap(from) || !isMap(to) || !String(to["Path"]).startsWith("./staging/")) return [];
    return [String(from["Path"])];
  });
  const etcd = goModList(file, "Require").find(
    ({ Path: path }) => path === "go.etcd.io/etcd/client/v3",
  );
  const goVersion = isMap(file) ? file["Go"] : undefined;
  if (stagingModules.length === 0 || etcd === undefined || typeof goVersion !== "string") {
    throw new Error(
      `Cannot use go.mod of Kubernetes ${version}: no staging modules, no etcd or no Go version in it`,
    );
  }
  return { goVersion, stagingModules, etcdVersion: String(etcd["Version"]) };
}

function formatGoMod({ goVersion, stagingModules }: GoMod, version: KubernetesVersion): string {
  const staging = version.replace("v1.", "v0.");
  return [
    "module testbed",
    `go ${goVersion}`,
    `require k8s.io/kubernetes ${version}`,
    ...stagingModules.map((module) => `replace ${module} => ${module} ${staging}`),
    "",
  ].join("\n");
}

/** Without these the API server calls itself v0.0.0-master, and compatibility checks fail. */
function linkerFlags(version: KubernetesVersion): string {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const variables = "k8s.io/component-base/version";
  return `-s -w -X ${variables}.gitVersion=${version} -X ${variables}.gitMajor=${major} -X ${variables}.gitMinor=${minor}`;
}
