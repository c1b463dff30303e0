import { createHash } from "node:crypto";
import { fieldAt } from "../util/json.ts";
import type { ApiClient } from "./api-client.ts";
import type { Credentials } from "./credentials.ts";

/** Which cluster this is. `failed`: it can't be told at present; ask again. */
export type ClusterIdentity =
  | {
      readonly type: "known";
      /** The UID of kube-system where it may be read (`k8s.cluster.uid`); it survives a change of address. */
      readonly uid?: string;
      /** SHA-256 of the API server's address and CA, in hex. */
      readonly addressHash: string;
    }
  | { readonly type: "failed"; readonly error: Error };

/** Reads the UID of the namespace kube-system, the customary identity of a cluster; without leave only the address is known. */
export async function identifyCluster(
  client: ApiClient,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<ClusterIdentity> {
  const result = await client.get("/api/v1/namespaces/kube-system", { signal });
  const isDenied = result.type === "status" && [403, 404].includes(result.status);
  if (result.type !== "ok" && !isDenied) return { type: "failed", error: result.error };
  const authorization = await credentials.authorize();
  if (authorization.type === "failed") return authorization;
  const { origin, pathPrefix } = credentials;
  const addressHash = createHash("sha256")
    .update([`${origin}${pathPrefix}`, authorization.tls.ca ?? ""].join("\0"))
    .digest("hex");
  const uid = result.type === "ok" ? fieldAt(result.body, "metadata", "uid") : undefined;
  return { type: "known", addressHash, ...(typeof uid === "string" && uid !== "" ? { uid } : {}) };
}
