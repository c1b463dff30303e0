import type { Clock } from "../util/clock.ts";
import type { ApiClient, ApiFailure, ApiResult } from "./api-client.ts";

/** Says why the API server should not be asked yet; `undefined`: ask. Asked again and again until then. */
export type FindServerStarting = (signal: AbortSignal) => Promise<Error | undefined>;

type Refused = Extract<ApiFailure, { readonly type: "status" }>;

/** Much longer than a start takes: one that is never ready, for a check that is broken for good, is of use all the same. */
const WAIT_MS = 60_000;

/**
 * A check whether the API server has just started: its `/readyz` answers with a server error, for at most a minute.
 *
 * One that has just started answers requests before it knows its roles and CRDs: what is allowed is refused, and what
 * is served is not named. In its first moments it refuses `/readyz`, too. Who really may not read that, or gets no
 * answer, learns more from the next request.
 */
export function createStartingCheck(client: ApiClient, clock: Clock): FindServerStarting {
  let sinceMs: number | undefined;
  return async function findServerStarting(signal) {
    const starting = await askReadiness(client, signal);
    if (starting === undefined) return undefined;
    sinceMs ??= clock.now();
    return clock.now() - sinceMs < WAIT_MS ? starting : undefined;
  };
}

async function askReadiness(client: ApiClient, signal: AbortSignal): Promise<Error | undefined> {
  const first = await client.get("/readyz", { signal });
  if (!isForbidden(first)) return serverError(first);
  // Discovery is free to all whom the server knows, once it knows its roles: it may know them since a moment ago.
  const discovery = await client.get("/api", { signal });
  if (isForbidden(discovery)) return discovery.error;
  return serverError(await client.get("/readyz", { signal }));
}

function isForbidden(result: ApiResult): result is Refused {
  return result.type === "status" && result.status === 403;
}

/** The "ok" of `/readyz` is plain text, which counts as a failed document. */
function serverError(result: ApiResult): Error | undefined {
  return result.type === "status" && result.status >= 500 ? result.error : undefined;
}
