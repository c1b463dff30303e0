import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createHttpApiClient } from "../../src/cluster/http-api-client.ts";
import { InitialSyncs } from "../../src/cluster/initial-syncs.ts";
import type { KindFacts } from "../../src/cluster/kube-object.ts";
import { watchResource } from "../../src/cluster/reflector.ts";
import type { ClusterReport } from "../../src/cluster/report.ts";
import { formatWatchKey, type WatchEvent } from "../../src/cluster/watch-event.ts";
import { systemClock } from "../../src/util/clock.ts";
import type { Cluster } from "../testbed/control-plane.ts";
import { tokenOf } from "../testbed/kubeconfig.ts";

/** What one watch of the product's engine makes of a kind on a real API server. */
export type WatchView = AsyncDisposable & {
  readonly reports: readonly ClusterReport[];
  /** `resync-end` so far. */
  readonly syncs: number;
  /** The objects, as `name resourceVersion`, in the order of the names. */
  objects(): readonly string[];
  /** The `fieldsV1` of all objects that were shown so far. */
  readonly tries: readonly unknown[];
};

/** Watches until it is disposed; `arePages`: without streaming lists. */
export async function openWatchView(
  cluster: Cluster,
  facts: KindFacts,
  { arePages = false }: { readonly arePages?: boolean } = {},
): Promise<WatchView> {
  const { server, directory } = cluster.address;
  const ca = await readFile(join(directory, "ca.crt"), "utf8");
  const headers = { authorization: `Bearer ${tokenOf("admin")}` };
  const authorize = async () => ({ type: "authorized", headers, tls: { ca } }) as const;
  const reports: ClusterReport[] = [];
  const report = (told: ClusterReport): void => void reports.push(told);
  const client = createHttpApiClient({
    credentials: {
      origin: server,
      pathPrefix: "",
      source: "the testbed",
      authorize,
      refresh: authorize,
    },
    clock: systemClock,
    report,
  });
  const key = { group: facts.group, resource: facts.resource };
  const initialSyncs = new InitialSyncs();
  if (arePages) initialSyncs.preferPages(formatWatchKey(key), "refused", systemClock.now());
  const stop = new AbortController();
  const cache = new Cache();
  const running = (async () => {
    const options = { client, facts, key, clock: systemClock, random: Math.random, report };
    for await (const events of watchResource({ ...options, signal: stop.signal, initialSyncs })) {
      for (const event of events) cache.take(event);
    }
  })();
  return {
    reports,
    get syncs() {
      return cache.syncs;
    },
    objects: () => cache.objects(),
    tries: cache.tries,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await client.close();
    },
  };
}

/** An informer's store, as small as it can be. */
class Cache {
  syncs = 0;
  readonly tries: unknown[] = [];
  #seen = new Map<string, string>();
  #objects = new Map<string, string>();

  objects(): readonly string[] {
    return [...this.#objects.values()].toSorted();
  }

  take(event: WatchEvent): void {
    if ("object" in event)
      this.tries.push(
        ...(event.object.metadata.managedFields ?? []).map((entry) => entry.fieldsV1),
      );
    if (event.type === "resync-start") this.#seen = new Map();
    else if (event.type === "resync-object" || event.type === "applied") {
      const { uid, name, resourceVersion } = event.object.metadata;
      this.#seen.set(uid, `${name} ${resourceVersion}`);
      this.#objects.set(uid, `${name} ${resourceVersion}`);
    } else if (event.type === "resync-deleted" || event.type === "deleted") {
      this.#seen.delete(event.object.metadata.uid);
      this.#objects.delete(event.object.metadata.uid);
    } else if (event.type === "resync-end") {
      this.#objects = new Map(this.#seen);
      this.syncs += 1;
    }
  }
}
