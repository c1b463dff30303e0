import { expect, test } from "vitest";
import { parseNamespacePatterns } from "../../cluster/namespace-patterns.ts";
import { planRoles, type Role } from "./roles.ts";

const DEPLOYMENTS = { group: "apps", resource: "deployments", scope: "Namespaced" } as const;
const DAEMON_SETS = { group: "apps", resource: "daemonsets", scope: "Namespaced" } as const;
const PODS = { group: "", resource: "pods", scope: "Namespaced" } as const;
const NODES = { group: "", resource: "nodes", scope: "Cluster" } as const;
const CRDS = {
  group: "apiextensions.k8s.io",
  resource: "customresourcedefinitions",
  scope: "Cluster",
} as const;
const ALL = [DEPLOYMENTS, PODS, DAEMON_SETS, NODES];

const CUSTOM_KINDS = 'list,watch customresourcedefinitions of "apiextensions.k8s.io"';
const IDENTITY = 'get namespaces of "" named kube-system';

function plan(
  kinds: Parameters<typeof planRoles>[0],
  ...namespaces: readonly string[]
): Readonly<Record<string, readonly string[]>> {
  const parsed = parseNamespacePatterns(namespaces);
  if (parsed.type !== "namespaces") throw new Error("Cannot plan: no namespaces");
  const roles = planRoles(kinds, parsed.namespaces);
  return Object.fromEntries(roles.map((role) => [role.namespace ?? "*", tell(role)]));
}

function tell({ rules }: Role): readonly string[] {
  return rules.map(({ group, resources, verbs, resourceNames }) => {
    const named = resourceNames === undefined ? "" : ` named ${resourceNames.join(",")}`;
    return `${verbs.join(",")} ${resources.join(",")} of "${group}"${named}`;
  });
}

test("planRoles() gives one sorted rule per group, after what else is asked for", () => {
  const roles = plan(ALL);

  expect(roles).toEqual({
    "*": [
      CUSTOM_KINDS,
      IDENTITY,
      'list,watch nodes,pods of ""',
      'list,watch daemonsets,deployments of "apps"',
    ],
  });
});

test("planRoles() gives the fixed part alone when nothing is selected", () => {
  const roles = [plan([]), plan([], "prod"), plan([], "prod-*")];

  expect(roles).toEqual(roles.map(() => ({ "*": [CUSTOM_KINDS, IDENTITY] })));
});

test("planRoles() gives a Role for each named namespace, and a ClusterRole for cluster-scoped kinds", () => {
  const roles = plan(ALL, "stage", "prod");

  const namespaced = ['list,watch pods of ""', 'list,watch daemonsets,deployments of "apps"'];
  expect(roles).toEqual({
    "*": [CUSTOM_KINDS, IDENTITY, 'list,watch nodes of ""'],
    prod: namespaced,
    stage: namespaced,
  });
  expect(Object.keys(roles)).toEqual(["*", "prod", "stage"]);
});

test("planRoles() gives a ClusterRole where namespaces are patterns", () => {
  const roles = plan([PODS], "prod-*");

  expect(roles).toEqual({ "*": [CUSTOM_KINDS, IDENTITY, 'list,watch pods of ""'] });
});

test("planRoles() gives no right twice when CRDs are watched, too", () => {
  const roles = plan([CRDS]);

  expect(roles).toEqual({
    "*": [IDENTITY, 'list,watch customresourcedefinitions of "apiextensions.k8s.io"'],
  });
});
