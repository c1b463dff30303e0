import { createHash } from "node:crypto";
import type { JsonMap } from "../../util/json.ts";
import { PAGE_NOT_FOUND, type Reply, statusReply } from "./api-status.ts";
import { formatApiVersion, type ServedKind } from "./served-kind.ts";

/** What the server says about what it serves. */
export type DiscoveryState = {
  readonly kinds: readonly ServedKind[];
  /** False: an old server, which knows only one document per version. */
  readonly isAggregated: boolean;
  /** Groups whose APIService does not answer: marked stale when aggregated, 503 otherwise. */
  readonly staleGroups: ReadonlySet<string>;
};

const AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const STATUS_VERBS = ["get", "patch", "update"];

/** `/api` and `/apis`: aggregated discovery (v2, with ETag) if the client asks for it, the legacy lists otherwise. */
export function discoveryRoot(
  root: "api" | "apis",
  state: DiscoveryState,
  headers: NodeJS.Dict<string | string[]>,
): Reply {
  const kinds = state.kinds.filter((kind) => (kind.group === "") === (root === "api"));
  const accept = String(headers["accept"] ?? "").replaceAll(" ", "");
  if (state.isAggregated && accept.includes(AGGREGATED_TYPE)) {
    return aggregated({ ...state, kinds }, headers["if-none-match"]);
  }
  if (root === "api") return { code: 200, body: { kind: "APIVersions", versions: ["v1"] } };
  const groups = groupNames(kinds).map((group) => legacyGroup(group, kinds));
  return { code: 200, body: { kind: "APIGroupList", apiVersion: "v1", groups } };
}

/** `/apis/GROUP`. */
export function discoveryGroup(group: string, state: DiscoveryState): Reply {
  if (!state.kinds.some((kind) => kind.group === group)) return PAGE_NOT_FOUND;
  return {
    code: 200,
    body: { kind: "APIGroup", apiVersion: "v1", ...legacyGroup(group, state.kinds) },
  };
}

/** `/api/v1`, `/apis/GROUP/VERSION`: the resources, subresources as entries of their own. */
export function discoveryVersion(group: string, version: string, state: DiscoveryState): Reply {
  const kinds = state.kinds.filter(
    (kind) => kind.group === group && kind.versions.includes(version),
  );
  if (kinds.length === 0) return PAGE_NOT_FOUND;
  if (state.staleGroups.has(group))
    return statusReply(503, "the server is currently unable to handle the request");
  const groupVersion = formatApiVersion(group, version);
  const resources = kinds.flatMap(legacyResources);
  return {
    code: 200,
    body: { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources },
  };
}

function aggregated(
  state: DiscoveryState,
  knownTag: string | readonly string[] | undefined,
): Reply {
  const items = groupNames(state.kinds).map((group) => aggregatedGroup(group, state));
  const body = {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items,
  };
  const tag = `"${createHash("sha256").update(JSON.stringify(body)).digest("hex").toUpperCase()}"`;
  const headers = { "content-type": AGGREGATED_TYPE, etag: tag, vary: "Accept" };
  return knownTag === tag ? { code: 304, headers, body: "" } : { code: 200, headers, body };
}

function aggregatedGroup(group: string, { kinds, staleGroups }: DiscoveryState): JsonMap {
  const ofGroup = kinds.filter((kind) => kind.group === group);
  const versions = versionNames(ofGroup).map((version) => ({
    version,
    resources: ofGroup
      .filter((kind) => kind.versions.includes(version))
      .map((kind) => aggregatedResource(kind, version)),
    freshness: staleGroups.has(group) ? "Stale" : "Current",
  }));
  return { metadata: group === "" ? {} : { name: group }, versions };
}

function aggregatedResource(kind: ServedKind, version: string): JsonMap {
  const responseKind = { group: kind.group, version, kind: kind.kind };
  return {
    resource: kind.resource,
    responseKind,
    scope: kind.scope === "Namespaced" ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.hasStatusSubresource
      ? { subresources: [{ subresource: "status", responseKind, verbs: STATUS_VERBS }] }
      : {}),
  };
}

function legacyGroup(group: string, kinds: readonly ServedKind[]): JsonMap {
  const versions = versionNames(kinds.filter((kind) => kind.group === group)).map((version) => ({
    groupVersion: formatApiVersion(group, version),
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function legacyResources(kind: ServedKind): readonly JsonMap[] {
  const whole = {
    name: kind.resource,
    singularName: kind.singular,
    namespaced: kind.scope === "Namespaced",
    kind: kind.kind,
    verbs: kind.verbs,
  };
  if (!kind.hasStatusSubresource) return [whole];
  return [
    whole,
    { ...whole, name: `${kind.resource}/status`, singularName: "", verbs: STATUS_VERBS },
  ];
}

function groupNames(kinds: readonly ServedKind[]): readonly string[] {
  return [...new Set(kinds.map((kind) => kind.group))].toSorted();
}

function versionNames(kinds: readonly ServedKind[]): readonly string[] {
  return [...new Set(kinds.flatMap((kind) => kind.versions))];
}
