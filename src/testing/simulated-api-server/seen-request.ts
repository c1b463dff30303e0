import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { parseRoute, type ResourceRoute, type Route } from "./route.ts";
import { resourceName } from "./served-kind.ts";

/** One request as the server saw it, in the words of audit logs. */
export type SeenRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly verb: "list" | "watch" | "get" | "create" | "discovery" | "other";
  /** As in `customdatabases.custom.example.com`; absent for paths that name none. */
  readonly resource?: string;
};

/** Unix-like parts of one request, parsed once. */
export type ParsedRequest = {
  readonly seen: SeenRequest;
  readonly route: Route;
  readonly query: URLSearchParams;
};

export function parseRequest(
  request: Pick<IncomingMessage, "url" | "method" | "headers">,
): ParsedRequest {
  const url = new URL(request.url ?? "/", "http://simulated");
  const route = parseRoute(url.pathname);
  const method = request.method ?? "GET";
  const seen: SeenRequest = {
    method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    verb: verbOf(route, method, url.searchParams),
    ...(route.type === "resource" ? { resource: resourceName(route) } : {}),
  };
  return { seen, route, query: url.searchParams };
}

function verbOf(route: Route, method: string, query: URLSearchParams): SeenRequest["verb"] {
  if (route.type === "resource") return resourceVerb(route, method, query);
  return route.type.endsWith("version") ||
    route.type.startsWith("group") ||
    route.type === "core-versions"
    ? "discovery"
    : "other";
}

function resourceVerb(
  route: ResourceRoute,
  method: string,
  query: URLSearchParams,
): SeenRequest["verb"] {
  if (method === "POST") return "create";
  if (method !== "GET") return "other";
  if (["1", "true"].includes(query.get("watch") ?? "")) return "watch";
  return route.name === undefined ? "list" : "get";
}
