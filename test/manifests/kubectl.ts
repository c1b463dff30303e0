import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Cluster } from "../testbed/control-plane.ts";
import { serverBinaries } from "../testbed/real-servers.ts";

/** Runs kubectl as the cluster's admin, with `input` on its stdin; what it says, whatever it ends with. */
export async function kubectl(
  cluster: Cluster,
  args: readonly string[],
  input = "",
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const kubeconfig = await cluster.writeKubeconfig("admin");
  const child = spawn(serverBinaries().kubectl, ["--kubeconfig", kubeconfig, ...args]);
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { stdout, stderr };
}
