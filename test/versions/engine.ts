import { loadCredentials } from "../../src/cluster/credentials.ts";
import { createHttpApiClient } from "../../src/cluster/http-api-client.ts";
import { watchResource } from "../../src/cluster/reflector.ts";
import type { ClusterReport } from "../../src/cluster/report.ts";
import type { WatchEvent } from "../../src/cluster/watch-event.ts";
import { systemClock } from "../../src/util/clock.ts";
import type { Cluster } from "../testbed/control-plane.ts";

/** The watch engine without the rest of the program, for what a test does in the middle of its work. */
type Engine = AsyncDisposable & {
  readonly reports: readonly ClusterReport[];
  /** A first look at the notes of the namespace, up to and with its end; what comes next is asked for when this is read. */
  look(): AsyncGenerator<WatchEvent, void>;
};

/** Nothing is asked before the look is read; the disposal closes its sockets. */
export async function startEngine(cluster: Cluster, namespace: string): Promise<Engine> {
  const loaded = loadCredentials({ kubeconfig: await cluster.writeKubeconfig("admin") });
  if (loaded.type === "failed") throw loaded.error;
  const reports: ClusterReport[] = [];
  const report = (told: ClusterReport): void => void reports.push(told);
  const client = createHttpApiClient({ ...loaded, clock: systemClock, report });
  const stop = new AbortController();
  const events = watchResource({
    client,
    facts: NOTE,
    key: { group: NOTE.group, resource: NOTE.resource, namespace },
    clock: systemClock,
    random: () => 0,
    report,
    signal: stop.signal,
  });
  return {
    reports,
    async *look() {
      for await (const batch of events) {
        yield* batch;
        if (batch.some(({ type }) => type === "resync-end")) return;
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await client.close();
    },
  };
}

const NOTE = {
  group: "restart.example.com",
  version: "v1",
  kind: "Note",
  resource: "notes",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
} as const;
