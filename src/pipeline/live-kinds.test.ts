import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { formatResource } from "../cluster/watch-event.ts";
import { encodeLogs } from "../otlp/encode-logs.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import {
  createInProcessApiClient,
  failure,
  type InProcessApiClient,
} from "../testing/in-process-api-client.ts";
import { readExportRequest, type ReceivedRecord } from "../testing/otlp-receiver/received.ts";
import { SimulatedCluster } from "../testing/simulated-api-server/simulated-cluster.ts";
import { openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { KindFollower } from "./kind-follower.ts";
import { Pipeline } from "./pipeline.ts";

const report = (): void => undefined;
const CONTEXT = { resource: {}, scope: { name: "test", version: "0" } };
const GROUP = "example.com";

let temporary: TemporaryStore;
let clock: FakeClock;
let cluster: SimulatedCluster;
let api: InProcessApiClient;
let records: ReceivedRecord[];
let chosen: readonly string[];
let pipeline: Pipeline;
let stop: AbortController;
let work: Promise<unknown>;

beforeEach(() => {
  // No time slice is ever used up, so that everything happens within the turn that a test lets pass.
  vi.spyOn(performance, "now").mockReturnValue(0);
  temporary = openTemporaryStore();
  clock = createFakeClock();
  cluster = new SimulatedCluster({ clock });
  api = createInProcessApiClient(cluster);
  records = [];
  chosen = [];
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await work;
  await pipeline.watches.stopAll("the test ends");
  temporary[Symbol.dispose]();
  vi.restoreAllMocks();
});

function crd(plural: string, ...versions: readonly string[]): unknown {
  const names = { plural, kind: plural };
  const served = versions.map((name, index) => ({ name, served: true, storage: index === 0 }));
  return { spec: { group: GROUP, names, scope: "Cluster", versions: served } };
}

function create(plural: string, name: string): void {
  cluster.create(`${plural}.${GROUP}`, { metadata: { name }, spec: {} });
}

/** A pipeline whose watches follow the cluster's kinds. */
async function begin(): Promise<void> {
  const { store } = temporary;
  pipeline = new Pipeline({
    client: api,
    store,
    redact: (one) => one,
    clock,
    random: () => 0,
    report,
    reportCluster: (reported) => kinds.heard(reported),
    active: () => true,
    clusterName: undefined,
    initial: "none",
    minimumSeverity: "DEBUG",
    metricIntervalMs: 5000,
    metricHeartbeatMs: 60_000,
    stuckAfterMs: 600_000,
    outboxMaxBytes: 256 * 1024 ** 2,
    logs: {
      encoding: "otlp",
      encode: (signals) => encodeLogs(signals, CONTEXT),
      transport: async (body) => {
        records.push(...readExportRequest("logs", body).records);
        return { type: "accepted", rejected: 0, message: "" };
      },
    },
    metrics: undefined,
  });
  const kinds: KindFollower = new KindFollower({
    client: api,
    resources: [{ text: "customresources", isExclude: false, matches: { type: "custom" } }],
    namespaces: { type: "all" },
    labelSelector: undefined,
    shard: undefined,
    watches: pipeline.watches,
    remembered: [],
    chosen: (watches) => {
      chosen = watches;
    },
    unwritable: report,
    clock,
    random: () => 0,
    report,
    reportCluster: report,
  });
  work = Promise.all([pipeline.run(stop.signal, stop.signal), kinds.run(stop.signal)]);
  await clock.advance(1000);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** What was told of objects, as `action name`. */
function story(): readonly string[] {
  return records
    .filter(({ eventName }) => eventName.startsWith("lifeline.object."))
    .map(
      ({ attributes }) =>
        `${textOf(attributes["lifeline.action"])} ${textOf(attributes["k8s.object.name"])}`,
    );
}

test("G04 CRD created: what it holds is told as created, though it is older than the first look", async () => {
  await begin();
  cluster.applyCrd(crd("boats", "v1"));
  create("boats", "a");

  await clock.advance(2000);

  expect(story()).toEqual(["created a"]);
});

test("G05 CRD deleted, and its objects' deletions missed: they are told as gone with their kind", async () => {
  cluster.applyCrd(crd("boats", "v1"));
  await begin();
  create("boats", "a");
  await clock.advance(1000);
  api.intercept = (path) => (path.includes("boats") ? failure(404) : undefined);

  for (const watch of pipeline.watches) await pipeline.watches.stop(watch.key, "the stream breaks");
  cluster.removeKind(`boats.${GROUP}`);
  await clock.advance(3000);

  expect(story()).toEqual(["created a", "deleted a"]);
  expect(records.at(-1)?.body).toContain("is gone with its kind");
});

test("G06 CRD recreated: a new UID is another object", async () => {
  cluster.applyCrd(crd("boats", "v1"));
  await begin();
  create("boats", "a");
  await clock.advance(1000);
  cluster.removeKind(`boats.${GROUP}`);
  cluster.applyCrd(crd("boats", "v1"));
  create("boats", "a");

  await clock.advance(5000);

  expect(story()).toEqual(["created a", "deleted a", "created a"]);
  expect(new Set(records.map(({ attributes }) => attributes["k8s.object.uid"])).size).toBe(2);
});

test("G07 CRD version change: nothing is told of what merely looks different", async () => {
  cluster.applyCrd(crd("boats", "v1"));
  await begin();
  create("boats", "a");
  await clock.advance(1000);

  cluster.applyCrd(crd("boats", "v2", "v1"));
  await clock.advance(2000);
  cluster.applyCrd(crd("boats", "v1"));
  await clock.advance(2000);
  create("boats", "b");
  await clock.advance(1000);

  expect(story()).toEqual(["created a", "created b"]);
  expect(api.requests.some((path) => path.includes("/v2/"))).toBe(true);
});

test("G07 CRD version change: the look under the new version is no news, as all was looked at before", async () => {
  cluster.applyCrd(crd("boats", "v1"));
  await begin();
  create("boats", "a");
  await clock.advance(1000);

  cluster.applyCrd(crd("boats", "v2", "v1"));
  await clock.advance(2000);
  create("boats", "b");
  await clock.advance(1000);

  expect(records.map(({ eventName }) => eventName)).toEqual([
    "lifeline.object.created",
    "lifeline.object.created",
  ]);
  expect([...pipeline.watches].map(({ state }) => state)).toEqual(["synced"]);
});

test("300 kinds at once are all watched, and one more as it comes", async () => {
  for (let index = 0; index < 300; index++) cluster.applyCrd(crd(`many${index}`, "v1"));
  await begin();
  const early = [...pipeline.watches].length;
  await clock.advance(60_000);
  cluster.applyCrd(crd("boats", "v1"));
  create("boats", "a");
  create("many299", "b");

  await clock.advance(3000);

  const synced = [...pipeline.watches].filter(({ state }) => state === "synced");
  expect(early).toBeGreaterThan(0);
  expect(chosen).toHaveLength(300);
  expect(synced.map(({ key }) => formatResource(key))).toHaveLength(301);
  expect(story().toSorted()).toEqual(["created a", "created b"]);
});
