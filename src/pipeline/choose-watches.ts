import { reviewAccess } from "../cluster/access.ts";
import type { ApiClient } from "../cluster/api-client.ts";
import { type Discovery, discoverKinds } from "../cluster/discovery.ts";
import type { NamespaceSelection } from "../cluster/namespace-patterns.ts";
import { patiently } from "../cluster/patiently.ts";
import { type PlannedWatch, planWatches } from "../cluster/plan-watches.ts";
import { type ResourcePattern, selectKinds } from "../cluster/resource-patterns.ts";
import { formatResource, formatWatchKey } from "../cluster/watch-event.ts";
import type { Clock } from "../util/clock.ts";
import type { PipelineReport } from "./report.ts";

export type ChooseWatchesOptions = {
  readonly client: ApiClient;
  readonly resources: readonly ResourcePattern[];
  readonly namespaces: NamespaceSelection;
  readonly labelSelector: string | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (report: PipelineReport) => void;
  readonly signal: AbortSignal;
};

/** A group that fails longer than this is somebody's broken API server; the others' watches don't wait for it. */
const GROUP_ATTEMPTS_MAX = 3;

/**
 * What to watch: the kinds that the cluster serves and the patterns select, without what RBAC forbids.
 *
 * Asks until discovery answers, so an API server that is not there yet is waited for; empty once the signal aborts.
 */
export async function chooseWatches(
  options: ChooseWatchesOptions,
): Promise<readonly PlannedWatch[]> {
  const { client, resources, namespaces, labelSelector, report, signal } = options;
  let attempts = 0;
  const discovery = await patiently(async () => {
    const found = await discover(options);
    const isIncomplete = found?.failures.some(({ retry }) => retry === "few-times") === true;
    if (isIncomplete) attempts++;
    return isIncomplete && attempts < GROUP_ATTEMPTS_MAX ? undefined : found;
  }, options);
  if (discovery === undefined) return [];
  const { selected, hidden, unmatched } = selectKinds(resources, discovery.kinds);
  const planned = planWatches(selected, namespaces, labelSelector);
  const allowed = await Promise.all(
    planned.map((watch) => isAllowed(watch, client, { report, signal })),
  );
  const chosen = planned.filter((_, index) => allowed[index]);
  report({
    type: "kinds-chosen",
    watches: chosen.map(({ key }) => formatWatchKey(key)),
    hidden: hidden.map(({ facts }) => formatResource(facts)),
    unmatched,
  });
  return chosen;
}

/** Discovery that found all that others hang on; what else fails is reported, and hides only itself. */
async function discover({
  client,
  report,
  signal,
}: ChooseWatchesOptions): Promise<Discovery | undefined> {
  const discovery = await discoverKinds(client, signal);
  if (signal.aborted) return undefined;
  for (const { error } of discovery.failures) report({ type: "discovery-failed", error });
  return discovery.failures.every(({ retry }) => retry !== "until-answered")
    ? discovery
    : undefined;
}

async function isAllowed(
  watch: PlannedWatch,
  client: ApiClient,
  { report, signal }: Pick<ChooseWatchesOptions, "report" | "signal">,
): Promise<boolean> {
  const access = await reviewAccess(client, watch.key, signal);
  if (access.type !== "forbidden") return true;
  report({
    type: "watch-forbidden",
    watch: formatWatchKey(watch.key),
    missing: `needs ${access.missing.map((verb) => `"${verb}"`).join(" and ")} on "${formatResource(watch.key)}"`,
  });
  return false;
}
