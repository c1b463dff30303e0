import { isBuiltInGroup } from "../cluster/built-in-groups.ts";
import type { KindFacts } from "../cluster/kube-object.ts";
import { type PlannedWatch, planWatches } from "../cluster/plan-watches.ts";
import { selectKinds } from "../cluster/resource-patterns.ts";
import { formatWatchKey } from "../cluster/watch-event.ts";
import type { KindFollowerOptions } from "./kind-follower.ts";

/** What of the configuration says which watches there are. */
export type Wishes = Pick<
  KindFollowerOptions,
  "resources" | "namespaces" | "labelSelector" | "shard"
>;

/** `watch`: this very watch is asked for, though it may not be served or allowed at the moment; `kind`: its kind is, by other watches. */
export type Wanted = "watch" | "kind" | "nothing";

type Remembered = { readonly key: string; readonly facts: KindFacts };

/**
 * What the configuration asks for of a watch that the state file remembers. Asks nobody what is served: a kind whose
 * API server is away, or that RBAC forbids for a while, is as wanted as ever.
 */
export function wantedOf(watch: Remembered, wishes: Wishes): Wanted {
  const planned = plannedFor(watch.facts, wishes);
  if (planned.length === 0) return "nothing";
  return planned.some(({ key }) => formatWatchKey(key) === watch.key) ? "watch" : "kind";
}

/** A watch that the state file remembers as it would be begun now; `undefined` for one that is not asked for. */
export function asPlanned(watch: Remembered, wishes: Wishes): PlannedWatch | undefined {
  return plannedFor(watch.facts, wishes).find(({ key }) => formatWatchKey(key) === watch.key);
}

function plannedFor(
  facts: KindFacts,
  { resources, namespaces, labelSelector, shard }: Wishes,
): readonly PlannedWatch[] {
  const kind = { facts, isCustom: !isBuiltInGroup(facts.group) };
  return planWatches(selectKinds(resources, [kind]).selected, namespaces, { labelSelector, shard });
}
