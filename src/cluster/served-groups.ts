import type { ApiClient, ApiFailure, ApiResult } from "./api-client.ts";
import {
  parseAggregatedDiscovery,
  parseLegacyGroups,
  parseLegacyResources,
  parseLegacyVersions,
  type ServedGroup,
  type ServedResource,
  type ServedVersion,
} from "./parse-discovery.ts";

/** `crds`: hints and the proof of what is custom are missing, nothing else. `root`: nothing new of `/api` or `/apis` is known. */
export type DiscoveryFailure = {
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

type ServedAnswer = {
  readonly groups: readonly ServedGroup[];
  readonly failures: readonly DiscoveryFailure[];
};

/** v2 since Kubernetes 1.30, v2beta1 since 1.26; older servers answer the last one. */
const AGGREGATED = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat("application/json")
  .join(",");

/** Groups asked about at once by legacy discovery. */
const LEGACY_PARALLEL = 4;

type Root = "/api" | "/apis";

type Known = ServedAnswer & { readonly etag?: string };

/**
 * What an API server serves, asked again as often as one likes: an answer that has not changed (304) is not sent again,
 * and what can't be told for a moment (a stale group, one that is broken, a root that fails) is as it was told last.
 */
export class ServedGroups {
  readonly #client: ApiClient;
  readonly #known = new Map<Root, Known>();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async ask(signal: AbortSignal): Promise<ServedAnswer> {
    const core = await this.#askRoot("/api", signal);
    const named = await this.#askRoot("/apis", signal);
    return {
      groups: [...core.groups, ...named.groups],
      failures: [...core.failures, ...named.failures],
    };
  }

  async #askRoot(root: Root, signal: AbortSignal): Promise<ServedAnswer> {
    const known = this.#known.get(root);
    let result = await this.#client.get(root, {
      accept: AGGREGATED,
      signal,
      ...(known?.etag === undefined ? {} : { ifNoneMatch: known.etag }),
    });
    if (known !== undefined && isStatus(result, 304)) return known;
    if (isStatus(result, 406)) result = await this.#client.get(root, { signal });
    if (result.type !== "ok") {
      const { error } = result;
      const failure = { scope: "root", retry: "until-answered", groupVersion: "", error } as const;
      return { groups: known?.groups ?? [], failures: [failure] };
    }
    const before = known?.groups ?? [];
    const aggregated = parseAggregatedDiscovery(result.body);
    const answer: Known =
      aggregated === undefined
        ? await this.#askLegacy(root, result.body, { before, signal })
        : { ...fromAggregated(aggregated, before), ...etagOf(result) };
    this.#known.set(root, answer);
    return answer;
  }

  async #askLegacy(root: Root, body: unknown, context: LegacyContext): Promise<ServedAnswer> {
    const named =
      root === "/api"
        ? [{ group: "", versions: parseLegacyVersions(body) }]
        : parseLegacyGroups(body);
    const groups: ServedGroup[] = [];
    const failures: DiscoveryFailure[] = [];
    for (let start = 0; start < named.length; start += LEGACY_PARALLEL) {
      const some = named.slice(start, start + LEGACY_PARALLEL);
      const answers = await Promise.all(some.map((one) => this.#askLegacyGroup(one, context)));
      for (const answer of answers) {
        groups.push(...answer.groups);
        failures.push(...answer.failures);
      }
    }
    return { groups, failures };
  }

  async #askLegacyGroup(
    { group, versions }: { readonly group: string; readonly versions: readonly string[] },
    { before, signal }: LegacyContext,
  ): Promise<ServedAnswer> {
    const served: ServedVersion[] = [];
    const failures: DiscoveryFailure[] = [];
    for (const version of versions) {
      const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
      const result = await this.#client.get(path, { signal });
      if (result.type === "ok") {
        served.push({ version, isStale: false, resources: parseLegacyResources(result.body) });
        continue;
      }
      const groupVersion = formatGroupVersion(group, version);
      const retry = isDenied(result) ? "never" : "few-times";
      failures.push({ scope: "group", retry, groupVersion, error: result.error });
      served.push({ version, isStale: true, resources: resourcesOf(before, group, version) });
    }
    return { groups: [{ group, versions: served }], failures };
  }
}

type LegacyContext = { readonly before: readonly ServedGroup[]; readonly signal: AbortSignal };

/** Leave to ask, or what is asked for, is missing: told for good, unlike a server in trouble. */
export function isDenied(failure: ApiFailure): boolean {
  return isStatus(failure, 403) || isStatus(failure, 404);
}

function isStatus(result: ApiResult, status: number): boolean {
  return result.type === "status" && result.status === status;
}

function etagOf(result: Extract<ApiResult, { readonly type: "ok" }>): { readonly etag?: string } {
  const { etag } = result.headers;
  return etag === undefined ? {} : { etag };
}

/** What is stale may be listed in part, or not at all: what was known of it still holds. */
function fromAggregated(
  groups: readonly ServedGroup[],
  before: readonly ServedGroup[],
): ServedAnswer {
  const failures: DiscoveryFailure[] = [];
  const whole = groups.map(({ group, versions }) => ({
    group,
    versions: versions.map((served) => {
      if (!served.isStale) return served;
      failures.push(staleGroup(formatGroupVersion(group, served.version)));
      const listed = new Set(served.resources.map(({ resource }) => resource));
      const known = resourcesOf(before, group, served.version);
      const others = known.filter(({ resource }) => !listed.has(resource));
      return { ...served, resources: [...served.resources, ...others] };
    }),
  }));
  return { groups: whole, failures };
}

function resourcesOf(
  groups: readonly ServedGroup[],
  group: string,
  version: string,
): readonly ServedResource[] {
  const known = groups.find((one) => one.group === group);
  return known?.versions.find((one) => one.version === version)?.resources ?? [];
}

function formatGroupVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}

function staleGroup(groupVersion: string): DiscoveryFailure {
  const error = new Error(
    `Cannot discover ${groupVersion}: the API server says that what it knows of it is stale; is the APIService behind it available?`,
  );
  return { scope: "group", retry: "never", groupVersion, error };
}
