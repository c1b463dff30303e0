import { onTestFinished } from "vitest";
import { createHttpApiClient } from "../cluster/http-api-client.ts";
import { InitialSyncs } from "../cluster/initial-syncs.ts";
import type { KindFacts } from "../cluster/kube-object.ts";
import { watchResource, type WatchResourceOptions } from "../cluster/reflector.ts";
import type { ClusterReport } from "../cluster/report.ts";
import { formatWatchKey, type WatchEvent, type WatchKey } from "../cluster/watch-event.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "./test-certificate.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import {
  startSimulatedApiServer,
  type SimulatedApiServer,
} from "./simulated-api-server/start-simulated-api-server.ts";

const WIDGET: KindFacts = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  resource: "widgets",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};
export const KEY: WatchKey = { group: "example.com", resource: "widgets" };
export const WIDGETS = "widgets.example.com";

export type Rig = {
  readonly server: SimulatedApiServer;
  readonly clock: FakeClock;
  readonly reports: readonly ClusterReport[];
  readonly stop: AbortController;
  /** How often credentials were refreshed. */
  refreshes(): number;
  create(name: string): void;
  start(more?: Partial<WatchResourceOptions>): Reader;
};

type RigOptions = {
  /** The watch is known not to be had as a stream: it lists. */
  readonly arePages?: boolean;
  readonly isTls?: boolean;
};

/** A reflector over real sockets, its clock and the server's faults in the test's hand; all end with the test. */
export async function createRig({
  arePages = false,
  isTls = false,
}: RigOptions = {}): Promise<Rig> {
  const certificate = isTls ? { tls: { cert: TEST_CERTIFICATE, key: TEST_KEY } } : {};
  const server = await startSimulatedApiServer(certificate);
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.cluster.addKind(WIDGET);
  const clock = createFakeClock();
  const reports: ClusterReport[] = [];
  const report = (told: ClusterReport): void => void reports.push(told);
  const authorized = {
    type: "authorized",
    headers: {},
    tls: isTls ? { ca: TEST_CERTIFICATE } : {},
  } as const;
  let refreshes = 0;
  const credentials = {
    origin: server.url,
    pathPrefix: "",
    source: "a test",
    authorize: async () => authorized,
    refresh: async () => ((refreshes += 1), authorized),
  };
  const client = createHttpApiClient({ credentials, clock, report });
  const stop = new AbortController();
  onTestFinished(() => {
    stop.abort();
    return client.close();
  });
  return {
    server,
    clock,
    reports,
    stop,
    refreshes: () => refreshes,
    create: (name) =>
      void server.cluster.create(WIDGETS, { metadata: { name, namespace: "prod" } }),
    start(more = {}) {
      const initialSyncs = new InitialSyncs();
      const watch = formatWatchKey(more.key ?? KEY);
      if (arePages) initialSyncs.preferPages(watch, "refused", clock.now());
      return new Reader(
        watchResource({
          client,
          facts: WIDGET,
          key: KEY,
          clock,
          random: () => 0,
          report,
          signal: stop.signal,
          initialSyncs,
          ...more,
        }),
      );
    },
  };
}

/** Reads events in words, so that whole stories can be compared: `applied a`, `position`, `failed`. */
export class Reader {
  readonly events: AsyncGenerator<readonly WatchEvent[]>;
  readonly batches: number[] = [];
  readonly errors: Error[] = [];
  /** The positions of `resync-end`. */
  readonly ends: string[] = [];
  /** Events that were read. */
  read = 0;

  constructor(events: AsyncGenerator<readonly WatchEvent[]>) {
    this.events = events;
  }

  /** Reads the next events. */
  async next(): Promise<readonly string[]> {
    const next = await this.events.next();
    return next.done === true ? ["end"] : this.#inWords(next.value);
  }

  /** Reads on until an event reads like `last`; then all that was read since the last call. */
  async until(last: string): Promise<readonly string[]> {
    const words: string[] = [];
    while (words.at(-1) !== last) {
      const next = await this.next();
      words.push(...next);
      if (next[0] === "end") break;
    }
    return words;
  }

  #inWords(events: readonly WatchEvent[]): readonly string[] {
    this.batches.push(events.length);
    this.read += events.length;
    for (const event of events) {
      if (event.type === "resync-end") this.ends.push(event.resourceVersion);
      if (event.type === "failed") this.errors.push(event.error);
    }
    return events.map((event) =>
      "object" in event ? `${event.type} ${event.object.metadata.name}` : event.type,
    );
  }
}

/** The watches and lists of widgets that the server has seen: `stream`, `list`, `watch 105`. */
export function queries(server: SimulatedApiServer): readonly string[] {
  return server
    .requests()
    .filter(({ resource }) => resource === WIDGETS)
    .map(({ verb, query }) => {
      if (verb !== "watch") return verb;
      return query["sendInitialEvents"] === "true" ? "stream" : `watch ${query["resourceVersion"]}`;
    });
}
