import type { KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt, type JsonMap } from "../../util/json.ts";
import { apiStatus, expiredStatus, type Reply, tooLargeStatus } from "./api-status.ts";
import { type KindStore, objectKey } from "./kind-store.ts";
import type { ResourceRoute } from "./route.ts";
import { parseSelector, type Selector } from "./selector.ts";
import { formatApiVersion, type ServedKind } from "./served-kind.ts";

/** Which objects of a kind a list or a watch is about, and in which version it shows them. */
export type Collection = {
  readonly store: KindStore;
  readonly version: string;
  readonly includes: (object: KubeObject) => boolean;
};

/** Reads namespace and selectors of a request; throws on a selector that it can't read. */
export function collectionOf(
  store: KindStore,
  route: ResourceRoute,
  query: URLSearchParams,
): Collection {
  const hasLabels: Selector = parseSelector(query.get("labelSelector") ?? "");
  const hasFields: Selector = parseSelector(query.get("fieldSelector") ?? "");
  return {
    store,
    version: route.version,
    includes({ metadata }) {
      if (route.namespace !== undefined && metadata.namespace !== route.namespace) return false;
      const fields = {
        "metadata.name": metadata.name,
        "metadata.namespace": metadata.namespace ?? "",
      };
      return hasLabels(metadata.labels ?? {}) && hasFields(fields);
    },
  };
}

/** The object as one of its versions shows it. */
export function atVersion(object: KubeObject, kind: ServedKind, version: string): KubeObject {
  const apiVersion = formatApiVersion(kind.group, version);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** What a continue token says: the resourceVersion of the first page (-1: the newest) and where to go on. */
type ContinueToken = { readonly revision: number; readonly after: string };

/**
 * One page, or all. `resourceVersion=0` may be served from a cache, which knows no pages: `limit` is ignored (KEP-2340).
 * With `continue` the first page's resourceVersion holds on, and none may be given.
 */
export function listCollection(
  collection: Collection,
  query: URLSearchParams,
  revision: number,
): Reply {
  const token = query.get("continue") ?? "";
  const asked = query.get("resourceVersion") ?? "";
  const limit = Number(query.get("limit") ?? 0);
  if (!/^\d*$/.test(asked))
    return refuse(apiStatus(400, `Invalid value: "${asked}": must be a number`));
  if (token !== "" && Number(asked) !== 0) {
    return refuse(apiStatus(400, "specifying resource version is not allowed when using continue"));
  }
  if (token !== "") return continuedList(collection, token, { limit, revision });
  if (Number(asked) > revision) return refuse(tooLargeStatus(Number(asked), revision));
  const at = query.get("resourceVersionMatch") === "Exact" ? Number(asked) : revision;
  const { oldestRevision } = collection.store;
  if (at < oldestRevision) return refuse(expiredStatus(at, oldestRevision));
  return page(collection, { revision: at, after: "" }, asked === "0" ? 0 : limit);
}

type PageOptions = { readonly limit: number; readonly revision: number };

function continuedList(
  collection: Collection,
  token: string,
  { limit, revision }: PageOptions,
): Reply {
  const start = parseToken(token);
  if (start === undefined) return refuse(apiStatus(400, "continue key is not valid"));
  if (start.revision === -1) return page(collection, { ...start, revision }, limit);
  if (start.revision < collection.store.oldestRevision)
    return refuse(expiredTokenStatus(start.after));
  return page(collection, start, limit);
}

function page(
  { store, version, includes }: Collection,
  start: ContinueToken,
  limit: number,
): Reply {
  const { kind } = store;
  const all = store.objectsAt(start.revision);
  const from = all.findIndex(({ metadata }) => objectKey(metadata) > start.after);
  const left = from === -1 ? [] : all.slice(from).filter((object) => includes(object));
  const items = limit === 0 ? left : left.slice(0, limit);
  const last = items.at(-1);
  const remainingItemCount = left.length - items.length;
  const hasMore = remainingItemCount > 0 && last !== undefined;
  const next = hasMore
    ? { continue: formatToken(start.revision, objectKey(last.metadata)), remainingItemCount }
    : {};
  return {
    code: 200,
    body: {
      apiVersion: formatApiVersion(kind.group, version),
      kind: `${kind.kind}List`,
      metadata: { resourceVersion: String(start.revision), ...next },
      items: items.map((object) => listItem(object, kind, version)),
    },
  };
}

function listItem(object: KubeObject, kind: ServedKind, version: string): JsonMap {
  if (!kind.isBuiltIn) return atVersion(object, kind, version);
  const { apiVersion: _apiVersion, kind: _kind, ...item } = object;
  return item;
}

/** What is said of a continue token that is too old, whether it is or not. */
export function expiredToken(token: string): JsonMap | undefined {
  const start = parseToken(token);
  return start === undefined ? undefined : expiredTokenStatus(start.after);
}

/** The 410 of an old token comes with one that goes on at the newest state: inconsistent, but nothing is lost. */
function expiredTokenStatus(after: string): JsonMap {
  const message =
    "continue token is too old for a consistent list: go on with the token in this answer, or start anew";
  return apiStatus(410, message, { metadata: { continue: formatToken(-1, after) } });
}

function refuse(status: JsonMap): Reply {
  return { code: Number(status["code"]), body: status };
}

function formatToken(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ revision, after })).toString("base64url");
}

function parseToken(token: string): ContinueToken | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    const revision = fieldAt(parsed, "revision");
    const after = fieldAt(parsed, "after");
    return typeof revision === "number" && typeof after === "string"
      ? { revision, after }
      : undefined;
  } catch {
    return undefined;
  }
}
