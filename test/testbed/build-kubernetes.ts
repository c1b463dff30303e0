import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMap } from "../../src/util/json.ts";
import { runGo } from "./run-go.ts";
import { fetchGoMod, goModList } from "./upstream-go-mod.ts";

export const KUBERNETES_VERSION = "v1.36.3";

/**
 * Builds kube-apiserver, kubectl and etcd into `directory`, from the published Go modules.
 *
 * k8s.io/kubernetes replaces its staging modules (k8s.io/api and its like) by folders of its own checkout; outside of
 * one, each is replaced by its published version, which for v1.X.Y is v0.X.Y. etcd is the version whose client this
 * Kubernetes uses.
 */
export async function buildKubernetes(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = join(dirname(directory), "module");
  await mkdir(cwd);
  const upstream = parseGoMod(
    await fetchGoMod({ path: "k8s.io/kubernetes", version: KUBERNETES_VERSION, cwd, env }),
  );
  await writeFile(join(cwd, "go.mod"), formatGoMod(upstream));
  const commands = [
    `k8s.io/kubernetes/cmd/kube-apiserver@${KUBERNETES_VERSION}`,
    `k8s.io/kubernetes/cmd/kubectl@${KUBERNETES_VERSION}`,
    `go.etcd.io/etcd/server/v3@${upstream.etcdVersion}`,
  ];
  await runGo(["get", "-tool", ...commands], {
    title: "fetching what Kubernetes and etcd need (about 1 min)",
    cwd,
    env,
  });
  const packages = commands.map((command) => command.slice(0, command.indexOf("@")));
  await runGo(
    ["build", "-trimpath", "-ldflags", linkerFlags(), "-o", `${directory}/`, ...packages],
    {
      title: `building kube-apiserver ${KUBERNETES_VERSION}, kubectl and etcd ${upstream.etcdVersion} (about 4 min on 2 cores, once)`,
      cwd,
      env,
    },
  );
  await rename(join(directory, "server"), join(directory, "etcd"));
}

type GoMod = {
  readonly goVersion: string;
  readonly stagingModules: readonly string[];
  readonly etcdVersion: string;
};

/** What the build needs from go.mod as JSON. */
function parseGoMod(file: unknown): GoMod {
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
      `Cannot use go.mod of Kubernetes ${KUBERNETES_VERSION}: no staging modules, no etcd or no Go version in it`,
    );
  }
  return { goVersion, stagingModules, etcdVersion: String(etcd["Version"]) };
}

function formatGoMod({ goVersion, stagingModules }: GoMod): string {
  const staging = KUBERNETES_VERSION.replace("v1.", "v0.");
  return [
    "module testbed",
    `go ${goVersion}`,
    `require k8s.io/kubernetes ${KUBERNETES_VERSION}`,
    ...stagingModules.map((module) => `replace ${module} => ${module} ${staging}`),
    "",
  ].join("\n");
}

/** Without these the API server calls itself v0.0.0-master, and compatibility checks fail. */
function linkerFlags(): string {
  const [major = "", minor = ""] = KUBERNETES_VERSION.slice(1).split(".");
  const version = "k8s.io/component-base/version";
  return `-s -w -X ${version}.gitVersion=${KUBERNETES_VERSION} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`;
}
