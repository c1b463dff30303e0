import type { Clock } from "../util/clock.ts";
import type { ApiClient } from "./api-client.ts";

/** Says why the API server should not be asked yet; `undefined`: ask. Asked again and again until then. */
export type FindServerStarting = (signal: AbortSignal) => Promise<Error | undefined>;

/** Much longer than a start takes: one that is never ready, for a check that is broken for good, is of use all the same. */
const WAIT_MS = 60_000;

/**
 * A check whether the API server has just started: its `/readyz` answers with a server error, for at most a minute.
 *
 * One that has just started answers requests before it knows its roles and CRDs: what is allowed is refused, and what
 * is served is not named. Who may not read `/readyz`, or gets no answer, learns more from the next request.
 */
export function createStartingCheck(client: ApiClient, clock: Clock): FindServerStarting {
  let sinceMs: number | undefined;
  return async function findServerStarting(signal) {
    const result = await client.get("/readyz", { signal });
    // Its "ok" is plain text, which counts as a failed document.
    if (result.type !== "status" || result.status < 500) return undefined;
    sinceMs ??= clock.now();
    return clock.now() - sinceMs < WAIT_MS ? result.error : undefined;
  };
}
