import type { DiscoveredKind } from "./discovery.ts";
import type { KindFacts } from "./kube-object.ts";
import type { NamespaceSelection } from "./namespace-patterns.ts";
import type { Shard } from "./shard.ts";
import type { WatchKey } from "./watch-event.ts";

export type PlannedWatch = {
  readonly key: WatchKey;
  readonly facts: KindFacts;
  /** Of a cluster-wide watch of a namespaced kind: which namespaces are kept. */
  readonly namespaceFilter?: (namespace: string) => boolean;
};

/** Which objects of a kind are wanted; an empty `labelSelector` is none. */
type Selection = {
  readonly labelSelector: string | undefined;
  readonly shard: Shard | undefined;
};

/** One watch per kind, or per kind and namespace where namespaces are named. */
export function planWatches(
  kinds: readonly Pick<DiscoveredKind, "facts">[],
  namespaces: NamespaceSelection,
  { labelSelector, shard }: Selection,
): readonly PlannedWatch[] {
  const labels = labelSelector === undefined || labelSelector === "" ? {} : { labelSelector };
  const share = shard === undefined ? {} : { shard };
  return kinds.flatMap(({ facts }): readonly PlannedWatch[] => {
    const key: WatchKey = { group: facts.group, resource: facts.resource, ...share, ...labels };
    if (facts.scope === "Cluster" || namespaces.type === "all") return [{ key, facts }];
    if (namespaces.type === "filter") {
      const { patterns: namespacePatterns, accepts: namespaceFilter } = namespaces;
      return [{ key: { ...key, namespacePatterns }, facts, namespaceFilter }];
    }
    return namespaces.names.map((namespace) => ({ key: { ...key, namespace }, facts }));
  });
}
