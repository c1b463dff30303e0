import { reviewAccess } from "../../cluster/access.ts";
import type { Credentials } from "../../cluster/credentials.ts";
import { CRD_KEY } from "../../cluster/list-crds.ts";
import type { Finding, Section } from "./finding.ts";
import type { ClusterView, DiscoveryProblem } from "./look-at-cluster.ts";

type Seen = Extract<ClusterView, { readonly type: "seen" }>;

/** How the rights that are missing come about. */
export const RBAC_ADVICE =
  "let somebody who may grant rights run `lifeline rbac | kubectl apply -f -` with the same LIFELINE_* variables, and --service-account if it is not kube-lifeline/kube-lifeline";

/** Which cluster it is, and what it keeps to itself. */
export async function checkCluster(view: ClusterView, credentials: Credentials): Promise<Section> {
  const title = "Cluster";
  const columns = [`${credentials.origin}${credentials.pathPrefix}`, credentials.source];
  if (view.type === "failed") {
    const advice =
      "what is watched, and what of it is allowed, could not be asked; the daemon would wait until it can";
    return { title, findings: [{ level: "fail", columns, details: [view.error.message], advice }] };
  }
  const { uid } = view.identity;
  return {
    title,
    findings: [
      { level: "ok", columns },
      uid === undefined
        ? {
            level: "note",
            columns: ["k8s.cluster.uid", "unknown: the namespace kube-system may not be read"],
            advice: RBAC_ADVICE,
          }
        : { level: "ok", columns: ["k8s.cluster.uid", uid] },
      ...view.failures.map(explainFailure),
      ...(view.failures.some(({ scope }) => scope === "crds") ? [] : await checkFollowing(view)),
    ],
  };
}

/** CRDs were listed; that they may be watched as well lets kinds that come and go be noticed at once. */
async function checkFollowing({ client }: Seen): Promise<readonly Finding[]> {
  const access = await reviewAccess(client, CRD_KEY, new AbortController().signal);
  if (access.type !== "forbidden") return [];
  const what = "not watched: kinds that come and go are noticed within about a minute";
  return [{ level: "note", columns: ["customresourcedefinitions", what], advice: RBAC_ADVICE }];
}

function explainFailure(problem: DiscoveryProblem): Finding {
  const { scope, retry, concerns, groupVersion, error } = problem;
  const details = [error.message];
  if (scope !== "crds") {
    const advice = "is the API server behind it up?";
    return concerns
      ? {
          level: "fail",
          columns: [groupVersion, "not discovered in full: kinds of it may be missing"],
          details,
          advice,
        }
      : {
          level: "note",
          columns: [groupVersion, "not discovered in full; nothing of it is asked for"],
        };
  }
  const columns = ["customresourcedefinitions", "not listed"];
  return retry === "never"
    ? { level: "note", columns, details, advice: RBAC_ADVICE }
    : { level: "fail", columns, details };
}
