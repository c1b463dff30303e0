import { isBuiltInGroup } from "../cluster/built-in-groups.ts";
import type { KindFacts } from "../cluster/kube-object.ts";
import { planWatches } from "../cluster/plan-watches.ts";
import { selectKinds } from "../cluster/resource-patterns.ts";
import { formatWatchKey } from "../cluster/watch-event.ts";
import type { ChooseWatchesOptions } from "./choose-watches.ts";

/** What of the configuration says which watches there are. */
export type Wishes = Pick<ChooseWatchesOptions, "resources" | "namespaces" | "labelSelector">;

/** `watch`: this very watch is asked for, though it may not be served or allowed at the moment; `kind`: its kind is, by other watches. */
export type Wanted = "watch" | "kind" | "nothing";

/**
 * What the configuration asks for of a watch that the state file remembers. Asks nobody what is served: a kind whose
 * API server is away, or that RBAC forbids for a while, is as wanted as ever.
 */
export function wantedOf(
  watch: { readonly key: string; readonly facts: KindFacts },
  { resources, namespaces, labelSelector }: Wishes,
): Wanted {
  const kind = { facts: watch.facts, isCustom: !isBuiltInGroup(watch.facts.group) };
  const { selected } = selectKinds(resources, [kind]);
  if (selected.length === 0) return "nothing";
  const planned = planWatches(selected, namespaces, labelSelector);
  return planned.some(({ key }) => formatWatchKey(key) === watch.key) ? "watch" : "kind";
}
