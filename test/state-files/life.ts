import { DatabaseSync } from "node:sqlite";
import type { KubeObject } from "../../src/cluster/kube-object.ts";
import type { LogSignal } from "../../src/lifecycle/signal.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { openDatabase } from "../../src/store/open-database.ts";
import { Store } from "../../src/store/store.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/fake-clock.ts";
import { DATABASE_KIND, NOW_MS } from "../../src/testing/kube-change.ts";
import {
  createSteeredApiClient,
  type SteeredApiClient,
} from "../../src/testing/steered-api-client.ts";

export const CLUSTER = { uid: "cluster-1", address: "address-1" };
const RECORD_ENCODING = "names";

/** A pipeline over a state file, with a steered API server and a collector that is there or not. */
export type Life = {
  readonly api: SteeredApiClient;
  readonly clock: FakeClock;
  readonly store: Store;
  /** The requests that the collector took: a line per record, its action and its object. */
  readonly sent: readonly string[];
  /** Why the file was not trusted, if it was not. */
  readonly setAside: string | undefined;
  end(): Promise<void>;
};

const newKey = (): string => "key";

/**
 * Watches databases with the state file of that directory; `isReachable` says whether the collector takes records,
 * `objects` what a list shows, at resourceVersion 9.
 */
export function beginLife(
  directory: string,
  isReachable: boolean,
  objects: readonly KubeObject[] = [],
): Life {
  const opened = openDatabase({ directory, cluster: CLUSTER, nowMs: NOW_MS, newKey });
  if (opened.type !== "opened") throw new Error(`Cannot open the state file: ${opened.type}`);
  const store = new Store(opened.database);
  const api = createSteeredApiClient();
  api.objects = objects;
  api.resourceVersion = "9";
  const clock = createFakeClock(NOW_MS);
  const sent: string[] = [];
  const pipeline = new Pipeline({
    client: api,
    store,
    redact: (one) => one,
    clock,
    random: () => 0,
    report: () => undefined,
    reportCluster: () => undefined,
    active: () => isReachable,
    clusterName: undefined,
    initial: "all",
    minimumSeverity: "DEBUG",
    stuckAfterMs: 600_000,
    outboxMaxBytes: 256 * 1024 ** 2,
    metricIntervalMs: 5000,
    metricHeartbeatMs: 60_000,
    logs: {
      encoding: RECORD_ENCODING,
      encode: (signals) => Buffer.from(signals.map((signal) => `${nameOf(signal)}\n`).join("")),
      transport: async (body) => {
        sent.push(Buffer.from(body).toString());
        return { type: "accepted", rejected: 0, message: "" };
      },
    },
    metrics: undefined,
  });
  const running = new AbortController();
  const work = pipeline.run(running.signal, running.signal);
  const { group, resource } = DATABASE_KIND;
  pipeline.watches.start({ key: { group, resource }, facts: DATABASE_KIND, includes: () => true });
  return {
    api,
    clock,
    store,
    sent,
    setAside: opened.setAside?.reason,
    async end() {
      await pipeline.watches.stopAll("the process stops");
      running.abort();
      await work;
      await pipeline.finish(running.signal);
      store[Symbol.dispose]();
    },
  };
}

function nameOf({ attributes }: LogSignal): string {
  const [action, name] = [attributes["lifeline.action"], attributes["k8s.object.name"]];
  return [action, name].filter((text) => typeof text === "string").join(" ");
}

/** The statements that made the tables and indexes of a state file, by name. */
export function layoutOf(file: string): Readonly<Record<string, unknown>> {
  using database: DatabaseSync & Disposable = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").all();
  return Object.fromEntries(rows.map(({ name, sql }) => [String(name), sql]));
}
