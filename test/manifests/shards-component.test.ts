import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect } from "vitest";
import { readConfiguration } from "../../src/run/configuration.ts";
import { fieldAt } from "../../src/util/json.ts";
import type { NewObject } from "../testbed/admin-client.ts";
import type { Cluster } from "../testbed/control-plane.ts";
import { connectSharedCluster, serverBinaries, serverTest } from "../testbed/real-servers.ts";
import { kubectl } from "./kubectl.ts";
import { kustomize, parseObjects } from "./kustomize.ts";

const TREE = fileURLToPath(new URL("shards", import.meta.url));
/** As the tree's own patch says. */
const COUNT = 5;

const servers = new AsyncDisposableStack();
let cluster: Cluster;
let objects: readonly NewObject[];

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  objects = parseObjects(await kustomize(serverBinaries().kubectl, TREE));
  await cluster.admin.apply(find("Namespace"));
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest("shards' manifests are accepted by a real API server, without a warning", async () => {
  const applied = await kubectl(cluster, [
    "apply",
    "--server-side",
    "--dry-run=server",
    "-k",
    TREE,
  ]);

  expect(applied.stderr).toBe("");
  expect(applied.stdout).toContain("statefulset.apps/kube-lifeline serverside-applied");
});

serverTest("shards' pods take the place of the base's, each with a volume of its own", () => {
  const kinds = objects.map(({ kind }) => kind);
  const spec = fieldAt(find("StatefulSet"), "spec");
  const mounts = fieldAt(containerOf(), "volumeMounts");

  expect(kinds).not.toContain("Deployment");
  expect(kinds).not.toContain("PersistentVolumeClaim");
  expect(spec).toMatchObject({
    volumeClaimTemplates: [{ metadata: { name: "state" } }],
    serviceName: find("Service").metadata.name,
    podManagementPolicy: "Parallel",
  });
  expect(mounts).toEqual([{ name: "state", mountPath: "/var/lib/kube-lifeline" }]);
});

serverTest(
  "shards' pod is let into its namespace, which enforces the restricted standard",
  async () => {
    const template = fieldAt(find("StatefulSet"), "spec", "template");
    const pod = {
      ...JSON.parse(JSON.stringify(template)),
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "share", namespace: find("Namespace").metadata.name },
    };
    pod.spec.volumes = [{ name: "state", persistentVolumeClaim: { claimName: "state-share" } }];

    const admitted = await kubectl(
      cluster,
      ["create", "--dry-run=server", "-f", "-"],
      JSON.stringify(pod),
    );

    expect(admitted).toEqual({ stdout: "pod/share created (server dry run)\n", stderr: "" });
  },
);

serverTest("each of the shards' pods has another share, and together they have all", () => {
  const replicas = fieldAt(find("StatefulSet"), "spec", "replicas");

  const shards = Array.from({ length: COUNT }, (_, index) => {
    const read = readConfiguration(variablesOfPod(index), { bareTerminal: false });
    return read.type === "valid" ? read.configuration.shard : read;
  });

  expect(replicas).toBe(COUNT);
  expect(shards).toEqual(shards.map((_, index) => ({ index, count: COUNT })));
});

/** What the program of the pod with that index finds in its environment: kubelet expands `$(NAME)` of variables before. */
function variablesOfPod(index: number): Record<string, string> {
  const variables: Record<string, string> = {
    ...JSON.parse(JSON.stringify(find("ConfigMap")["data"])),
  };
  const env = fieldAt(containerOf(), "env");
  for (const one of Array.isArray(env) ? env : []) {
    const path = fieldAt(one, "valueFrom", "fieldRef", "fieldPath");
    const value =
      path === "metadata.labels['apps.kubernetes.io/pod-index']"
        ? String(index)
        : String(fieldAt(one, "value"));
    variables[String(fieldAt(one, "name"))] = value.replaceAll(
      /\$\((\w+)\)/g,
      (whole, name: string) => variables[name] ?? whole,
    );
  }
  return variables;
}

function containerOf(): unknown {
  const containers = fieldAt(find("StatefulSet"), "spec", "template", "spec", "containers");
  return Array.isArray(containers) ? containers[0] : undefined;
}

function find(kind: string): NewObject {
  const found = objects.find((object) => object.kind === kind);
  if (found === undefined) throw new Error(`Cannot find a ${kind} in what kustomize rendered`);
  return found;
}
