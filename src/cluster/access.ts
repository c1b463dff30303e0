import { fieldAt } from "../util/json.ts";
import type { ApiClient } from "./api-client.ts";
import type { WatchVerb } from "./report.ts";
import { formatResource, type WatchKey } from "./watch-event.ts";

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
    const status = fieldAt(result.body, "status");
    if (fieldAt(status, "allowed") === true) continue;
    const problem = fieldAt(status, "evaluationError");
    // Not allowed as far as the server could tell, which was not all the way.
    if (typeof problem === "string" && problem !== "") {
      return { type: "unknown", error: evaluationError(key, verb, problem) };
    }
    missing.push(verb);
  }
  return missing.length === 0 ? { type: "allowed" } : { type: "forbidden", missing };
}

function evaluationError(key: WatchKey, verb: WatchVerb, problem: string): Error {
  return new Error(
    `Cannot tell whether "${verb}" on "${formatResource(key)}" is allowed: the API server says ${problem.slice(0, 500)}`,
  );
}
