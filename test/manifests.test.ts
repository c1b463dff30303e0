import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { parseAllDocuments } from "yaml";
import { readConfiguration } from "../src/run/configuration.ts";
import { VARIABLES } from "../src/run/variables.ts";
import { VERSION } from "../src/util/version.ts";
import { parseDockerfile } from "./image/parse-dockerfile.ts";
import { kubectl } from "./manifests/kubectl.ts";
import type { NewObject } from "./testbed/admin-client.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { connectSharedCluster, serverBinaries, serverTest } from "./testbed/real-servers.ts";

const run = promisify(execFile);
const MANIFESTS = fileURLToPath(new URL("../manifests", import.meta.url));
const NAMESPACE = "kube-lifeline";

const servers = new AsyncDisposableStack();
let cluster: Cluster;
let rendered: string;

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  ({ stdout: rendered } = await run(serverBinaries().kubectl, ["kustomize", MANIFESTS]));
  await cluster.admin.apply(find("Namespace"));
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest("manifests are accepted by a real API server, without a warning", async () => {
  const objects = parseAllDocuments(rendered).length;

  const applied = await kubectl(
    cluster,
    ["apply", "--server-side", "--dry-run=server", "-f", "-"],
    rendered,
  );

  expect(applied.stderr).toBe("");
  expect(applied.stdout.trim().split("\n")).toHaveLength(objects);
  for (const line of applied.stdout.trim().split("\n")) expect(line).toMatch(/\(server dry run\)$/);
});

serverTest(
  "manifests' pod is let into its namespace, which enforces the restricted standard",
  async () => {
    const { template } = JSON.parse(JSON.stringify(find("Deployment")["spec"]));
    const pod = {
      ...template,
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "lifeline", namespace: NAMESPACE },
    };
    const { securityContext: _, ...careless } = pod.spec;

    const admitted = await kubectl(
      cluster,
      ["create", "--dry-run=server", "-f", "-"],
      JSON.stringify(pod),
    );
    const refused = await kubectl(
      cluster,
      ["create", "--dry-run=server", "-f", "-"],
      JSON.stringify({ ...pod, spec: careless }),
    );

    expect(admitted).toEqual({ stdout: "pod/lifeline created (server dry run)\n", stderr: "" });
    expect(refused.stderr).toContain('violates PodSecurity "restricted:latest"');
  },
);

serverTest("manifests' roles only read, and Secrets not even that", () => {
  const { rules } = JSON.parse(JSON.stringify(find("ClusterRole")));

  for (const { verbs, resources, apiGroups } of rules) {
    expect(["get", "list", "watch"]).toEqual(expect.arrayContaining(verbs));
    expect(resources).not.toContain("secrets");
    expect([...apiGroups, ...resources]).not.toContain("*");
  }
});

serverTest("manifests' pod is the only one, and can do with what the image gives it", async () => {
  const { replicas, strategy, template } = JSON.parse(JSON.stringify(find("Deployment")["spec"]));
  const { spec: pod } = template;
  const { stages } = parseDockerfile(await readFile(`${MANIFESTS}/../Dockerfile`, "utf8"));
  const user = stages.at(-1)?.instructions.find(({ name }) => name === "USER")?.text;

  const { securityContext, containers, enableServiceLinks } = pod;

  expect({ replicas, strategy }).toEqual({ replicas: 1, strategy: { type: "Recreate" } });
  expect(find("PersistentVolumeClaim")["spec"]).toMatchObject({ accessModes: ["ReadWriteOnce"] });
  expect(enableServiceLinks).toBe(false);
  expect(`${securityContext.runAsUser}:${securityContext.runAsGroup}`).toBe(user);
  expect(containers).toEqual([
    expect.objectContaining({
      image: `kube-lifeline:${VERSION}`,
      securityContext: expect.objectContaining({ readOnlyRootFilesystem: true }),
      volumeMounts: [{ name: "state", mountPath: "/var/lib/kube-lifeline" }],
    }),
  ]);
});

serverTest("manifests' probes and Service ask where the program answers", () => {
  const { template } = JSON.parse(JSON.stringify(find("Deployment")["spec"]));
  const [container] = template.spec.containers;
  const service = JSON.parse(JSON.stringify(find("Service")["spec"]));
  const port = Number(VARIABLES.httpAddress.whenUnset.text.split(":")[1]);

  const { livenessProbe, readinessProbe, ports } = container;

  expect(ports).toEqual([{ name: "health", containerPort: port }]);
  expect(livenessProbe.httpGet).toEqual({ path: "/livez", port: "health" });
  expect(readinessProbe.httpGet).toEqual({ path: "/readyz", port: "health" });
  expect(service.ports).toEqual([{ name: "health", port, targetPort: "health" }]);
  expect(template.metadata.labels).toMatchObject(service.selector);
});

serverTest("manifests' pod is given longer to stop than the program takes", () => {
  const { template } = JSON.parse(JSON.stringify(find("Deployment")["spec"]));
  const takesSeconds = Number.parseInt(VARIABLES.shutdownTimeoutMs.whenUnset.text, 10);

  expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(takesSeconds);
});

serverTest("manifests' settings are such that the program takes them", () => {
  const settings = find("ConfigMap")["data"];
  const [container] = JSON.parse(JSON.stringify(find("Deployment")["spec"])).template.spec
    .containers;
  const own = container.env.map(({ name, value }: { name: string; value: string }) => [
    name,
    value,
  ]);

  const read = readConfiguration(
    { ...JSON.parse(JSON.stringify(settings)), ...Object.fromEntries(own) },
    { bareTerminal: false },
  );

  expect(read).toMatchObject({
    type: "valid",
    configuration: { stateDirectory: container.volumeMounts[0].mountPath },
  });
});

function find(kind: string): NewObject {
  const found = parseAllDocuments(rendered)
    .map((document): NewObject => document.toJS())
    .find((object) => object.kind === kind);
  if (found === undefined) throw new Error(`Cannot find a ${kind} in what kustomize rendered`);
  return found;
}
