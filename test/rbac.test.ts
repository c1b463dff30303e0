import { isDeepStrictEqual } from "node:util";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect } from "vitest";
import { parse } from "yaml";
import { runCheck } from "../src/run/commands/check.ts";
import { createCommandSurroundings } from "../src/testing/command-surroundings.ts";
import { readExample } from "./samples/read-example.ts";
import { definition } from "./support/definition.ts";
import { complaints } from "./support/own-messages.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { Collector } from "./testbed/collector.ts";
import type { ControlPlane } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import { type Lifeline, startLifeline } from "./testbed/lifeline.ts";
import { type PrintedRole, printRoles, waitUntilRolesHold } from "./testbed/printed-roles.ts";
import { serverTest, startCollector, startControlPlane } from "./testbed/real-servers.ts";
import type { PolicyRule } from "./testbed/rights.ts";

const GROUP = "rbac.example.com";
const NAMESPACES = ["rbac-one", "rbac-two"];
/** Namespaced kinds of two groups, and a cluster-scoped one: a rule each. */
const WATCHING = {
  LIFELINE_RESOURCES: `alphas.${GROUP},configmaps,planets.${GROUP}`,
  LIFELINE_NAMESPACES: NAMESPACES.join(","),
};

const FIXED_RULES = parse(
  readFileSync(new URL("../manifests/cluster-role.yaml", import.meta.url), "utf8"),
).rules;

let cluster: ControlPlane;
let collector: Collector;
let onFreshCluster: readonly PrintedRole[];
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  cluster = servers.use(await startControlPlane());
  collector = servers.use(await startCollector());
  onFreshCluster = await printRoles(cluster, {});
  const { admin } = cluster;
  await Promise.all([
    ...NAMESPACES.map((name) => admin.createNamespace(name)),
    admin.apply(definition({ group: GROUP, kind: "Alpha", plural: "alphas" })),
    admin.apply(definition({ group: GROUP, kind: "Planet", plural: "planets", scope: "Cluster" })),
  ]);
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest("manifests' ClusterRole is what rbac prints on a fresh cluster", () => {
  const [role] = onFreshCluster;

  expect(role).toMatchObject({ kind: "ClusterRole", metadata: { name: "kube-lifeline" } });
  expect(role?.rules).toEqual(FIXED_RULES);
});

serverTest.for([
  ["application", { "*": ["deployments of apps", "applications of example.com"] }],
  ["backup", { "*": ["backups of example.com"] }],
  ["custom-database", { "*": ["customdatabases of custom.example.com"] }],
  ["my-resource", { "*": ["myresources of mygroup.example.com"] }],
  [
    "api-gateway",
    {
      "*": [],
      shop: [
        "pods,services of ",
        "endpointslices of discovery.k8s.io",
        "apiroutes,authnpolicies,ratelimitpolicies,securitypolicies of gateway.example.com",
      ],
    },
  ],
] as const)("roles of example %s have its kinds and nothing else", async ([name, expected]) => {
  const example = await readExample(name);
  await Promise.all(example.definitions.map((crd) => cluster.admin.apply(crd)));

  const documents = await printRoles(cluster, example.env);

  const roles = documents.filter(({ rules }) => rules !== undefined);
  expect(Object.fromEntries(roles.map((role) => [placeOf(role), watchedBy(role)]))).toEqual(
    expected,
  );
  const [clusterRole] = roles;
  expect(clusterRole?.rules?.slice(0, 2)).toEqual(FIXED_RULES);
  const everything = roles.flatMap(({ rules = [] }) => rules);
  for (const { apiGroups, resources, verbs } of everything) {
    expect([...apiGroups, ...resources, ...verbs]).not.toContain("*");
    expect(resources).not.toContain("secrets");
  }
});

serverTest(
  "what the program prints, applied as it is, suffices its service account for everything",
  async () => {
    const [namespace, name] = ["rbac-one", "teller"];
    const printed = await run(["--service-account", `${namespace}/${name}`, "--name", "teller"]);
    await cluster.admin.applyYaml(printed);
    const user = `system:serviceaccount:${namespace}:${name}`;
    await waitUntilRolesHold(cluster, user, [
      ...(await printRoles(cluster, WATCHING, { "--name": "teller" })),
    ]);
    await using lifeline = await startLifeline({
      env: {
        ...WATCHING,
        KUBECONFIG: await cluster.writeKubeconfig(user),
        LIFELINE_CLUSTER_NAME: "rbac",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
      },
    });

    for (const place of NAMESPACES) {
      const metadata = { name: "told", namespace: place };
      await cluster.admin.create({ apiVersion: `${GROUP}/v1`, kind: "Alpha", metadata });
      await cluster.admin.create({ apiVersion: "v1", kind: "ConfigMap", metadata });
    }
    const metadata = { name: "told" };
    await cluster.admin.create({ apiVersion: `${GROUP}/v1`, kind: "Planet", metadata });
    await eventually(() => expect(created()).toHaveLength(5));

    expect(created().toSorted()).toEqual(["Alpha", "Alpha", "ConfigMap", "ConfigMap", "Planet"]);
    expect(complaints(lifeline)).toEqual([]);
    expect(uidsSeen()).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(await lifeline.stop()).toEqual({ code: 0, signal: null });
  },
);

serverTest("without any one of its rules something is missing, and check says what", async () => {
  const documents = await printRoles(cluster, WATCHING, { "--name": "all-but-one" });
  const rules = documents.flatMap(({ rules: all = [] }) => all);
  const whole = await checkAs("all", documents);

  const lacking = await Promise.all(
    rules.map((rule, index) =>
      checkAs(
        `all-but-${index}`,
        documents.map((document) => without(document, rule)),
      ),
    ),
  );

  expect(whole).toMatch(/\nNothing is wrong\.\n/);
  expect(whole).not.toMatch(/^ {2}(note {2}[^a]|FAIL)/m);
  const said = lacking.map((text) => /^ {2}(?:note|FAIL) {2}([\w.-]+)/m.exec(text)?.[1]);
  expect(said).toEqual([
    "customresourcedefinitions",
    "k8s.cluster.uid",
    `planets.${GROUP}`,
    "configmaps",
    `alphas.${GROUP}`,
    "configmaps",
    `alphas.${GROUP}`,
  ]);
});

/** What the program prints, as a process of its own. */
async function run(args: readonly string[]): Promise<string> {
  await using lifeline: Lifeline = await startLifeline({
    args: ["rbac", ...args],
    env: { ...WATCHING, KUBECONFIG: await cluster.writeKubeconfig("admin") },
    untilReady: false,
  });
  expect(await lifeline.exited).toEqual({ code: 0, signal: null });
  expect(lifeline.stderrLines).toEqual([]);
  return lifeline.stdoutLines.join("\n");
}

/** What `check` says to a new user who has these roles. */
async function checkAs(user: string, documents: readonly PrintedRole[]): Promise<string> {
  const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }];
  const named = documents.map((document) => {
    const { metadata, roleRef } = document;
    return {
      ...document,
      metadata: { ...metadata, name: user },
      ...(roleRef === undefined ? {} : { roleRef: { ...roleRef, name: user }, subjects }),
    };
  });
  await Promise.all(named.map((document) => cluster.admin.apply(document)));
  await waitUntilRolesHold(cluster, user, named);
  using surroundings = createCommandSurroundings({
    ...WATCHING,
    KUBECONFIG: await cluster.writeKubeconfig(user),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
  });
  await runCheck(new Map(), surroundings);
  return surroundings.out();
}

function without(document: PrintedRole, rule: PolicyRule): PrintedRole {
  const { rules } = document;
  return rules === undefined
    ? document
    : { ...document, rules: rules.filter((other) => other !== rule) };
}

function placeOf({ metadata }: PrintedRole): string {
  const { namespace } = metadata;
  return typeof namespace === "string" ? namespace : "*";
}

function watchedBy({ rules = [] }: PrintedRole): readonly string[] {
  return rules
    .filter((rule) => !FIXED_RULES.some((fixed: unknown) => isDeepStrictEqual(fixed, rule)))
    .map(({ apiGroups, resources }) => `${resources.join()} of ${apiGroups.join()}`);
}

function created(): readonly string[] {
  return collector.received
    .logs()
    .filter(({ eventName }) => eventName === "lifeline.object.created")
    .map((log) => textAttribute(log, "k8s.object.kind"));
}

function uidsSeen(): readonly unknown[] {
  const uids = collector.received.logs().map(({ resource }) => resource["k8s.cluster.uid"]);
  return [...new Set(uids)];
}
