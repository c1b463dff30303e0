import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect } from "vitest";
import { readConfiguration } from "../../src/run/configuration.ts";
import { fieldAt, isMap, type JsonMap } from "../../src/util/json.ts";
import { definition } from "../support/definition.ts";
import type { NewObject } from "../testbed/admin-client.ts";
import type { Cluster } from "../testbed/control-plane.ts";
import { eventually } from "../testbed/eventually.ts";
import { startLifeline } from "../testbed/lifeline.ts";
import { connectSharedCluster, serverBinaries, serverTest } from "../testbed/real-servers.ts";
import { kubectl } from "./kubectl.ts";
import { kustomize, parseObjects } from "./kustomize.ts";

const NAMESPACE = "database-operator-system";
const ACCOUNT = "database-operator-controller-manager";
const USER = `system:serviceaccount:${NAMESPACE}:${ACCOUNT}`;
const DEPLOYMENT = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "database-operator-controller-manager", namespace: NAMESPACE },
};
const RBAC = "rbac.authorization.k8s.io/v1";
/** The trees with the component, and each operator without. */
const VARIANTS = [
  { tree: "sidecar", without: "operator/default", own: [] },
  { tree: "sidecar-in-place", without: "operator/default", own: [] },
  { tree: "sidecar-after-init", without: "operator/with-init", own: ["wait", "migrate"] },
] as const;

const servers = new AsyncDisposableStack();
let cluster: Cluster;

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  const kind = { group: "operator.example.com", kind: "Database", plural: "databases" };
  await cluster.admin.apply(definition(kind));
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest.for(VARIANTS)(
  "the component's container is stored as a native sidecar behind the operator's own: $tree",
  async ({ tree, own }) => {
    await applyAnew(tree);

    const stored = await storedDeployment();

    const spec = podSpecOf(stored);
    const containers = listOf(spec["initContainers"]);
    expect(namesOf(containers)).toEqual([...own, "kube-lifeline"]);
    expect(fieldAt(stored, "spec", "replicas")).toBe(1);
    const sidecar = containers.at(-1) ?? {};
    expect(sidecar).toMatchObject({
      restartPolicy: "Always",
      image: expect.stringMatching(/@sha256:/),
      imagePullPolicy: "IfNotPresent",
      securityContext: {
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      },
      volumeMounts: [{ name: "kube-lifeline-state", mountPath: "/var/lib/kube-lifeline" }],
      resources: { requests: expect.anything(), limits: { memory: expect.anything() } },
    });
    for (const harm of ["startupProbe", "readinessProbe", "livenessProbe", "ports", "lifecycle"])
      expect(sidecar).not.toHaveProperty(harm);
    expect(listOf(spec["volumes"])).toContainEqual({
      name: "kube-lifeline-state",
      emptyDir: { sizeLimit: expect.anything() },
    });
  },
);

serverTest.for(VARIANTS)(
  "the component changes nothing else of the operator: $tree",
  async ({ tree, without }) => {
    await applyAnew(without);
    const before = await storedDeployment();

    await applyTree(tree);
    const after = await storedDeployment();

    expect(withoutSidecar(after)).toEqual(withoutSidecar(before));
    const [old, now] = await Promise.all([render(without), render(tree)]);
    const unchanged = old.filter(({ kind }) => kind !== "Deployment");
    expect(now).toEqual(expect.arrayContaining(unchanged));
    const added = now.length - old.length;
    expect(added).toBe(4);
  },
);

serverTest("the component's pod is let into a namespace of the restricted standard", async () => {
  await applyTree("sidecar-after-init");
  const { template } = JSON.parse(JSON.stringify((await storedDeployment())["spec"]));
  const metadata = { name: "operator", namespace: NAMESPACE };
  const pod = { apiVersion: "v1", kind: "Pod", ...template, metadata };

  const admitted = await kubectl(
    cluster,
    ["create", "--dry-run=server", "-f", "-"],
    JSON.stringify(pod),
  );

  expect(admitted).toEqual({ stdout: "pod/operator created (server dry run)\n", stderr: "" });
});

serverTest(
  "the component's role lets the operator's account read what is needed, no more",
  async () => {
    await applyAnew("operator/default");
    const before = await Promise.all(ADDED.map((right) => isAllowed(right)));

    await applyTree("sidecar");
    await eventually(async () => {
      for (const right of [...ADDED, ...OWN])
        expect({ ...right, allowed: await isAllowed(right) }).toEqual({ ...right, allowed: true });
    });
    const beyond = await Promise.all(BEYOND.map((right) => isAllowed(right)));

    expect(before).toEqual(ADDED.map(() => false));
    expect(beyond).toEqual(BEYOND.map(() => false));
  },
);

serverTest(
  "each operator's sidecar has a role of its own, which only reads, as the Deployment's does",
  async () => {
    const trees = await Promise.all([render("sidecar"), render("sidecar-in-place")]);
    const base = find(await render("../../manifests"), "ClusterRole");

    const roles = trees.map((tree) => find(tree, "ClusterRole", /kube-lifeline/));
    const bindings = trees.map((tree) => find(tree, "ClusterRoleBinding", /kube-lifeline/));

    expect(roles.map(({ metadata }) => metadata.name)).toEqual([
      `kube-lifeline:${NAMESPACE}:controller-manager`,
      "database-operator-kube-lifeline:system:controller-manager",
    ]);
    for (const [index, binding] of bindings.entries())
      expect(binding).toMatchObject({
        roleRef: { kind: "ClusterRole", name: roles[index]?.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: ACCOUNT, namespace: NAMESPACE }],
      });
    for (const role of roles) expect(role["rules"]).toEqual(base["rules"]);
    for (const rule of roles.flatMap((role) => listOf(role["rules"]))) {
      for (const verb of textsOf(rule["verbs"])) expect(["get", "list", "watch"]).toContain(verb);
      expect([...textsOf(rule["apiGroups"]), ...textsOf(rule["resources"])]).not.toContain("*");
      expect(textsOf(rule["resources"])).not.toContain("secrets");
    }
  },
);

serverTest(
  "with the sidecar's variables and the operator's account the program is ready, and misses no right",
  async () => {
    await applyTree("sidecar");
    const env = await variablesOf("sidecar");
    const kubeconfig = await cluster.writeKubeconfig(USER);
    const quiet = { OTEL_LOGS_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none" };
    const { LIFELINE_STATE_DIR: _, LIFELINE_HTTP_ADDRESS: __, ...rest } = env;
    await eventually(async () => expect(await isAllowed(CRDS)).toBe(true));

    const read = readConfiguration(env, { bareTerminal: false });
    await using lifeline = await startLifeline({
      env: { ...rest, ...quiet, KUBECONFIG: kubeconfig },
    });
    const status = await lifeline.stop();

    expect(read).toMatchObject({
      type: "valid",
      configuration: {
        mode: "sidecar",
        httpAddress: { type: "off" },
        stateDirectory: "/var/lib/kube-lifeline",
        resources: [{ text: "databases.operator.example.com" }],
      },
    });
    expect(status).toEqual({ code: 0, signal: null });
    const complaints = lifeline.stderrRecords().filter(({ level }) => level !== "info");
    expect(complaints).toEqual([]);
  },
);

type Right = {
  readonly group?: string;
  readonly resource: string;
  readonly verb: string;
  readonly name?: string;
  readonly namespace?: string;
};

const CRDS: Right = {
  group: "apiextensions.k8s.io",
  resource: "customresourcedefinitions",
  verb: "list",
};
const ADDED: readonly Right[] = [
  CRDS,
  { ...CRDS, verb: "watch" },
  { resource: "namespaces", verb: "get", name: "kube-system" },
];
const OWN: readonly Right[] = ["list", "watch"].map((verb) => ({
  group: "operator.example.com",
  resource: "databases",
  verb,
}));
const BEYOND: readonly Right[] = [
  ...["get", "list", "watch"].flatMap((verb) => [
    { resource: "secrets", verb },
    { resource: "secrets", verb, namespace: NAMESPACE },
  ]),
  { resource: "pods", verb: "list" },
  { resource: "namespaces", verb: "get", name: "default" },
  { ...CRDS, verb: "create" },
  { ...CRDS, verb: "delete" },
  { ...CRDS, verb: "patch" },
];

async function isAllowed(resourceAttributes: Right): Promise<boolean> {
  const groups = ["system:authenticated", "system:serviceaccounts"];
  const answer = await cluster.admin.request(
    "POST",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    {
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user: USER, groups, resourceAttributes },
      },
    },
  );
  return fieldAt(answer, "status", "allowed") === true;
}

/** The operator as it was before, with none of the component's objects about. */
async function applyAnew(tree: string): Promise<void> {
  const bindings = await cluster.admin.list({ apiVersion: RBAC, kind: "ClusterRoleBinding" });
  const old: readonly { readonly metadata: { readonly name: string } }[] = bindings.filter(
    ({ metadata }) => metadata.name.includes("kube-lifeline:"),
  );
  for (const { metadata } of old)
    await cluster.admin.delete({ apiVersion: RBAC, kind: "ClusterRoleBinding", metadata });
  if ((await cluster.admin.find(DEPLOYMENT)) !== undefined) await cluster.admin.delete(DEPLOYMENT);
  await eventually(async () => expect(await isAllowed(CRDS)).toBe(false));
  await applyTree(tree);
}

/** By `kubectl apply`, as users do. */
async function applyTree(tree: string): Promise<void> {
  const applied = await kubectl(cluster, ["apply", "-k", directoryOf(tree)]);
  expect(applied.stderr).toBe("");
}

async function storedDeployment(): Promise<JsonMap> {
  const stored: unknown = await cluster.admin.get(DEPLOYMENT);
  if (!isMap(stored)) throw new Error("Cannot read the Deployment");
  return stored;
}

function podSpecOf(deployment: JsonMap): JsonMap {
  const spec = fieldAt(deployment, "spec", "template", "spec");
  if (!isMap(spec)) throw new Error("Cannot find the pod's spec");
  return spec;
}

/** The spec without what the component is there to bring. */
function withoutSidecar(deployment: JsonMap): JsonMap {
  const { replicas: _, ...spec } = JSON.parse(JSON.stringify(deployment["spec"]));
  const pod = spec.template.spec;
  pod.initContainers = others(pod.initContainers);
  pod.volumes = others(pod.volumes);
  return spec;
}

function others(list: unknown): readonly JsonMap[] {
  return listOf(list).filter(({ name }) => !String(name).startsWith("kube-lifeline"));
}

/** What the container's process would find in its environment. */
async function variablesOf(tree: string): Promise<Record<string, string>> {
  const objects = await render(tree);
  const [sidecar] = listOf(podSpecOf({ ...find(objects, "Deployment") })["initContainers"]);
  const env: Record<string, string> = {};
  for (const source of listOf(sidecar?.["envFrom"])) {
    const name = fieldAt(source, "configMapRef", "name");
    if (typeof name === "string")
      Object.assign(env, find(objects, "ConfigMap", new RegExp(`^${name}$`))["data"]);
  }
  for (const { name, value } of listOf(sidecar?.["env"])) env[String(name)] = String(value);
  return env;
}

async function render(tree: string): Promise<readonly NewObject[]> {
  return parseObjects(await kustomize(serverBinaries().kubectl, directoryOf(tree)));
}

function directoryOf(tree: string): string {
  return fileURLToPath(new URL(tree, import.meta.url));
}

function find(objects: readonly NewObject[], kind: string, name = /./): NewObject {
  const found = objects.find((object) => object.kind === kind && name.test(object.metadata.name));
  if (found === undefined) throw new Error(`Cannot find a ${kind} like ${String(name)}`);
  return found;
}

function listOf(value: unknown): readonly JsonMap[] {
  return Array.isArray(value) ? value.filter((item) => isMap(item)) : [];
}

function namesOf(value: unknown): readonly unknown[] {
  return listOf(value).map(({ name }) => name);
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
