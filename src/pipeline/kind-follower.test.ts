import { afterEach, beforeEach, expect, test } from "vitest";
import { parseResourcePatterns, type ResourcePattern } from "../cluster/resource-patterns.ts";
import { formatWatchKey } from "../cluster/watch-event.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import {
  createInProcessApiClient,
  failure,
  type InProcessApiClient,
} from "../testing/in-process-api-client.ts";
import { SimulatedCluster } from "../testing/simulated-api-server/simulated-cluster.ts";
import { KindFollower, type KindFollowerOptions } from "./kind-follower.ts";
import type { PipelineReport } from "./report.ts";

let clock: FakeClock;
let cluster: SimulatedCluster;
let api: InProcessApiClient;
let reports: PipelineReport[];
/** What was done with watches, in order. */
let done: string[];
let absentAtMs: (number | undefined)[];
let chosen: readonly string[] | undefined;
let stop: AbortController;
let running: Promise<void>;
let goneAnswer: "taken" | "held";

beforeEach(() => {
  clock = createFakeClock();
  cluster = new SimulatedCluster({ clock });
  api = createInProcessApiClient(cluster);
  reports = [];
  done = [];
  absentAtMs = [];
  chosen = undefined;
  stop = new AbortController();
  goneAnswer = "taken";
  for (const plural of ["backups", "databases"]) cluster.applyCrd(crd(plural));
});

afterEach(async () => {
  stop.abort();
  await running;
});

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

function crd(
  plural: string,
  { group = "example.com", versions = ["v1"] }: { group?: string; versions?: string[] } = {},
): unknown {
  return {
    spec: {
      group,
      names: { plural, kind: plural },
      scope: "Namespaced",
      versions: versions.map((name, index) => ({ name, served: true, storage: index === 0 })),
    },
  };
}

function patterns(...texts: readonly string[]): readonly ResourcePattern[] {
  const parsed = parseResourcePatterns(texts);
  if (parsed.type !== "patterns") throw new Error(JSON.stringify(parsed.problems));
  return parsed.patterns;
}

/** A follower that has come as far as it can without time. */
async function begin(options: Partial<KindFollowerOptions> = {}): Promise<KindFollower> {
  const follower = new KindFollower({
    client: api,
    resources: patterns("customresources"),
    namespaces: { type: "all" },
    labelSelector: undefined,
    shard: undefined,
    watches: {
      start: (start) => {
        done.push(`start ${formatWatchKey(start.key)} ${start.facts.version}`);
        absentAtMs.push(start.absentAtMs);
        return undefined;
      },
      stop: async (key) => {
        done.push(`stop ${formatWatchKey(key)}`);
        return { wasSynced: false };
      },
      gone: async ({ key }) => {
        done.push(`gone ${formatWatchKey(key)}`);
        return goneAnswer;
      },
    },
    remembered: [],
    chosen: (watches) => {
      chosen = watches;
    },
    unwritable: () => undefined,
    clock,
    random: () => 0,
    report: (report) => reports.push(report),
    reportCluster: () => undefined,
    ...options,
  });
  running = follower.run(stop.signal);
  await clock.advance(0);
  return follower;
}

/** What is done within that time. */
async function within(durationMs: number): Promise<readonly string[]> {
  done.length = 0;
  await clock.advance(durationMs);
  return [...done];
}

function hideFromDiscovery(...plurals: readonly string[]): void {
  api.intercept = (path) => {
    if (path !== "/apis") return undefined;
    const kinds = cluster.kinds().filter(({ resource }) => !plurals.includes(resource));
    const resources = kinds
      .filter(({ isBuiltIn }) => !isBuiltIn)
      .map(({ resource, kind }) => ({
        resource,
        responseKind: { kind },
        scope: "Namespaced",
        verbs: ["list", "watch"],
      }));
    const versions = [{ version: "v1", resources }];
    const body = {
      kind: "APIGroupDiscoveryList",
      items: [{ metadata: { name: "example.com" }, versions }],
    };
    return { type: "ok", body, headers: {}, sizeBytes: 0 };
  };
}

const BOTH = ["start backups.example.com v1", "start databases.example.com v1"];

test("what is served and selected is watched; what nothing matches is said", async () => {
  await begin({
    resources: patterns("*.example.com", "!backups.example.com", "ghosts.example.com"),
    labelSelector: "tier=gold",
  });

  expect(done).toEqual(["start databases.example.com|labels=tier=gold v1"]);
  expect(chosen).toEqual(["databases.example.com|labels=tier=gold"]);
  expect(reports).toEqual([
    {
      type: "kinds-chosen",
      watches: ["databases.example.com|labels=tier=gold"],
      hidden: [],
      unmatched: ["ghosts.example.com"],
    },
  ]);
});

test("where rights can't be asked for, the watch is tried", async () => {
  api.intercept = (path) => (path.includes("selfsubject") ? failure(404) : undefined);

  await begin();

  expect(done).toEqual(BOTH);
});

test("an API server that is not there yet is waited for, with growing patience", async () => {
  api.intercept = () => failure(503);
  await begin();
  await clock.advance(2300);
  const early = chosen;
  api.intercept = () => undefined;

  const late = await within(100);

  expect([early, late]).toEqual([undefined, BOTH]);
  expect(new Set(reports.map(({ type }) => type))).toEqual(
    new Set(["discovery-failed", "kinds-chosen"]),
  );
});

test("a stop while waiting chooses nothing, and says nothing more", async () => {
  api.intercept = () => failure(503);
  await begin();
  const before = reports.length;

  stop.abort();
  await running;

  expect([chosen, done, reports.length]).toEqual([undefined, [], before]);
});

test("a kind whose CRD is established is waited for at the start until discovery names it, but not for ever", async () => {
  hideFromDiscovery("databases");
  await begin();
  const early = chosen;

  const later = await within(800 + 1600);
  api.intercept = () => undefined;
  const named = await within(5000);

  expect([early, later, named]).toEqual([
    undefined,
    ["start backups.example.com v1"],
    ["start databases.example.com v1"],
  ]);
});

test("a CRD that is not named yet, as it was just made, is a word only when that lasts", async () => {
  hideFromDiscovery("databases");
  await begin();
  const early = reports.map(({ type }) => type);

  await clock.advance(1000);

  expect(early).toEqual([]);
  expect(reports.map(({ type }) => type)).toEqual(["discovery-failed"]);
});

test("CRDs that may not be listed hide nothing but what is custom in a group of Kubernetes' own", async () => {
  cluster.applyCrd(crd("odd", { group: "storage.k8s.io" }));
  api.isAllowed = ({ resource }) => resource !== "customresourcedefinitions";

  await begin();

  expect(done).toEqual(BOTH);
  expect(reports.map(({ type }) => type)).toEqual(["discovery-failed", "kinds-chosen"]);
});

test("G04 CRD created: its watch begins, and what it holds was created since", async () => {
  await begin();
  const lookedAtMs = clock.now();
  await clock.advance(20_000);

  cluster.applyCrd(crd("queues"));
  const soon = await within(1000);

  expect(soon).toEqual(["start queues.example.com v1"]);
  expect(absentAtMs).toEqual([undefined, undefined, lookedAtMs]);
});

test("G04 CRD created, one of a hundred at once: discovery is asked a few times, not a hundred", async () => {
  await begin();
  api.requests.length = 0;

  for (let index = 0; index < 100; index++) cluster.applyCrd(crd(`many${index}`));
  const started = await within(20_000);

  expect(started).toHaveLength(100);
  expect(api.requests.filter((path) => path === "/apis").length).toBeLessThanOrEqual(3);
});

test("G05 CRD deleted: 404 and gone in discovery, so the watch is parked and its objects are gone", async () => {
  await begin();

  cluster.removeKind("databases.example.com");
  const soon = await within(1000);

  expect(soon).toEqual(["gone databases.example.com"]);
  expect(reports.at(-1)).toEqual({ type: "kind-gone", watch: "databases.example.com" });
  expect(await within(300_000)).toEqual([]);
});

test("G05 CRD deleted while nobody ran: what the state file remembers of it is gone", async () => {
  const facts = {
    group: "old.com",
    version: "v1",
    kind: "Thing",
    resource: "things",
    scope: "Cluster",
    hasStatusSubresource: false,
    hints: { phases: [], printerColumns: [] },
  } as const;

  await begin({ remembered: [{ key: { group: "old.com", resource: "things" }, facts }] });

  expect(done).toEqual([...BOTH, "gone things.old.com"]);
});

test("G05 CRD deleted: what could not be written of that is tried again", async () => {
  await begin();
  goneAnswer = "held";
  cluster.removeKind("databases.example.com");
  const held = await within(1000);
  goneAnswer = "taken";

  const later = await within(5000);

  expect(held).toEqual(["gone databases.example.com"]);
  expect(later).toEqual(["gone databases.example.com"]);
});

test("G05 CRD deleted with the rights to its kind: it is gone all the same", async () => {
  await begin();
  api.isAllowed = ({ resource }) => resource !== "databases";
  api.intercept = (path) => (path.endsWith("/databases") ? failure(403) : undefined);

  cluster.removeKind("databases.example.com");

  expect(await within(1000)).toEqual(["gone databases.example.com"]);
});

test("G06 CRD recreated: its watch begins again", async () => {
  await begin();
  cluster.removeKind("databases.example.com");
  await clock.advance(5000);
  const goneAtMs = clock.now();

  cluster.applyCrd(crd("databases"));
  const soon = await within(1000);

  expect(soon).toEqual(["start databases.example.com v1"]);
  expect(absentAtMs.at(-1)).toBeLessThanOrEqual(goneAtMs);
});

test("G07 CRD version change: the watch goes on under the new version, nothing is gone", async () => {
  await begin();

  cluster.applyCrd(crd("databases", { versions: ["v2"] }));
  const soon = await within(1000);

  expect(soon).toEqual(["stop databases.example.com", "start databases.example.com v2"]);
});

test("G07 CRD version change that discovery does not know yet: it is asked again until then", async () => {
  await begin();
  hideFromDiscovery();
  cluster.applyCrd(crd("databases", { versions: ["v2"] }));
  const early = await within(2000);
  api.intercept = () => undefined;

  const later = await within(5000);

  expect([early, later]).toEqual([
    [],
    ["stop databases.example.com", "start databases.example.com v2"],
  ]);
});

test("G08 resource without list/watch verb skipped", async () => {
  await begin({ resources: patterns("*reviews.authorization.k8s.io", "databases.example.com") });

  expect(done).toEqual(["start databases.example.com v1"]);
});

test("G09 one broken APIService does not block others, and what it hides is not gone", async () => {
  await begin();
  api.staleGroups.add("example.com");
  cluster.applyCrd(crd("queues", { group: "other.com" }));
  const began = await within(61_000);
  hideFromDiscovery("databases", "backups");

  const hidden = await within(120_000);

  expect(began).toEqual(["start queues.other.com v1"]);
  expect(hidden.filter((what) => what.endsWith("example.com"))).toEqual([]);
});

test.each([
  ["serves it all the same", () => undefined],
  ["is in trouble", (path: string) => (path.endsWith("/databases") ? failure(503) : undefined)],
])("a kind that discovery forgets while its path %s is not gone", async (_, answer) => {
  api.isAllowed = ({ resource }) => resource !== "customresourcedefinitions";
  await begin();
  hideFromDiscovery("databases");
  const hide = api.intercept;
  api.intercept = (path) => answer(path) ?? hide(path);

  expect(await within(200_000)).toEqual([]);
});

test("G10 namespaced vs cluster scope: named namespaces get a watch each, of what has namespaces", async () => {
  await begin({
    resources: patterns("databases.example.com", "namespaces"),
    namespaces: { type: "names", names: ["a", "b"] },
  });

  expect(done).toEqual([
    "start databases.example.com|namespace=a v1",
    "start databases.example.com|namespace=b v1",
    "start namespaces v1",
  ]);
});

test("G11 RBAC denies one GVR: reported once and left out, and asked about again ever more slowly", async () => {
  api.isAllowed = ({ resource, verb }) => resource !== "databases" || verb === "list";

  const follower = await begin();
  await clock.advance(600_000);

  expect(done).toEqual(["start backups.example.com v1"]);
  expect(reports.filter(({ type }) => type === "watch-forbidden")).toEqual([
    {
      type: "watch-forbidden",
      watch: "databases.example.com",
      missing: 'needs "watch" on "databases.example.com"',
    },
  ]);
  expect(follower.forbidden()).toEqual([
    'databases.example.com is not allowed: needs "watch" on "databases.example.com"',
  ]);
  const reviews = api.requests.filter((path) => path.includes("selfsubject"));
  expect(reviews.length).toBeLessThan(50);
});

test("G11 RBAC allows it later: the watch begins within a minute, without a restart", async () => {
  let isAllowed = false;
  api.isAllowed = ({ resource }) => resource !== "databases" || isAllowed;
  const follower = await begin();
  await clock.advance(600_000);
  isAllowed = true;

  const later = await within(62_000);

  expect(later).toEqual(["start databases.example.com v1"]);
  expect(follower.forbidden()).toEqual([]);
  expect(reports.at(-1)).toEqual({ type: "watch-allowed", watch: "databases.example.com" });
});

test("a right that goes away ends no watch, is shown, and no more once it is back", async () => {
  const follower = await begin();
  const watch = "databases.example.com";
  const error = new Error("Cannot watch");
  follower.heard({ type: "kind-forbidden", watch, verb: "watch", error, retryInMs: 1 });
  const during = [follower.forbidden(), await within(100_000)];

  follower.heard({ type: "watch-state", watch, state: "watching" });

  expect(during).toEqual([["databases.example.com is not allowed: Cannot watch"], []]);
  expect(follower.forbidden()).toEqual([]);
});

test("a right to CRDs that comes later is used: what they alone tell to be custom is watched", async () => {
  cluster.applyCrd(crd("odd", { group: "storage.k8s.io" }));
  let isAllowed = false;
  api.isAllowed = ({ resource }) => resource !== "customresourcedefinitions" || isAllowed;
  await begin();
  await clock.advance(100_000);
  isAllowed = true;

  expect(await within(61_000)).toEqual(["start odd.storage.k8s.io v1"]);
  expect(api.requests).toContain(`watch ${CRDS}`);
});

test("a right to CRDs that is taken away: new kinds are told to be custom by their group, known ones stay", async () => {
  await begin();
  api.intercept = (path) => (path === CRDS ? failure(403) : undefined);
  cluster.store("customresourcedefinitions.apiextensions.k8s.io")?.close();
  await clock.advance(5000);

  cluster.applyCrd(crd("queues", { group: "other.com" }));

  expect(await within(62_000)).toEqual(["start queues.other.com v1"]);
});

test("without CRDs discovery is asked once a minute", async () => {
  api.isAllowed = ({ resource }) => resource !== "customresourcedefinitions";
  await begin();
  cluster.applyCrd(crd("queues"));
  const early = await within(59_000);

  expect([early, await within(3000)]).toEqual([[], ["start queues.example.com v1"]]);
});

test("A16 a 404 lets discovery be asked soon", async () => {
  const follower = await begin();
  api.requests.length = 0;
  const [watch, error] = ["databases.example.com", new Error("404")];

  follower.heard({ type: "kind-missing", watch, error, retryInMs: 1 });
  await clock.advance(1000);

  expect(api.requests.filter((path) => path === "/apis")).toHaveLength(1);
});

test("what fails in discovery is told once, as long as it fails in the same way", async () => {
  await begin();
  api.staleGroups.add("example.com");

  await clock.advance(600_000);

  expect(reports.filter(({ type }) => type === "discovery-failed")).toHaveLength(1);
});

test("300 kinds are asked about at 20 requests a second at most", async () => {
  for (let index = 0; index < 300; index++) cluster.applyCrd(crd(`many${index}`));
  await begin();
  const perSecond: number[] = [];
  for (let second = 0; second < 60; second++) {
    const before = api.requests.length;
    await clock.advance(1000);
    perSecond.push(api.requests.length - before);
  }

  expect(chosen).toHaveLength(302);
  expect(Math.max(...perSecond)).toBeLessThanOrEqual(20);
});
