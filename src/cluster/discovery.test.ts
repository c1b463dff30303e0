import { expect, onTestFinished, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import {
  startSimulatedApiServer,
  type SimulatedApiServer,
} from "../testing/simulated-api-server/start-simulated-api-server.ts";
import type { ApiClient, ApiResult } from "./api-client.ts";
import { discoverKinds, type Discovery } from "./discovery.ts";
import { createHttpApiClient } from "./http-api-client.ts";
import { formatResource } from "./watch-event.ts";

const CRDS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const CRD = {
  metadata: { name: "databases.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "databases", kind: "Database" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            properties: {
              status: {
                properties: {
                  phase: { type: "string", enum: ["Pending", "Ready", 7] },
                  state: { enum: ["no"] },
                },
              },
            },
          },
        },
        additionalPrinterColumns: [
          { name: "Ready", type: "integer", jsonPath: ".status.readyReplicas" },
          { name: "Phase", type: "string", jsonPath: ".status.phase" },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
      },
    ],
  },
};

async function startServer(): Promise<{ server: SimulatedApiServer; client: ApiClient }> {
  const server = await startSimulatedApiServer({ clock: createFakeClock() });
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.cluster.applyCrd(CRD);
  const authorized = { type: "authorized", headers: {}, tls: {} } as const;
  const credentials = {
    origin: server.url,
    pathPrefix: "",
    source: "a test",
    authorize: async () => authorized,
    refresh: async () => authorized,
  };
  const client = createHttpApiClient({
    credentials,
    clock: createFakeClock(),
    report: () => undefined,
  });
  onTestFinished(() => client.close());
  return { server, client };
}

function discover(client: ApiClient): Promise<Discovery> {
  return discoverKinds(client, new AbortController().signal);
}

function find(discovery: Discovery, resource: string): unknown {
  return discovery.kinds.find(({ facts }) => formatResource(facts) === resource);
}

/** A client that answers from a table; everything else is 404. */
function createTable(answers: Readonly<Record<string, unknown>>): ApiClient {
  const missing: ApiResult = {
    type: "status",
    status: 404,
    answer: { message: "", causes: [] },
    error: new Error("404"),
  };
  const answer = async (path: string): Promise<ApiResult> =>
    path in answers ? { type: "ok", body: answers[path], headers: {}, sizeBytes: 0 } : missing;
  return {
    get: answer,
    post: answer,
    openStream: () => Promise.resolve({ type: "failed", error: new Error("none") }),
    close: () => Promise.resolve(),
  };
}

test.each([true, false])(
  "discoverKinds() finds built-in and custom kinds with their facts (aggregated: %s)",
  async (isAggregated) => {
    const { server, client } = await startServer();
    server.settings.isDiscoveryAggregated = isAggregated;

    const discovery = await discover(client);

    expect(discovery.failures).toEqual([]);
    expect(find(discovery, "databases.example.com")).toEqual({
      isCustom: true,
      facts: {
        group: "example.com",
        version: "v1",
        kind: "Database",
        resource: "databases",
        scope: "Namespaced",
        hasStatusSubresource: true,
        hints: {
          phases: ["Pending", "Ready"],
          printerColumns: [
            { name: "Ready", jsonPath: ".status.readyReplicas", type: "integer" },
            { name: "Age", jsonPath: ".metadata.creationTimestamp", type: "date" },
          ],
        },
      },
    });
    expect(find(discovery, "namespaces")).toMatchObject({
      isCustom: false,
      facts: {
        kind: "Namespace",
        scope: "Cluster",
        version: "v1",
        hints: { phases: [], printerColumns: [] },
      },
    });
    expect(find(discovery, "configmaps")).toMatchObject({
      facts: { scope: "Namespaced", hasStatusSubresource: false },
    });
    expect(
      discovery.kinds.map(({ facts }) => facts.resource).filter((name) => name.includes("review")),
    ).toEqual([]);
  },
);

test("discoverKinds() tells custom kinds by their group where CRDs may not be listed", async () => {
  const { server, client } = await startServer();
  server.settings.isAllowed = ({ resource }) => !resource.startsWith("customresourcedefinitions");

  const discovery = await discover(client);

  expect(discovery.failures).toMatchObject([
    { scope: "crds", error: { message: expect.stringMatching(/^Cannot list CRDs/) } },
  ]);
  expect(
    discovery.kinds.filter(({ isCustom }) => isCustom).map(({ facts }) => facts.resource),
  ).toEqual(["databases"]);
});

test.each([
  { code: 403, retry: "never" },
  { code: 404, retry: "never" },
  { code: 410, retry: "until-answered" },
  { code: 429, retry: "until-answered" },
  { code: 503, retry: "until-answered" },
])("discoverKinds() after a $code for CRDs is to be retried: $retry", async ({ code, retry }) => {
  const { server, client } = await startServer();
  server.faults.add({ type: "answer", code }, { path: CRDS_PATH });

  const discovery = await discover(client);

  expect(discovery.failures).toMatchObject([{ scope: "crds", retry }]);
});

test.each([
  { code: 403, retry: "never" },
  { code: 503, retry: "few-times" },
])("discoverKinds() after a $code for one group is to be retried: $retry", async (row) => {
  const { server, client } = await startServer();
  server.settings.isDiscoveryAggregated = false;
  server.faults.add({ type: "answer", code: row.code }, { path: "/apis/example.com/v1" });

  const discovery = await discover(client);

  expect(discovery.failures).toMatchObject([{ scope: "group", retry: row.retry }]);
});

test("discoverKinds() keeps what it knows of a stale group and says so", async () => {
  const { server, client } = await startServer();
  server.settings.staleGroups.add("example.com");

  const discovery = await discover(client);

  expect(discovery.failures).toMatchObject([
    { scope: "group", retry: "never", groupVersion: "example.com/v1" },
  ]);
  expect(discovery.kinds.length).toBeGreaterThan(3);
});

test("discoverKinds() finds the others when one group of legacy discovery is broken", async () => {
  const { server, client } = await startServer();
  server.settings.isDiscoveryAggregated = false;
  server.faults.add({ type: "answer", code: 503 }, { path: "/apis/example.com/v1" });

  const discovery = await discover(client);

  expect(discovery.failures).toMatchObject([{ scope: "group", groupVersion: "example.com/v1" }]);
  expect(find(discovery, "databases.example.com")).toBeUndefined();
  expect(find(discovery, "namespaces")).toBeDefined();
});

test("H05 accept-fallback-406: discoverKinds() finds named groups when the core group's root fails, and does without aggregation on 406", async () => {
  const { server, client } = await startServer();
  server.settings.isDiscoveryAggregated = false;
  server.faults.add({ type: "answer", code: 500 }, { path: "/api" });
  server.faults.add({ type: "answer", code: 406 }, { path: "/apis" }, 1);

  const discovery = await discover(client);

  expect(discovery.failures).toMatchObject([
    { scope: "root", error: { message: expect.stringContaining("/api") } },
  ]);
  expect(find(discovery, "databases.example.com")).toMatchObject({ isCustom: true });
});

function served(name: string, verbs: readonly string[] = ["get", "list", "watch"]): unknown {
  return { resource: name, responseKind: { kind: name.toUpperCase() }, scope: "Namespaced", verbs };
}

function crdVersion(name: string): unknown {
  return { name, additionalPrinterColumns: [{ name, jsonPath: ".x", type: "number" }] };
}

test("discoverKinds() takes the preferred version that serves a kind, with list and watch, and its hints", async () => {
  const client = createTable({
    "/api": {
      kind: "APIGroupDiscoveryList",
      items: [
        {
          metadata: {},
          versions: [
            { version: "v1", resources: [served("pods"), served("bindings", ["create"])] },
          ],
        },
      ],
    },
    "/apis": {
      kind: "APIGroupDiscoveryList",
      items: [
        {
          metadata: { name: "example.com" },
          versions: [
            { version: "v2", resources: [served("a"), served("listonly", ["list"]), {}, null] },
            { version: "v1", resources: [served("a"), served("b")] },
          ],
        },
        "nonsense",
      ],
    },
    [CRDS_PATH]: {
      items: [
        null,
        {},
        {
          spec: {
            group: "example.com",
            names: { plural: "a" },
            versions: [crdVersion("v1"), crdVersion("v2"), {}],
          },
        },
      ],
    },
  });

  const { kinds } = await discover(client);

  expect(
    kinds.map(({ facts, isCustom }) => [formatResource(facts), facts.version, isCustom]),
  ).toEqual([
    ["a.example.com", "v2", true],
    ["b.example.com", "v1", false],
    ["pods", "v1", false],
  ]);
  expect(kinds[0]?.facts.hints.printerColumns).toEqual([
    { name: "v2", jsonPath: ".x", type: "number" },
  ]);
});

/** A CRD that stores v1. */
function storing(plural: string): unknown {
  const versions = [{ name: "v1", storage: true }];
  return { spec: { group: "example.com", names: { plural }, versions } };
}

test("discoverKinds() takes the stored version of what the preferred one does not serve", async () => {
  const versions = [
    { version: "v3", resources: [served("b")] },
    { version: "v2", resources: [served("a"), served("b")] },
    { version: "v1", resources: [served("a"), served("b")] },
  ];
  const client = createTable({
    "/api": { kind: "APIGroupDiscoveryList", items: [] },
    "/apis": {
      kind: "APIGroupDiscoveryList",
      items: [{ metadata: { name: "example.com" }, versions }],
    },
    [CRDS_PATH]: { items: [storing("a"), storing("b")] },
  });

  const { kinds } = await discover(client);

  expect(kinds.map(({ facts }) => `${facts.resource} ${facts.version}`)).toEqual(["a v1", "b v3"]);
});

test.each([
  { name: "established and served", crd: {}, groups: ["example.com/v2"] },
  { name: "not yet established", crd: { status: { conditions: [] } }, groups: [] },
  { name: "about to be deleted", crd: { metadata: { deletionTimestamp: "now" } }, groups: [] },
  {
    name: "not served",
    crd: { spec: { ...CRD.spec, versions: [{ name: "v1", served: false }] } },
    groups: [],
  },
])("discoverKinds() awaits what a CRD promises that is $name", async ({ crd, groups }) => {
  const versions = [
    { name: "v1", served: false },
    { name: "v2", served: true },
  ];
  const client = createTable({
    "/api": { kind: "APIGroupDiscoveryList", items: [] },
    "/apis": { kind: "APIGroupDiscoveryList", items: [] },
    [CRDS_PATH]: {
      items: [
        {
          spec: { ...CRD.spec, versions },
          status: { conditions: [{ type: "Established", status: "True" }] },
          ...crd,
        },
      ],
    },
  });

  const { failures } = await discover(client);

  expect(failures.map(({ groupVersion }) => groupVersion)).toEqual(groups);
  expect(failures.filter(({ retry }) => retry !== "few-times")).toEqual([]);
});

test("discoverKinds() is empty, with its failures, when nothing answers", async () => {
  const discovery = await discover(createTable({}));

  expect(discovery.kinds).toEqual([]);
  expect(discovery.failures.map(({ scope }) => scope)).toEqual(["root", "root", "crds"]);
});
