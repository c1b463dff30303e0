import { unreachable } from "../../util/unreachable.ts";
import { type AccessRequest, type AccessRule, forbiddenMessage, reviewAccess } from "./access.ts";
import { expiredStatus, PAGE_NOT_FOUND, type Reply, statusReply } from "./api-status.ts";
import { atVersion, type Collection, collectionOf, listCollection } from "./collection.ts";
import {
  type DiscoveryState,
  discoveryGroup,
  discoveryRoot,
  discoveryVersion,
} from "./discovery.ts";
import { type KindStore, objectKey } from "./kind-store.ts";
import type { ResourceRoute } from "./route.ts";
import type { ParsedRequest, SeenRequest } from "./seen-request.ts";
import { resourceName } from "./served-kind.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

/** What an answer depends on besides the request. */
export type AnswerState = {
  readonly cluster: SimulatedCluster;
  readonly isAllowed: AccessRule;
  readonly discovery: Omit<DiscoveryState, "kinds">;
  /** A 410 at the start of a watch comes as an event in the stream (as real servers do it) or as HTTP status. */
  readonly expiredWatch: "stream" | "http";
  readonly watchList: WatchListMode;
};

/**
 * What a watch with `sendInitialEvents` gets. `served`: all that exists, then the bookmark that says so. `refused`: 422,
 * as where the feature gate is off. `unmarked`: all that exists and no word that this is all, as of servers that
 * do not know the parameter; `OpenWatch.endInitialEvents` may say it.
 */
export type WatchListMode = "served" | "refused" | "unmarked";

/** A whole answer, or the beginning of a stream. */
export type Answer =
  | { readonly type: "reply"; readonly reply: Reply }
  | {
      readonly type: "watch";
      readonly collection: Collection;
      readonly fromRevision: number | undefined;
      /** A bookmark tells where the present objects end. */
      readonly marksInitialEvents: boolean;
    }
  /** A watch from a resourceVersion that left the window: headers, one ERROR event, the end. */
  | {
      readonly type: "expired-watch";
      readonly collection: Collection;
      readonly fromRevision: number;
    };

/** What a faultless API server says to a request, as a pure function of the state. */
export function answer(request: ParsedRequest, body: unknown, state: AnswerState): Answer {
  const { route, seen } = request;
  const discovery: DiscoveryState = { ...state.discovery, kinds: state.cluster.kinds() };
  switch (route.type) {
    case "version":
      return reply({ code: 200, body: { major: "1", minor: "36", gitVersion: "v1.36.0" } });
    case "health":
      return reply({ code: 200, body: "ok" });
    case "core-versions":
      return reply(discoveryRoot("api", discovery, seen.headers));
    case "groups":
      return reply(discoveryRoot("apis", discovery, seen.headers));
    case "group":
      return reply(discoveryGroup(route.group, discovery));
    case "group-version":
      return reply(discoveryVersion(route.group, route.version, discovery));
    case "resource":
      return answerResource(request, route, { state, body });
    case "unknown":
      return reply(PAGE_NOT_FOUND);
    default:
      return unreachable(route);
  }
}

type Context = { readonly state: AnswerState; readonly body: unknown };

function answerResource(
  request: ParsedRequest,
  route: ResourceRoute,
  { state, body }: Context,
): Answer {
  const { verb } = request.seen;
  const store = state.cluster.store(resourceName(route));
  if (store === undefined || !store.kind.versions.includes(route.version))
    return reply(PAGE_NOT_FOUND);
  if (route.resource === "selfsubjectaccessreviews")
    return reply(reviewAccess(body, state.isAllowed));
  if (!isServedVerb(verb) || !store.kind.verbs.includes(verb)) {
    return reply(
      statusReply(405, "the server does not allow this method on the requested resource"),
    );
  }
  const access: AccessRequest = {
    verb,
    group: route.group,
    resource: route.resource,
    ...(route.namespace === undefined ? {} : { namespace: route.namespace }),
  };
  if (!state.isAllowed(access)) return reply(statusReply(403, forbiddenMessage(access)));
  if (route.namespace !== undefined && store.kind.scope === "Cluster") return reply(PAGE_NOT_FOUND);
  return verb === "get"
    ? reply(getObject(store, route))
    : answerCollection(request, { route, store, state });
}

function isServedVerb(verb: SeenRequest["verb"]): verb is "list" | "watch" | "get" {
  return verb === "list" || verb === "watch" || verb === "get";
}

function getObject(store: KindStore, route: ResourceRoute): Reply {
  const { name = "", namespace, version } = route;
  const object = store.get(objectKey(namespace === undefined ? { name } : { namespace, name }));
  if (object !== undefined) return { code: 200, body: atVersion(object, store.kind, version) };
  return statusReply(404, `${resourceName(route)} "${name}" not found`, {
    details: { name, kind: route.resource },
  });
}

type Target = {
  readonly route: ResourceRoute;
  readonly store: KindStore;
  readonly state: AnswerState;
};

function answerCollection({ seen, query }: ParsedRequest, { route, store, state }: Target): Answer {
  let collection: Collection;
  try {
    collection = collectionOf(store, route, query);
  } catch (error) {
    return reply(statusReply(400, String(error)));
  }
  const newest = Number(state.cluster.resourceVersion);
  if (seen.verb === "list") return reply(listCollection(collection, query, newest));
  if (query.has("sendInitialEvents")) return answerWatchList(collection, query, state.watchList);
  const from = query.get("resourceVersion") ?? "";
  if (!/^\d*$/.test(from))
    return reply(statusReply(400, `Invalid value: "${from}": must be a number`));
  const fromRevision = Number(from) === 0 ? undefined : Number(from);
  if (fromRevision === undefined || fromRevision >= store.oldestRevision) {
    return { type: "watch", collection, fromRevision, marksInitialEvents: false };
  }
  if (state.expiredWatch === "stream") return { type: "expired-watch", collection, fromRevision };
  return reply({ code: 410, body: expiredStatus(fromRevision, store.oldestRevision) });
}

/** The rules of `ValidateListOptions` (apimachinery, meta/internalversion/validation). */
function answerWatchList(
  collection: Collection,
  query: URLSearchParams,
  mode: WatchListMode,
): Answer {
  if (mode === "refused") {
    return reply(
      statusReply(422, "sendInitialEvents is forbidden: the feature gate WatchList is off"),
    );
  }
  if (query.get("resourceVersionMatch") !== "NotOlderThan") {
    return reply(
      statusReply(422, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
    );
  }
  const marksInitialEvents = mode === "served" && query.get("allowWatchBookmarks") === "true";
  return { type: "watch", collection, fromRevision: undefined, marksInitialEvents };
}

function reply(whole: Reply): Answer {
  return { type: "reply", reply: whole };
}
