import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildOnce } from "../test/testbed/build-cache.ts";
import { runGo } from "../test/testbed/run-go.ts";

export const KUBE_STATE_METRICS_VERSION = "v2.20.0";
const MODULE = "k8s.io/kube-state-metrics/v2";

/** Where it is built to, and looked for. */
export function kubeStateMetricsPath(env: NodeJS.ProcessEnv, home: string): string {
  const given = env["XDG_CACHE_HOME"] ?? "";
  const cache = given === "" ? join(home, ".cache") : given;
  return join(
    cache,
    "kube-lifeline",
    "testbed",
    `kube-state-metrics-${KUBE_STATE_METRICS_VERSION}`,
    "kube-state-metrics",
  );
}

/**
 * Builds kube-state-metrics with Go, unless it is there. `go install` refuses its module, as that replaces some of its
 * dependencies: it is built as a tool of an empty one.
 */
export async function buildKubeStateMetrics(env: NodeJS.ProcessEnv, home: string): Promise<void> {
  const path = kubeStateMetricsPath(env, home);
  await buildOnce(dirname(path), async (directory) => {
    const cwd = join(dirname(directory), "module");
    await mkdir(cwd);
    await writeFile(
      join(cwd, "go.mod"),
      `module bench\n\ngo 1.26\n\ntool ${MODULE}\n\nrequire ${MODULE} ${KUBE_STATE_METRICS_VERSION}\n`,
    );
    const title = `kube-state-metrics ${KUBE_STATE_METRICS_VERSION}`;
    await runGo(["mod", "tidy"], { title: `resolving the modules of ${title}`, cwd, env });
    const output = join(directory, "kube-state-metrics");
    await runGo(["build", "-trimpath", "-ldflags", "-s -w", "-o", output, MODULE], {
      title: `building ${title} (about 2 min on 2 cores, once)`,
      cwd,
      env,
    });
  });
}
