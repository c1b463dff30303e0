import type { ApiClient } from "./api-client.ts";
import type { KindFacts } from "./kube-object.ts";
import { resourcePath } from "./resource-path.ts";
import type { WatchKey } from "./watch-event.ts";

/** What a resource's own path says; `hidden`: who asks may not know. */
export type Served = "served" | "missing" | "hidden" | "unknown";

/** Asks for one object of a resource, to learn whether there is such a resource at all. */
export async function askServed(
  client: ApiClient,
  { facts, key }: { readonly facts: KindFacts; readonly key: Pick<WatchKey, "namespace"> },
  signal: AbortSignal,
): Promise<Served> {
  const path = resourcePath(facts, key.namespace);
  const result = await client.get(path, { query: { limit: "1" }, signal });
  if (result.type === "ok") return "served";
  if (result.type === "failed") return "unknown";
  if (result.status === 404) return "missing";
  return result.status === 403 ? "hidden" : "unknown";
}
