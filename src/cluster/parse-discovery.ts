import { fieldAt } from "../util/json.ts";

/** One resource of one version, as discovery names it. */
export type ServedResource = {
  readonly resource: string;
  readonly kind: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly verbs: readonly string[];
  readonly hasStatusSubresource: boolean;
};

/** One group, its versions in the order of the server's preference. */
export type ServedGroup = {
  readonly group: string;
  readonly versions: readonly ServedVersion[];
};

export type ServedVersion = {
  readonly version: string;
  readonly resources: readonly ServedResource[];
  /** An aggregated API server did not answer the kube-apiserver: what is listed may be old, or nothing. */
  readonly isStale: boolean;
};

/** Aggregated discovery, v2 and v2beta1 (`APIGroupDiscoveryList`, KEP-3352); `undefined` for any other document. */
export function parseAggregatedDiscovery(value: unknown): readonly ServedGroup[] | undefined {
  if (fieldAt(value, "kind") !== "APIGroupDiscoveryList") return undefined;
  return listAt(value, "items").map((item) => ({
    group: textAt(item, "metadata", "name"),
    versions: listAt(item, "versions").map((version) => ({
      version: textAt(version, "version"),
      isStale: fieldAt(version, "freshness") === "Stale",
      resources: listAt(version, "resources").map(parseAggregatedResource),
    })),
  }));
}

function parseAggregatedResource(value: unknown): ServedResource {
  return {
    resource: textAt(value, "resource"),
    kind: textAt(value, "responseKind", "kind"),
    scope: fieldAt(value, "scope") === "Namespaced" ? "Namespaced" : "Cluster",
    verbs: textsAt(value, "verbs"),
    hasStatusSubresource: listAt(value, "subresources").some(
      (subresource) => fieldAt(subresource, "subresource") === "status",
    ),
  };
}

/** `/api` (`APIVersions`): the versions of the core group. */
export function parseLegacyVersions(value: unknown): readonly string[] {
  return textsAt(value, "versions");
}

/** `/apis` (`APIGroupList`): each group's versions, the preferred one first. */
export function parseLegacyGroups(
  value: unknown,
): readonly { readonly group: string; readonly versions: readonly string[] }[] {
  return listAt(value, "groups").map((group) => {
    const preferred = textAt(group, "preferredVersion", "version");
    const versions = listAt(group, "versions").map((version) => textAt(version, "version"));
    return {
      group: textAt(group, "name"),
      versions: [...new Set([preferred, ...versions])].filter((version) => version !== ""),
    };
  });
}

/** `/apis/GROUP/VERSION` (`APIResourceList`): subresources stand beside their resources, as `pods/status`. */
export function parseLegacyResources(value: unknown): readonly ServedResource[] {
  const entries = listAt(value, "resources");
  const names = new Set(entries.map((entry) => textAt(entry, "name")));
  return entries
    .filter((entry) => !textAt(entry, "name").includes("/"))
    .map((entry) => {
      const resource = textAt(entry, "name");
      return {
        resource,
        kind: textAt(entry, "kind"),
        scope: fieldAt(entry, "namespaced") === true ? "Namespaced" : "Cluster",
        verbs: textsAt(entry, "verbs"),
        hasStatusSubresource: names.has(`${resource}/status`),
      };
    });
}

function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const list = fieldAt(value, ...path);
  return Array.isArray(list) ? list : [];
}

function textAt(value: unknown, ...path: readonly string[]): string {
  const text = fieldAt(value, ...path);
  return typeof text === "string" ? text : "";
}

function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((text) => typeof text === "string");
}
