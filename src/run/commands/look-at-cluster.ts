import type { ApiClient } from "../../cluster/api-client.ts";
import { isBuiltInGroup } from "../../cluster/built-in-groups.ts";
import { type ClusterIdentity, identifyCluster } from "../../cluster/cluster-identity.ts";
import type { Credentials } from "../../cluster/credentials.ts";
import { type Discovery, discoverKinds } from "../../cluster/discovery.ts";
import { createStartingCheck } from "../../cluster/find-server-starting.ts";
import { compileGlob } from "../../cluster/glob.ts";
import { createHttpApiClient } from "../../cluster/http-api-client.ts";
import { isExact, selectKinds, type SelectedKinds } from "../../cluster/resource-patterns.ts";
import { formatResource } from "../../cluster/watch-event.ts";
import type { Clock } from "../../util/clock.ts";
import { nearestName } from "../../util/nearest-name.ts";
import type { Configuration } from "../configuration.ts";

/** What one look shows of the cluster that the configuration names. `failed`: not enough of it to go on. */
export type ClusterView =
  | {
      readonly type: "seen";
      readonly client: ApiClient;
      readonly identity: Extract<ClusterIdentity, { readonly type: "known" }>;
      readonly failures: readonly DiscoveryProblem[];
      readonly selection: SelectedKinds;
      readonly missing: readonly MissingKind[];
    }
  | { readonly type: "failed"; readonly error: Error };

/** What of the cluster stayed unseen. */
export type DiscoveryProblem = Discovery["failures"][number] & {
  /** Some entry of LIFELINE_RESOURCES may mean what is there: then a kind may be missing. */
  readonly concerns: boolean;
};

/** An entry of LIFELINE_RESOURCES that matches nothing. */
export type MissingKind = {
  readonly text: string;
  /** It names one kind, so that this is no accident of what is installed just now. */
  readonly isNamed: boolean;
  readonly nearest: string | undefined;
};

/** A person waits. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Connects with these credentials; its disposal closes the connections. */
export function openClient(credentials: Credentials, clock: Clock): ApiClient & AsyncDisposable {
  const client = createHttpApiClient({
    credentials,
    clock,
    // What a request fails with says the same.
    report: () => undefined,
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
  });
  return {
    get: (path, options) => client.get(path, options),
    post: (path, body, options) => client.post(path, body, options),
    openStream: (path, options) => client.openStream(path, options),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** Asks once for all that the daemon asks for before it watches, in its order. */
export async function lookAtCluster(
  client: ApiClient,
  credentials: Credentials,
  { configuration, clock }: { readonly configuration: Configuration; readonly clock: Clock },
): Promise<ClusterView> {
  const { signal } = new AbortController();
  // Before the first request, which would wait for a plugin that hangs, and the second for another run of it.
  const authorization = await credentials.authorize();
  if (authorization.type === "failed") return authorization;
  const starting = await createStartingCheck(client, clock)(signal);
  if (starting !== undefined) return { type: "failed", error: starting };
  const identity = await identifyCluster(client, credentials, signal);
  if (identity.type === "failed") return identity;
  const discovery = await discoverKinds(client, signal);
  const root = discovery.failures.find(({ scope }) => scope === "root");
  if (root !== undefined) return { type: "failed", error: root.error };
  const selection = selectKinds(configuration.resources, discovery.kinds);
  const missing = findMissing(configuration, discovery, selection);
  const failures = discovery.failures.map((failure) =>
    // Each failure is an object of this look alone.
    Object.assign(failure, { concerns: mayConcern(configuration, failure) }),
  );
  return { type: "seen", client, identity, failures, selection, missing };
}

function mayConcern(
  { resources }: Pick<Configuration, "resources">,
  { scope, groupVersion }: Discovery["failures"][number],
): boolean {
  const group = groupVersion.includes("/") ? (groupVersion.split("/", 1)[0] ?? "") : "";
  return resources.some(({ isExclude, matches }) => {
    if (isExclude) return false;
    if (matches.type === "custom") return scope === "crds" || !isBuiltInGroup(group);
    return scope !== "crds" && compileGlob(matches.group)(group);
  });
}

function findMissing(
  { resources }: Pick<Configuration, "resources">,
  { kinds }: Discovery,
  { unmatched }: SelectedKinds,
): readonly MissingKind[] {
  const served = kinds.map(({ facts }) => formatResource(facts));
  return resources
    .filter(({ text }) => unmatched.includes(text))
    .map((pattern) => {
      const isNamed = !pattern.isExclude && isExact(pattern);
      const nearest = isNamed ? nearestKind(pattern.text, served) : undefined;
      return { text: pattern.text, isNamed, nearest };
    });
}

/** The same plural of another group first: people forget the group, or write the version's. */
function nearestKind(text: string, served: readonly string[]): string | undefined {
  const [plural = ""] = text.split(".", 1);
  return served.find((name) => name.split(".", 1)[0] === plural) ?? nearestName(text, served);
}
