import type { ApiClient } from "./api-client.ts";
import { isBuiltInGroup } from "./built-in-groups.ts";
import type { KindFacts } from "./kube-object.ts";
import { type Crds, listCrds } from "./list-crds.ts";
import { type CrdFacts, NO_HINTS } from "./parse-crd.ts";
import type { ServedGroup, ServedResource } from "./parse-discovery.ts";
import { type DiscoveryFailure, ServedGroups } from "./served-groups.ts";
import { formatResource } from "./watch-event.ts";

export type DiscoveredKind = {
  readonly facts: KindFacts;
  /** A CRD serves it; where CRDs may not be listed: its group is none of Kubernetes' own. */
  readonly isCustom: boolean;
};

export type Discovery = {
  /** Sorted by `plural.group`; one version of each. */
  readonly kinds: readonly DiscoveredKind[];
  readonly failures: readonly DiscoveryFailure[];
};

/** Nothing is known of CRDs. */
export const NO_CRDS: Crds = { byName: new Map(), isComplete: false };

/** Asks once for everything that `describeKinds` needs. What fails is a value beside what was found: a broken group hides nobody else. */
export async function discoverKinds(client: ApiClient, signal: AbortSignal): Promise<Discovery> {
  const { groups, failures } = await new ServedGroups(client).ask(signal);
  const listed = await listCrds(client, signal);
  if ("byName" in listed) return describeKinds(groups, listed, failures);
  return describeKinds(groups, NO_CRDS, [...failures, listed]);
}

/**
 * Every kind that may be listed and watched, in one version: the one that its group prefers, else the one that its CRD
 * stores, else the first that serves it. A CRD that promises what is not named so (yet) is one more failure.
 */
export function describeKinds(
  groups: readonly ServedGroup[],
  crds: Crds,
  failures: readonly DiscoveryFailure[],
): Discovery {
  const kinds = groups.flatMap((group) => kindsOfGroup(group, crds));
  kinds.sort((a, b) => (formatResource(a.facts) < formatResource(b.facts) ? -1 : 1));
  return { kinds, failures: [...failures, ...unkeptPromises(groups, crds, failures)] };
}

/** An API server that has just started, or just learned of a change of a CRD, names what it serves a moment later. */
function unkeptPromises(
  groups: readonly ServedGroup[],
  crds: Crds,
  failures: readonly DiscoveryFailure[],
): readonly DiscoveryFailure[] {
  if (failures.some(({ scope }) => scope === "root")) return [];
  const failed = new Set(failures.map(({ groupVersion }) => groupVersion.split("/", 1)[0]));
  const named = versionsByName(groups);
  return [...crds.byName].flatMap(([name, { group, servedVersions }]) => {
    const [version] = servedVersions;
    if (version === undefined || failed.has(group)) return [];
    const isKept = named.get(name)?.join() === servedVersions.toSorted().join();
    if (isKept) return [];
    const error = new Error(
      `Cannot discover ${name}: its CRD serves ${servedVersions.join(", ")}, but the API server names ${named.get(name)?.join(", ") ?? "nothing of it"} among what it serves`,
    );
    return [{ scope: "group", retry: "few-times", groupVersion: `${group}/${version}`, error }];
  });
}

function versionsByName(groups: readonly ServedGroup[]): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, string[]>();
  for (const { group, versions } of groups) {
    for (const { version, resources } of versions) {
      for (const { resource } of resources) {
        const name = formatResource({ group, resource });
        named.set(name, [...(named.get(name) ?? []), version].toSorted());
      }
    }
  }
  return named;
}

function kindsOfGroup({ group, versions }: ServedGroup, crds: Crds): readonly DiscoveredKind[] {
  const found = new Map<string, DiscoveredKind>();
  for (const { version, resources } of versions) {
    for (const served of resources.filter(isWatchable)) {
      const crd = crds.byName.get(formatResource({ group, resource: served.resource }));
      const known = found.get(served.resource)?.facts.version;
      const isPreferred = known === versions[0]?.version;
      if (known !== undefined && (isPreferred || version !== crd?.storageVersion)) continue;
      found.set(served.resource, describeKind({ group, version }, served, { crd, crds }));
    }
  }
  return [...found.values()];
}

function describeKind(
  { group, version }: { readonly group: string; readonly version: string },
  { resource, kind, scope, hasStatusSubresource }: ServedResource,
  { crd, crds }: { readonly crd: CrdFacts | undefined; readonly crds: Crds },
): DiscoveredKind {
  const hints = crd?.hintsByVersion.get(version) ?? NO_HINTS;
  return {
    facts: { group, version, kind, resource, scope, hasStatusSubresource, hints },
    isCustom: crd !== undefined || (!crds.isComplete && !isBuiltInGroup(group)),
  };
}

function isWatchable({ resource, kind, verbs }: ServedResource): boolean {
  return resource !== "" && kind !== "" && verbs.includes("list") && verbs.includes("watch");
}
