import { isOlderVersion } from "../util/resource-version.ts";
import { parseListPage } from "./parse-list-page.ts";
import type { WatchResourceOptions } from "./reflector.ts";
import { resourcePath } from "./resource-path.ts";

/**
 * Whether a position lies in the future of the API server, as it does once etcd was restored from a backup. Such a watch
 * is no error to the server: it opens, says nothing, not even a bookmark, until the position is reached again, and passes
 * over all that happens until then.
 */
export async function isInFuture(
  position: string,
  { client, facts, key, signal }: WatchResourceOptions,
): Promise<boolean> {
  // Without a resourceVersion: what etcd holds now, so that no cache that lags behind is taken for a past.
  const result = await client.get(resourcePath(facts, key.namespace), {
    query: { limit: "1", labelSelector: key.labelSelector },
    signal,
  });
  if (result.type !== "ok") return false;
  const parsed = parseListPage(result.body, facts);
  return parsed.type === "page" && isOlderVersion(parsed.page.resourceVersion, position);
}
