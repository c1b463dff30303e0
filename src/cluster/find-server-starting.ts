import type { ApiClient } from "./api-client.ts";

/**
 * Why the API server should not be asked yet: its `/readyz` answers with a server error. `undefined`: ask.
 *
 * One that has just started answers requests before it knows its roles and CRDs: what is allowed is refused, and what
 * is served is not named. Who may not read `/readyz`, or gets no answer, learns more from the next request.
 */
export async function findServerStarting(
  client: ApiClient,
  signal: AbortSignal,
): Promise<Error | undefined> {
  const result = await client.get("/readyz", { signal });
  // Its "ok" is plain text, which counts as a failed document.
  return result.type === "status" && result.status >= 500 ? result.error : undefined;
}
