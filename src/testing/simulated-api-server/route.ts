/** What a request's path asks for, before anybody looks whether it is served. */
export type Route =
  | { readonly type: "version" }
  | { readonly type: "health" }
  /** `/api`: the core group's versions. */
  | { readonly type: "core-versions" }
  /** `/apis`: all other groups. */
  | { readonly type: "groups" }
  | { readonly type: "group"; readonly group: string }
  /** `/api/v1`, `/apis/apps/v1`: the resources of one version. */
  | { readonly type: "group-version"; readonly group: string; readonly version: string }
  | ResourceRoute
  | { readonly type: "unknown" };

/** A collection, or with `name` one object, or with `subresource` a part of it. */
export type ResourceRoute = {
  readonly type: "resource";
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
};

export function parseRoute(path: string): Route {
  const [root, ...rest] = path.split("/").filter((part) => part !== "");
  if (root === "version") return { type: "version" };
  if (root === "healthz" || root === "livez" || root === "readyz") return { type: "health" };
  if (root === "api") return parseBelowGroup("", rest) ?? { type: "core-versions" };
  if (root !== "apis") return { type: "unknown" };
  const [group, ...below] = rest;
  if (group === undefined) return { type: "groups" };
  return parseBelowGroup(group, below) ?? { type: "group", group };
}

function parseBelowGroup(group: string, parts: readonly string[]): Route | undefined {
  const [version, ...rest] = parts.map(decoded);
  if (version === undefined) return undefined;
  if (rest.length === 0) return { type: "group-version", group, version };
  // `namespaces/x/pods` is a namespaced collection; `namespaces/x` is a Namespace, and so is its status.
  const [first, second, third] = rest;
  const isNamespaced = first === "namespaces" && second !== undefined && third !== undefined;
  const [resource = "", name, subresource] =
    isNamespaced && third !== "status" ? rest.slice(2) : rest;
  return {
    type: "resource",
    group,
    version,
    resource,
    ...(isNamespaced && third !== "status" ? { namespace: second } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
