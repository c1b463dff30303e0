import type { Cluster } from "./control-plane.ts";
import { findFreePort } from "./free-port.ts";
import { startProcess, waitUntilReady } from "./supervised-process.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** What suites need: each of the others would watch the whole cluster for nothing. */
const CONTROLLERS = [
  "deployment-controller",
  "replicaset-controller",
  "statefulset-controller",
  "job-controller",
  "garbage-collector-controller",
];

/** Runs kube-controller-manager as the admin, and waits until its controllers have begun; its disposal ends it. */
export async function launchControllerManager(
  command: string,
  cluster: Cluster,
): Promise<AsyncDisposable> {
  await using starting = new AsyncDisposableStack();
  const { path: directory } = starting.use(await createTemporaryDirectory("controllers"));
  const port = await findFreePort();
  const kubeconfig = await cluster.writeKubeconfig("admin");
  const manager = starting.use(
    await startProcess(command, [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      "--authorization-always-allow-paths=/healthz",
      `--controllers=${CONTROLLERS.join(",")}`,
      "--leader-elect=false",
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${directory}`,
    ]),
  );
  const isHealthy = async (): Promise<boolean> => {
    const line = "Caches are synced";
    if (!manager.stderrLines.some((text) => text.includes(line))) return false;
    return !manager.stderrLines.some((text) => text.includes("Error starting"));
  };
  await waitUntilReady(manager, isHealthy, { name: "kube-controller-manager", timeoutMs: 60_000 });
  const everything = starting.move();
  return { [Symbol.asyncDispose]: () => everything.disposeAsync() };
}
