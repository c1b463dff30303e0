import { beforeEach, expect, test } from "vitest";
import type { ApiClient, ApiResult } from "../cluster/api-client.ts";
import { parseResourcePatterns, type ResourcePattern } from "../cluster/resource-patterns.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { fieldAt } from "../util/json.ts";
import { chooseWatches, type ChooseWatchesOptions } from "./choose-watches.ts";
import type { PipelineReport } from "./report.ts";

let clock: FakeClock;
let reports: PipelineReport[];
let stop: AbortController;
/** By path; what is not here is 404. A function is asked anew each time. */
let answers: Record<string, unknown>;
/** Whether an access review allows it; undefined: the review itself fails. */
let allows: (attributes: {
  readonly verb: unknown;
  readonly resource: unknown;
  readonly namespace: unknown;
}) => boolean | undefined;

beforeEach(() => {
  clock = createFakeClock();
  reports = [];
  stop = new AbortController();
  allows = () => true;
  answers = {
    "/api": served("", "pods"),
    "/apis": served("example.com", "backups", "databases"),
    [CRDS]: { items: [], metadata: { resourceVersion: "1" } },
  };
});

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

function served(group: string, ...resources: readonly string[]): unknown {
  const kinds = resources.map((resource) => ({
    resource,
    responseKind: { kind: resource },
    scope: "Namespaced",
    verbs: ["list", "watch"],
  }));
  return {
    kind: "APIGroupDiscoveryList",
    items: [{ metadata: { name: group }, versions: [{ version: "v1", resources: kinds }] }],
  };
}

const client: ApiClient = {
  get: async (path): Promise<ApiResult> => {
    const answer = answers[path];
    const body: unknown = typeof answer === "function" ? answer() : answer;
    if (body === undefined) return missing();
    return fieldAt(body, "type") === "status"
      ? unavailable()
      : { type: "ok", body, headers: {}, sizeBytes: 0 };
  },
  post: async (_path, body): Promise<ApiResult> => {
    const asked = fieldAt(body, "spec", "resourceAttributes");
    const allowed = allows({
      verb: fieldAt(asked, "verb"),
      resource: fieldAt(asked, "resource"),
      namespace: fieldAt(asked, "namespace"),
    });
    return allowed === undefined
      ? missing()
      : { type: "ok", body: { status: { allowed } }, headers: {}, sizeBytes: 0 };
  },
  openStream: async () => missing(),
  close: async () => undefined,
};

function missing(status = 404): ApiResult & { readonly type: "status" } {
  return {
    type: "status",
    status,
    answer: { message: "", causes: [] },
    error: new Error(String(status)),
  };
}

/** As an answer: the server is in trouble. */
function unavailable(): ApiResult & { readonly type: "status" } {
  return missing(503);
}

function patterns(...texts: readonly string[]): readonly ResourcePattern[] {
  const parsed = parseResourcePatterns(texts);
  if (parsed.type !== "patterns") throw new Error(JSON.stringify(parsed.problems));
  return parsed.patterns;
}

/** The names of the kinds that are chosen, once they are. */
async function choose(options: Partial<ChooseWatchesOptions> = {}): Promise<readonly string[]> {
  const chosen = await chooseWatches({
    client,
    resources: patterns("*.example.com", "pods"),
    namespaces: { type: "all" },
    labelSelector: undefined,
    clock,
    random: () => 0,
    report: (report) => reports.push(report),
    signal: stop.signal,
    ...options,
  });
  return chosen.map(({ key }) =>
    [key.resource, key.namespace, key.labelSelector].filter(Boolean).join(" "),
  );
}

test("what is served and selected is chosen; what nothing matches is said", async () => {
  const chosen = await choose({
    resources: patterns("*.example.com", "!backups.example.com", "ghosts.example.com"),
    labelSelector: "tier=gold",
  });

  expect(chosen).toEqual(["databases tier=gold"]);
  expect(reports).toEqual([
    {
      type: "kinds-chosen",
      watches: ["databases.example.com|labels=tier=gold"],
      hidden: [],
      unmatched: ["ghosts.example.com"],
    },
  ]);
});

test("what is forbidden is reported and left out; the others are chosen", async () => {
  allows = ({ resource, verb, namespace }) =>
    resource !== "databases" || (verb === "list" && namespace === "b") || namespace === "c";

  const chosen = await choose({
    namespaces: { type: "names", names: ["a", "b", "c"] },
    resources: patterns("databases.example.com"),
  });

  expect(chosen).toEqual(["databases c"]);
  expect(reports.slice(0, 2)).toEqual([
    {
      type: "watch-forbidden",
      watch: "databases.example.com|namespace=a",
      missing: 'needs "list" and "watch" on "databases.example.com"',
    },
    {
      type: "watch-forbidden",
      watch: "databases.example.com|namespace=b",
      missing: 'needs "watch" on "databases.example.com"',
    },
  ]);
});

test("where rights can't be asked for, the watch is tried", async () => {
  allows = () => undefined;

  expect(await choose()).toEqual(["backups", "databases", "pods"]);
});

test("an API server that is not there yet is waited for, with growing patience", async () => {
  const { "/apis": apis, ...rest } = answers;
  answers = rest;
  const choosing = choose();
  await clock.advance(0);
  const waits = [clock.pending()[0]?.delayMs];
  await clock.advance(800);
  waits.push(clock.pending()[0]?.delayMs);
  answers = { ...rest, "/apis": apis };

  await clock.advance(1600);

  expect(await choosing).toEqual(["backups", "databases", "pods"]);
  expect(waits).toEqual([800, 1600]);
  expect(reports.map(({ type }) => type)).toEqual([
    "discovery-failed",
    "discovery-failed",
    "kinds-chosen",
  ]);
});

test("CRDs that can't be listed at present are waited for", async () => {
  answers[CRDS] = unavailable();
  const choosing = choose();
  await clock.advance(0);
  answers[CRDS] = { items: [], metadata: { resourceVersion: "1" } };

  await clock.advance(800);

  expect(await choosing).toEqual(["backups", "databases", "pods"]);
  expect(reports.map(({ type }) => type)).toEqual(["discovery-failed", "kinds-chosen"]);
});

test.each([
  { name: "comes back", failures: 2, expected: ["databases", "pods"] },
  { name: "stays broken", failures: Infinity, expected: ["pods"] },
])("a group that $name is asked three times at most", async ({ failures, expected }) => {
  let asked = 0;
  answers["/apis"] = { groups: [{ name: "example.com", versions: [{ version: "v1" }] }] };
  answers["/apis/example.com/v1"] = () =>
    asked++ < failures
      ? unavailable()
      : { resources: [{ name: "databases", kind: "D", verbs: ["list", "watch"] }] };
  const choosing = choose();

  await clock.advance(800 + 1600);

  expect(await choosing).toEqual(expected);
  expect(asked).toBe(3);
});

test("a kind whose CRD is established is waited for until discovery names it", async () => {
  const { "/apis": apis, ...rest } = answers;
  const crd = {
    spec: {
      group: "example.com",
      names: { plural: "databases" },
      versions: [{ name: "v1", served: true }],
    },
    status: { conditions: [{ type: "Established", status: "True" }] },
  };
  answers = { ...rest, "/apis": served("other.com"), [CRDS]: { items: [crd] } };
  const choosing = choose();
  await clock.advance(0);
  answers["/apis"] = apis;

  await clock.advance(800);

  expect(await choosing).toEqual(["backups", "databases", "pods"]);
  expect(reports.map(({ type }) => type)).toEqual(["discovery-failed", "kinds-chosen"]);
});

test("a stop while waiting chooses nothing, and says nothing more", async () => {
  answers = {};
  const choosing = choose();
  await clock.advance(0);
  const before = reports.length;

  stop.abort();

  expect(await choosing).toEqual([]);
  expect(reports.length).toBe(before);
});

test("CRDs that may not be listed hide nothing", async () => {
  delete answers[CRDS];

  expect(await choose()).toEqual(["backups", "databases", "pods"]);
  expect(reports.map(({ type }) => type)).toEqual(["discovery-failed", "kinds-chosen"]);
});
