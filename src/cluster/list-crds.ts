import { fieldAt } from "../util/json.ts";
import type { ApiClient, ApiFailure } from "./api-client.ts";
import { parseCrd, type CrdFacts } from "./parse-crd.ts";
import { type DiscoveryFailure, isDenied } from "./served-groups.ts";
import { formatResource, type WatchKey } from "./watch-event.ts";

/** Facts about CRDs by `plural.group`; `isComplete`: what is not here is served by no CRD. */
export type Crds = {
  readonly byName: ReadonlyMap<string, CrdFacts>;
  readonly isComplete: boolean;
};

export const CRD_KEY: WatchKey = {
  group: "apiextensions.k8s.io",
  resource: "customresourcedefinitions",
};

/** CRDs weigh up to a megabyte, and only a page of them is held at a time. */
const CRD_PAGE = "10";

/** Reads all CRDs once, or says why that can't be done. */
export async function listCrds(
  client: ApiClient,
  signal: AbortSignal,
): Promise<Crds | DiscoveryFailure> {
  const byName = new Map<string, CrdFacts>();
  let continueToken: string | undefined;
  do {
    const result = await client.get(`/apis/${CRD_KEY.group}/v1/${CRD_KEY.resource}`, {
      query: { limit: CRD_PAGE, continue: continueToken },
      signal,
    });
    if (result.type !== "ok") {
      const retry = isDenied(result) ? "never" : "until-answered";
      return { scope: "crds", retry, groupVersion: "", error: crdError(result) };
    }
    const items = fieldAt(result.body, "items");
    for (const item of Array.isArray(items) ? items : []) {
      const crd = parseCrd(item);
      if (crd !== undefined) byName.set(formatResource(crd), crd);
    }
    const token = fieldAt(result.body, "metadata", "continue");
    continueToken = typeof token === "string" && token !== "" ? token : undefined;
  } while (continueToken !== undefined);
  return { byName, isComplete: true };
}

function crdError(failure: ApiFailure): Error {
  return new Error(
    `Cannot list CRDs, so custom kinds are told by their group, and phases and printer columns are unknown: ${failure.error.message}`,
    { cause: failure.error },
  );
}
