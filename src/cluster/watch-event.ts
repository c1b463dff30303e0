import type { KubeObject } from "./kube-object.ts";
import { formatShard, type Shard } from "./shard.ts";

/**
 * What the cluster said about one watched resource.
 *
 * Between `resync-start` and `resync-end` each object that exists comes as `resync-object` (or `resync-unreadable`), again
 * when it changes meanwhile; what was known before and did not come is gone, and only `resync-end` says so. Nothing in
 * between is a position to go on from. A stream of these never ends by itself: what
 * fails is an event, and the watch goes on.
 */
export type WatchEvent =
  | { readonly type: "resync-start" }
  | { readonly type: "resync-object"; readonly object: KubeObject }
  /** It was deleted while the resync went on, whether it has come in it or not. */
  | { readonly type: "resync-deleted"; readonly object: KubeObject }
  /** An object exists that can't be read: what is known of it stays. Without `uid` and `name` it may be any. */
  | {
      readonly type: "resync-unreadable";
      readonly uid?: string;
      readonly namespace?: string;
      readonly name?: string;
    }
  | { readonly type: "resync-end"; readonly resourceVersion: string }
  | { readonly type: "applied"; readonly object: KubeObject }
  | { readonly type: "deleted"; readonly object: KubeObject }
  /** A bookmark: everything up to here has been said. */
  | { readonly type: "position"; readonly resourceVersion: string }
  /** The API server no longer serves this resource, and discovery agrees. */
  | { readonly type: "kind-gone" }
  /** `isToWait`: the API server asks for patience (429), which is no answer yet. */
  | { readonly type: "failed"; readonly error: Error; readonly isToWait?: true };

/** What one watch covers. Two keys are the same watch when `formatWatchKey` says the same. */
export type WatchKey = {
  readonly group: string;
  readonly resource: string;
  /** Absent: all namespaces, or a cluster-scoped resource. */
  readonly namespace?: string;
  /** Of a cluster-wide watch that is filtered here: by which patterns. Other patterns are another watch, with a look of its own. */
  readonly namespacePatterns?: string;
  /** Of a watch of which one share is kept: which. Another share is another watch, with a look of its own. */
  readonly shard?: Shard;
  readonly labelSelector?: string;
};

/** `customdatabases.custom.example.com`, or `pods` for the core group: how users name a resource, too. */
export function formatResource(resource: {
  readonly group: string;
  readonly resource: string;
}): string {
  return resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
}

/** One line that identifies a watch, such as `pods|namespace=prod|labels=tier=gold`; stable, it is stored. */
export function formatWatchKey(key: WatchKey): string {
  const namespace = key.namespace === undefined ? "" : `|namespace=${key.namespace}`;
  const patterns =
    key.namespacePatterns === undefined ? "" : `|namespaces=${key.namespacePatterns}`;
  const shard = key.shard === undefined ? "" : `|shard=${formatShard(key.shard)}`;
  const labels = key.labelSelector === undefined ? "" : `|labels=${key.labelSelector}`;
  return `${formatResource(key)}${namespace}${patterns}${shard}${labels}`;
}
