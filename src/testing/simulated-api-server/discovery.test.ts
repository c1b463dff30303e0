import { expect, test } from "vitest";
import { kindOfCrd } from "./custom-resource-definition.ts";
import {
  discoveryGroup,
  discoveryRoot,
  type DiscoveryState,
  discoveryVersion,
} from "./discovery.ts";
import { BUILT_IN_KINDS } from "./served-kind.ts";

const ACCEPT =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
const CRD = {
  spec: {
    group: "example.com",
    names: { kind: "Widget", plural: "widgets", shortNames: ["wd"] },
    scope: "Cluster",
    versions: [
      { name: "v1alpha1", served: false, storage: false },
      { name: "v1beta1", served: true, storage: false },
      { name: "v1", served: true, storage: true, subresources: { status: {} } },
    ],
  },
};

function createState(more: Partial<DiscoveryState> = {}): DiscoveryState {
  return {
    kinds: [...BUILT_IN_KINDS, kindOfCrd(CRD)],
    isAggregated: true,
    staleGroups: new Set(),
    ...more,
  };
}

test("discoveryRoot answers in the aggregated form to those who ask for it", () => {
  const reply = discoveryRoot("apis", createState(), { accept: ACCEPT });

  expect(reply.headers).toMatchObject({
    "content-type": expect.stringContaining("as=APIGroupDiscoveryList"),
  });
  expect(reply.body).toMatchObject({
    kind: "APIGroupDiscoveryList",
    items: expect.arrayContaining([
      {
        metadata: { name: "example.com" },
        versions: [
          {
            version: "v1",
            freshness: "Current",
            resources: [
              expect.objectContaining({
                resource: "widgets",
                responseKind: { group: "example.com", version: "v1", kind: "Widget" },
                scope: "Cluster",
                shortNames: ["wd"],
                subresources: [expect.objectContaining({ subresource: "status" })],
              }),
            ],
          },
          expect.objectContaining({ version: "v1beta1" }),
        ],
      },
    ]),
  });
});

test("discoveryRoot answers 304 to who has it, until something changes", () => {
  const state = createState();
  const etag = discoveryRoot("apis", state, { accept: ACCEPT }).headers?.["etag"] ?? "none";

  const same = discoveryRoot("apis", state, { accept: ACCEPT, "if-none-match": etag });
  const other = discoveryRoot(
    "apis",
    { ...state, kinds: BUILT_IN_KINDS },
    { accept: ACCEPT, "if-none-match": etag },
  );

  expect([same.code, other.code]).toEqual([304, 200]);
});

test("discoveryRoot splits the core group from the others", () => {
  const core = discoveryRoot("api", createState(), { accept: ACCEPT });

  expect(core.body).toMatchObject({ items: [{ metadata: {}, versions: [{ version: "v1" }] }] });
});

test("an old server answers in the legacy form only, subresources as entries of their own", () => {
  const state = createState({ isAggregated: false });

  const core = discoveryRoot("api", state, { accept: ACCEPT });
  const groups = discoveryRoot("apis", state, { accept: ACCEPT });
  const version = discoveryVersion("example.com", "v1", state);

  expect(core.body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
  expect(groups.body).toMatchObject({
    kind: "APIGroupList",
    groups: expect.arrayContaining([
      expect.objectContaining({
        name: "example.com",
        preferredVersion: { groupVersion: "example.com/v1", version: "v1" },
      }),
    ]),
  });
  expect(version.body).toMatchObject({
    kind: "APIResourceList",
    groupVersion: "example.com/v1",
    resources: [
      { name: "widgets", namespaced: false, kind: "Widget" },
      { name: "widgets/status", verbs: ["get", "patch", "update"] },
    ],
  });
});

test("a group whose APIService is down is stale, or 503 in the legacy form", () => {
  const state = createState({ staleGroups: new Set(["example.com"]) });

  const aggregated = discoveryRoot("apis", state, { accept: ACCEPT });
  const legacy = discoveryVersion("example.com", "v1", state);

  expect(JSON.stringify(aggregated.body)).toContain('"freshness":"Stale"');
  expect(legacy.code).toBe(503);
});

test("what is not served is not found", () => {
  const codes = [
    discoveryGroup("example.org", createState()),
    discoveryVersion("example.com", "v1alpha1", createState()),
    discoveryVersion("example.org", "v1", createState()),
  ].map((reply) => reply.code);

  expect(codes).toEqual([404, 404, 404]);
});
