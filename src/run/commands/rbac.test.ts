import { isDeepStrictEqual } from "node:util";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { KindFacts } from "../../cluster/kube-object.ts";
import { NO_HINTS } from "../../cluster/parse-crd.ts";
import {
  type CommandSurroundings,
  createCommandSurroundings,
} from "../../testing/command-surroundings.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { startSimulatedApiServer } from "../../testing/simulated-api-server/start-simulated-api-server.ts";
import { parseCommandLine } from "./command-line.ts";
import { runRbac } from "./rbac.ts";

const FIXED_RULES = [
  {
    apiGroups: ["apiextensions.k8s.io"],
    resources: ["customresourcedefinitions"],
    verbs: ["list", "watch"],
  },
  { apiGroups: [""], resources: ["namespaces"], resourceNames: ["kube-system"], verbs: ["get"] },
];

function kind(
  resource: string,
  group: string,
  scope: KindFacts["scope"] = "Namespaced",
): KindFacts {
  const facts = { group, version: "v1", kind: resource, resource, scope };
  return { ...facts, hasStatusSubresource: true, hints: NO_HINTS };
}

type Printed = { readonly code: number } & CommandSurroundings;

async function createRig() {
  const server = await startSimulatedApiServer({ clock: createFakeClock() });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return {
    server,
    rbac: async (
      env: Readonly<Record<string, string>> = {},
      ...args: string[]
    ): Promise<Printed> => {
      const surroundings = createCommandSurroundings(env, server.kubeconfig());
      onTestFinished(() => surroundings[Symbol.dispose]());
      const line = parseCommandLine(["rbac", ...args]);
      if (line.type !== "command") throw new Error(JSON.stringify(line));
      return { code: await runRbac(line.options, surroundings), ...surroundings };
    },
  };
}

type Printing = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
};

function documentsOf(text: string): readonly Printing[] {
  return parseAllDocuments(text).map((document): Printing => document.toJS());
}

/** What is watched by the rules of each role: `kind namespace`, group, resources. */
function watchedBy(text: string): readonly unknown[] {
  return documentsOf(text)
    .filter(({ rules }) => rules !== undefined)
    .map(({ kind: role, metadata, rules = [] }) => {
      const watched = rules
        .filter((rule) => !FIXED_RULES.some((fixed) => isDeepStrictEqual(fixed, rule)))
        .map(({ apiGroups, resources }) => `${resources.join()} of ${apiGroups.join()}`);
      return [`${role} ${metadata.namespace ?? "*"}`].concat(watched);
    });
}

test("rbac prints the fixed part alone for the default configuration without custom kinds", async () => {
  const { rbac } = await createRig();

  const { code, out, err } = await rbac();

  expect(code).toBe(0);
  expect(err()).toMatch(/^"customresources" of LIFELINE_RESOURCES matches nothing .*\n$/);
  expect(documentsOf(out())).toEqual([
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "kube-lifeline" },
      rules: FIXED_RULES,
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "kube-lifeline" },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "kube-lifeline",
      },
      subjects: [{ kind: "ServiceAccount", name: "kube-lifeline", namespace: "kube-lifeline" }],
    },
  ]);
  expect(out()).toContain("# The cluster serves nothing now");
});

test("manifests/cluster-role.yaml is the ClusterRole that rbac prints there", async () => {
  const { rbac } = await createRig();
  const file = new URL("../../../manifests/cluster-role.yaml", import.meta.url);

  const { out } = await rbac();

  const [printed] = documentsOf(out());
  expect(documentsOf(readFileSync(file, "utf8"))).toEqual([printed]);
});

test("rbac prints one rule per group with concrete kinds, and what globs never match only when named", async () => {
  const { server, rbac } = await createRig();
  for (const facts of [kind("zebras", "zoo.example.com"), kind("apes", "zoo.example.com")])
    server.cluster.addKind(facts);
  server.cluster.addKind(kind("widgets", "example.com", "Cluster"));

  const outs = await Promise.all(
    ["customresources", "*,deployments.apps", "secrets,*.*example.com,!apes.*", "*.*"].map(
      async (LIFELINE_RESOURCES) => (await rbac({ LIFELINE_RESOURCES })).out(),
    ),
  );

  expect(outs.map(watchedBy)).toEqual([
    [["ClusterRole *", "widgets of example.com", "apes,zebras of zoo.example.com"]],
    [["ClusterRole *", "configmaps,namespaces,pods,services of ", "deployments of apps"]],
    [["ClusterRole *", "secrets of ", "widgets of example.com", "zebras of zoo.example.com"]],
    [
      [
        "ClusterRole *",
        "configmaps,namespaces,pods,services of ",
        "deployments of apps",
        "widgets of example.com",
        "apes,zebras of zoo.example.com",
      ],
    ],
  ]);
  for (const out of outs) expect(out.replaceAll(/^ *#.*$/gm, "")).not.toContain("*");
});

test("rbac prints a Role and its binding for each named namespace, with names that YAML could misread", async () => {
  const { server, rbac } = await createRig();
  server.cluster.addKind(kind("widgets", "example.com"));
  server.cluster.addKind(kind("planets", "example.com", "Cluster"));

  const { code, out } = await rbac(
    { LIFELINE_NAMESPACES: "prod,no,1e3", LIFELINE_RESOURCES: "customresources,pods" },
    "--name",
    "reader",
    "--service-account=ops/true",
  );

  expect(code).toBe(0);
  const namespaced = ["pods of ", "widgets of example.com"];
  expect(watchedBy(out())).toEqual([
    ["ClusterRole *", "planets of example.com"],
    ["Role 1e3", ...namespaced],
    ["Role no", ...namespaced],
    ["Role prod", ...namespaced],
  ]);
  const bindings = documentsOf(out()).filter((document) => document.kind.endsWith("Binding"));
  expect(bindings.map(({ metadata }) => metadata)).toEqual([
    { name: "reader" },
    { name: "reader", namespace: "1e3" },
    { name: "reader", namespace: "no" },
    { name: "reader", namespace: "prod" },
  ]);
  for (const binding of bindings)
    expect(binding).toMatchObject({
      roleRef: { name: "reader" },
      subjects: [{ kind: "ServiceAccount", name: "true", namespace: "ops" }],
    });
});

test("rbac says why each rule is there, and what roles can't know", async () => {
  const { server, rbac } = await createRig();
  server.cluster.addKind(kind("widgets", "example.com"));

  const { out } = await rbac({
    LIFELINE_NAMESPACES: "prod-*,!prod-x",
    LIFELINE_LABEL_SELECTOR: "a=b",
  });

  const lines = out().split("\n");
  const beforeRules = lines.filter((_, index) => lines[index + 1]?.startsWith("  - apiGroups"));
  expect(beforeRules).toHaveLength(3);
  for (const line of beforeRules) expect(line).toMatch(/^ {2}# \w/);
  expect(out()).toContain("#   LIFELINE_NAMESPACES=!prod-x,prod-*\n");
  expect(out()).toContain(
    "# Nothing here can write. Kinds that are installed later need another run.\n",
  );
  expect(out()).toContain("# RBAC knows no patterns of namespaces");
  expect(out()).toContain("# RBAC knows no labels");
});

test("rbac goes on without a kind that the cluster does not serve, says so, and ends with 1", async () => {
  const { rbac } = await createRig();

  const { code, out, err } = await rbac({ LIFELINE_RESOURCES: "podz,*.example.org,services" });

  expect(code).toBe(1);
  expect(watchedBy(out())).toEqual([["ClusterRole *", "services of "]]);
  expect(err().split("\n")).toEqual([
    expect.stringMatching(/^"podz" .*did you mean pods\?.*install what serves it/),
    expect.stringMatching(/^"\*\.example\.org" .*matches nothing/),
    "",
  ]);
});

test("rbac ends with 0 when only a glob matches nothing", async () => {
  const { rbac } = await createRig();

  const { code, err } = await rbac({ LIFELINE_RESOURCES: "*.example.org,services" });

  expect(code).toBe(0);
  expect(err()).toContain("*.example.org");
});

test("rbac says that the roles may not be whole when a group could not be discovered", async () => {
  const { server, rbac } = await createRig();
  server.settings.staleGroups.add("apps");

  const { code, out, err } = await rbac({ LIFELINE_RESOURCES: "services,*.apps" });
  const unconcerned = await rbac({ LIFELINE_RESOURCES: "services" });

  expect([code, unconcerned.code, unconcerned.err()]).toEqual([1, 0, ""]);
  expect(watchedBy(out())).toEqual([["ClusterRole *", "services of ", "deployments of apps"]]);
  expect(err()).toContain("The roles may not be whole: Cannot discover apps/v1");
});

test.each([
  [{ LIFELINE_CONTEXT: "nowhere" }, 2, "LIFELINE_CONTEXT"],
  [{ LIFELINE_RESOURCES: "Pods" }, 2, "LIFELINE_RESOURCES"],
])("rbac prints nothing with a wrong configuration %j", async (env, expected, said) => {
  const { rbac } = await createRig();

  const { code, out, err } = await rbac(env);

  expect({ code, out: out() }).toEqual({ code: expected, out: "" });
  expect(err()).toContain(said);
});

test("rbac prints nothing when the cluster can't be asked", async () => {
  const { server, rbac } = await createRig();
  server.faults.add({ type: "answer", code: 503 }, { path: "/apis" });

  const { code, out, err } = await rbac();

  expect({ code, out: out() }).toEqual({ code: 1, out: "" });
  expect(err()).toMatch(/^Cannot say which roles are needed: .*503/);
});

test("rbac lists many kinds one per line", async () => {
  const { server, rbac } = await createRig();
  const names = Array.from({ length: 12 }, (_, index) => `things-number-${index + 10}`);
  for (const name of names) server.cluster.addKind(kind(name, "example.com"));

  const { out } = await rbac();

  expect(watchedBy(out())).toEqual([["ClusterRole *", `${names.join()} of example.com`]]);
  expect(out()).toContain("\n      - things-number-10\n");
  const [, ...lines] = out().split("\n");
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
});
