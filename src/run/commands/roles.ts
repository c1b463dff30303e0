import type { KindFacts } from "../../cluster/kube-object.ts";
import type { NamespaceSelection } from "../../cluster/namespace-patterns.ts";

/** `rbac.authorization.k8s.io/v1` PolicyRule of one group; `why` is for people. */
export type RoleRule = {
  readonly why: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

/** A Role of its namespace; without one, a ClusterRole. */
export type Role = { readonly namespace?: string; readonly rules: readonly RoleRule[] };

type Kind = Pick<KindFacts, "group" | "resource" | "scope">;

/**
 * Every right that the program uses besides those to watch (`LiveDiscovery`, `identifyCluster`): discovery, `/readyz` and
 * access reviews are free to all who are authenticated (`system:discovery`, `system:public-info-viewer`, `system:basic-user`).
 */
const CUSTOM_KINDS: RoleRule = {
  why: "Which kinds are custom, their phases and printer columns, as they come and go.",
  group: "apiextensions.k8s.io",
  resources: ["customresourcedefinitions"],
  verbs: ["list", "watch"],
};
const CLUSTER_IDENTITY: RoleRule = {
  why: "Its UID is the customary identity of a cluster: k8s.cluster.uid.",
  group: "",
  resources: ["namespaces"],
  resourceNames: ["kube-system"],
  verbs: ["get"],
};

/** What a reflector asks for (`list-objects.ts`, `reflector.ts`). */
const WATCHING = ["list", "watch"];

/** The smallest roles to watch these kinds: a Role for each namespace that is named, a ClusterRole for everything else. */
export function planRoles(kinds: readonly Kind[], namespaces: NamespaceSelection): readonly Role[] {
  if (namespaces.type !== "names") return [{ rules: [...fixedRules(kinds), ...watchRules(kinds)] }];
  const clusterScoped = kinds.filter(({ scope }) => scope === "Cluster");
  const namespaced = watchRules(kinds.filter(({ scope }) => scope === "Namespaced"));
  return [
    { rules: [...fixedRules(clusterScoped), ...watchRules(clusterScoped)] },
    ...(namespaced.length === 0
      ? []
      : namespaces.names.toSorted().map((namespace) => ({ namespace, rules: namespaced }))),
  ];
}

/** Without what a rule to watch gives anyway. */
function fixedRules(kinds: readonly Kind[]): readonly RoleRule[] {
  const listsCustomKinds = kinds.some(
    ({ group, resource }) =>
      group === CUSTOM_KINDS.group && CUSTOM_KINDS.resources.includes(resource),
  );
  return listsCustomKinds ? [CLUSTER_IDENTITY] : [CUSTOM_KINDS, CLUSTER_IDENTITY];
}

function watchRules(kinds: readonly Kind[]): readonly RoleRule[] {
  const byGroup = Map.groupBy(kinds, ({ group }) => group);
  return [...byGroup.keys()].toSorted().map((group) => ({
    why: `Selected by LIFELINE_RESOURCES${group === "" ? " of the core group" : ""}.`,
    group,
    resources: (byGroup.get(group) ?? []).map(({ resource }) => resource).toSorted(),
    verbs: WATCHING,
  }));
}
