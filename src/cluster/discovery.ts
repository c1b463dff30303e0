import { fieldAt } from "../util/json.ts";
import type { ApiClient, ApiFailure } from "./api-client.ts";
import { isBuiltInGroup } from "./built-in-groups.ts";
import type { KindFacts } from "./kube-object.ts";
import { NO_HINTS, parseCrd, type CrdFacts } from "./parse-crd.ts";
import {
  parseAggregatedDiscovery,
  parseLegacyGroups,
  parseLegacyResources,
  parseLegacyVersions,
  type ServedGroup,
  type ServedVersion,
} from "./parse-discovery.ts";
import { formatResource } from "./watch-event.ts";

export type DiscoveredKind = {
  readonly facts: KindFacts;
  /** A CRD serves it; where CRDs may not be listed: its group is none of Kubernetes' own. */
  readonly isCustom: boolean;
};

/** `crds`: hints and the proof of what is custom are missing, nothing else. `root`: nothing of `/api` or `/apis` is known. */
type DiscoveryFailure = {
  readonly scope: "root" | "group" | "crds";
  /**
   * What is lost by going on without asking again: `until-answered` too much (every kind, or what is known of custom
   * ones), `few-times` one group or kind that may be broken for good; `never`: another answer is not to be expected.
   */
  readonly retry: "until-answered" | "few-times" | "never";
  /** Such as `apps/v1`; empty but for `group`. */
  readonly groupVersion: string;
  readonly error: Error;
};

export type Discovery = {
  /** Sorted by `plural.group`; one version of each. */
  readonly kinds: readonly DiscoveredKind[];
  readonly failures: readonly DiscoveryFailure[];
};

/** v2 since Kubernetes 1.30, v2beta1 since 1.26; older servers answer the last one. */
const AGGREGATED = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat("application/json")
  .join(",");

/** CRDs weigh up to a megabyte, and only a page of them is held at a time. */
const CRD_PAGE = "10";

/** Groups asked about at once by legacy discovery. */
const LEGACY_PARALLEL = 4;

/**
 * Finds every kind that may be listed and watched, in the version that its group prefers (else the first that serves
 * it). What fails is a value beside what was found: a broken group hides nobody else.
 */
export async function discoverKinds(client: ApiClient, signal: AbortSignal): Promise<Discovery> {
  const failures: DiscoveryFailure[] = [];
  const [core, named, crds] = [
    await discoverGroups("/api", { client, signal, failures }),
    await discoverGroups("/apis", { client, signal, failures }),
    await listCrds({ client, signal, failures }),
  ];
  const kinds = [...core, ...named].flatMap((group) => kindsOfGroup(group, crds));
  failures.push(...unnamedCrds(crds, named, failures));
  kinds.sort((a, b) => (formatResource(a.facts) < formatResource(b.facts) ? -1 : 1));
  return { kinds, failures };
}

type Context = {
  readonly client: ApiClient;
  readonly signal: AbortSignal;
  readonly failures: DiscoveryFailure[];
};

type Crds = ReadonlyMap<string, CrdFacts> | undefined;

async function discoverGroups(
  root: "/api" | "/apis",
  context: Context,
): Promise<readonly ServedGroup[]> {
  const { client, signal, failures } = context;
  let result = await client.get(root, { accept: AGGREGATED, signal });
  if (result.type === "status" && result.status === 406)
    result = await client.get(root, { signal });
  if (result.type !== "ok") {
    const { error } = result;
    failures.push({ scope: "root", retry: "until-answered", groupVersion: "", error });
    return [];
  }
  const aggregated = parseAggregatedDiscovery(result.body);
  if (aggregated === undefined) return discoverLegacy(root, result.body, context);
  for (const { group, versions } of aggregated) {
    for (const { version, isStale } of versions) {
      if (isStale) failures.push(staleGroup(group === "" ? version : `${group}/${version}`));
    }
  }
  return aggregated;
}

function staleGroup(groupVersion: string): DiscoveryFailure {
  const error = new Error(
    `Cannot discover ${groupVersion}: the API server says that what it knows of it is stale; is the APIService behind it available?`,
  );
  return { scope: "group", retry: "never", groupVersion, error };
}

async function discoverLegacy(
  root: "/api" | "/apis",
  body: unknown,
  context: Context,
): Promise<readonly ServedGroup[]> {
  const groups =
    root === "/api"
      ? [{ group: "", versions: parseLegacyVersions(body) }]
      : parseLegacyGroups(body);
  const found: ServedGroup[] = [];
  for (let start = 0; start < groups.length; start += LEGACY_PARALLEL) {
    const some = groups.slice(start, start + LEGACY_PARALLEL);
    const answers = await Promise.all(some.map((group) => discoverLegacyGroup(group, context)));
    found.push(...answers);
  }
  return found;
}

async function discoverLegacyGroup(
  { group, versions }: { readonly group: string; readonly versions: readonly string[] },
  { client, signal, failures }: Context,
): Promise<ServedGroup> {
  const served: ServedVersion[] = [];
  for (const version of versions) {
    const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    const result = await client.get(path, { signal });
    if (result.type === "ok") {
      served.push({ version, isStale: false, resources: parseLegacyResources(result.body) });
    } else {
      const groupVersion = group === "" ? version : `${group}/${version}`;
      const retry = isDenied(result) ? "never" : "few-times";
      failures.push({ scope: "group", retry, groupVersion, error: result.error });
    }
  }
  return { group, versions: served };
}

/** Leave to ask, or what is asked for, is missing: told for good, unlike a server in trouble. */
function isDenied(failure: ApiFailure): boolean {
  return failure.type === "status" && (failure.status === 403 || failure.status === 404);
}

/** CRDs by `plural.group`; `undefined` if they can't be listed. */
async function listCrds({ client, signal, failures }: Context): Promise<Crds> {
  const crds = new Map<string, CrdFacts>();
  let continueToken: string | undefined;
  do {
    const result = await client.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      query: { limit: CRD_PAGE, continue: continueToken },
      signal,
    });
    if (result.type !== "ok") {
      const retry = isDenied(result) ? "never" : "until-answered";
      failures.push({ scope: "crds", retry, groupVersion: "", error: crdError(result) });
      return undefined;
    }
    const items = fieldAt(result.body, "items");
    for (const item of Array.isArray(items) ? items : []) {
      const crd = parseCrd(item);
      if (crd !== undefined) crds.set(formatResource(crd), crd);
    }
    const token = fieldAt(result.body, "metadata", "continue");
    continueToken = typeof token === "string" && token !== "" ? token : undefined;
  } while (continueToken !== undefined);
  return crds;
}

function crdError(failure: ApiFailure): Error {
  return new Error(
    `Cannot list CRDs, so custom kinds are told by their group, and phases and printer columns are unknown: ${failure.error.message}`,
    { cause: failure.error },
  );
}

/** An API server that has just started, or just learned of a CRD, names what it serves a moment later. */
function unnamedCrds(
  crds: Crds,
  groups: readonly ServedGroup[],
  known: readonly DiscoveryFailure[],
): readonly DiscoveryFailure[] {
  if (known.some(({ scope }) => scope === "root")) return [];
  const failed = new Set(known.map(({ groupVersion }) => groupVersion.split("/", 1)[0]));
  const names = new Set(
    groups.flatMap(({ group, versions }) =>
      versions.flatMap(({ resources }) =>
        resources.map(({ resource }) => formatResource({ group, resource })),
      ),
    ),
  );
  return [...(crds ?? [])].flatMap(
    ([
      name,
      {
        group,
        servedVersions: [version],
      },
    ]) => {
      if (version === undefined || failed.has(group) || names.has(name)) return [];
      const error = new Error(
        `Cannot discover ${name}: its CRD is established, but the API server does not name it among what it serves`,
      );
      return [{ scope: "group", retry: "few-times", groupVersion: `${group}/${version}`, error }];
    },
  );
}

function kindsOfGroup({ group, versions }: ServedGroup, crds: Crds): readonly DiscoveredKind[] {
  const found = new Map<string, DiscoveredKind>();
  for (const { version, resources } of versions) {
    for (const { resource, kind, scope, verbs, hasStatusSubresource } of resources) {
      if (resource === "" || kind === "" || found.has(resource)) continue;
      if (!verbs.includes("list") || !verbs.includes("watch")) continue;
      const crd = crds?.get(formatResource({ group, resource }));
      const hints = crd?.hintsByVersion.get(version) ?? NO_HINTS;
      found.set(resource, {
        facts: { group, version, kind, resource, scope, hasStatusSubresource, hints },
        isCustom: crds === undefined ? !isBuiltInGroup(group) : crd !== undefined,
      });
    }
  }
  return [...found.values()];
}
