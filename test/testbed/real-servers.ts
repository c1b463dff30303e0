import { inject, test } from "vitest";
import { askShared } from "./ask-shared.ts";
import { launchCollector, type Collector, type CollectorOptions } from "./collector.ts";
import { launchControllerManager } from "./controller-manager.ts";
import {
  connectCluster,
  launchControlPlane,
  type Cluster,
  type ControlPlane,
  type ControlPlaneOptions,
} from "./control-plane.ts";
import type { ServerVersion } from "./build-kubernetes.ts";
import type { Found, ServerBinaries } from "./server-binaries.ts";

/** Like `test`, but skipped where the real servers cannot be had. Hooks are skipped only in a file that holds no other tests. */
// oxlint-disable-next-line vitest/expect-expect, vitest/no-disabled-tests -- this makes a test function, it is no test
export const serverTest: ReturnType<typeof test.skipIf> = test.skipIf(
  inject("testbed").type === "missing",
);

type OwnControlPlaneOptions = ControlPlaneOptions & {
  /** Of kube-apiserver; the newest by default. The oldest is there in the project `versions` alone. */
  readonly version?: ServerVersion;
};

/** A control plane of the suite's own, about 4 s to start; for suites that stop it or count what is in it. */
export async function startControlPlane(
  options: OwnControlPlaneOptions = {},
): Promise<ControlPlane> {
  const { version = "1.36.3", ...rest } = options;
  const newest = serverBinaries();
  const binaries =
    version === "1.36.3" ? newest : { ...newest, kubeApiserver: oldestApiServer(version) };
  return await launchControlPlane(binaries, rest);
}

/**
 * The control plane that all suites of this run share, started when first asked for. Each suite uses namespaces, CRD
 * groups and users of its own; the disposal closes this file's connections and leaves the servers running.
 */
export async function connectSharedCluster(): Promise<Cluster & AsyncDisposable> {
  const address = await askShared(inject("sharedControlPlaneUrl"));
  return await connectCluster({
    server: String(address["server"]),
    directory: String(address["directory"]),
  });
}

/** A collector of the suite's own, less than a second to start. */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  return await launchCollector(serverBinaries().otelcol, options);
}

/** The programs, to run them in another way. */
export function serverBinaries(): ServerBinaries {
  const testbed = inject("testbed");
  if (testbed.type === "ready") return testbed.binaries;
  throw new Error(
    `Cannot start real servers: ${testbed.reason}; use serverTest, which is skipped then`,
  );
}

function oldestApiServer(version: ServerVersion): string {
  // Vitest's types know nothing of projects: where another one runs, nothing is provided.
  const oldest: Found<string> | undefined = inject("oldestApiServer");
  if (oldest?.type === "ready") return oldest.binaries;
  throw new Error(
    `Cannot start kube-apiserver ${version}: ${oldest?.reason ?? "only suites of the vitest project versions have it"}`,
  );
}

/** Runs the controllers of Deployments, StatefulSets, Jobs and what they own; there is no kubelet, so their Pods stay Pending. */
export async function startControllerManager(cluster: Cluster): Promise<AsyncDisposable> {
  return await launchControllerManager(serverBinaries().kubeControllerManager, cluster);
}
