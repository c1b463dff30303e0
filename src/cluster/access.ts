import { fieldAt } from "../util/json.ts";
import type { ApiClient } from "./api-client.ts";
import type { WatchVerb } from "./report.ts";
import type { WatchKey } from "./watch-event.ts";

/** Whether one watch is allowed; `unknown` means that the question itself failed: try the watch. */
export type Access =
  | { readonly type: "allowed" }
  | { readonly type: "forbidden"; readonly missing: readonly WatchVerb[] }
  | { readonly type: "unknown"; readonly error: Error };

const VERBS: readonly WatchVerb[] = ["list", "watch"];

/** Asks a SelfSubjectAccessReview (`authorization.k8s.io/v1`) for `list` and `watch`; it changes nothing in the cluster. */
export async function reviewAccess(
  client: ApiClient,
  key: WatchKey,
  signal: AbortSignal,
): Promise<Access> {
  const missing: WatchVerb[] = [];
  for (const verb of VERBS) {
    const { group, resource, namespace } = key;
    const result = await client.post(
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: {
          resourceAttributes: {
            verb,
            group,
            resource,
            ...(namespace === undefined ? {} : { namespace }),
          },
        },
      },
      { signal },
    );
    if (result.type !== "ok") return { type: "unknown", error: result.error };
    if (fieldAt(result.body, "status", "allowed") !== true) missing.push(verb);
  }
  return missing.length === 0 ? { type: "allowed" } : { type: "forbidden", missing };
}
