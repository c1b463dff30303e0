import { expect, test } from "vitest";
import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import { createFakeClock, type FakeClock } from "../fake-clock.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";

const REF = { resource: "widgets.example.com", namespace: "prod", name: "a" };

function facts(hasStatusSubresource: boolean): KindFacts {
  return {
    group: "example.com",
    version: "v1",
    kind: "Widget",
    resource: "widgets",
    scope: "Namespaced",
    hasStatusSubresource,
    hints: { phases: ["New", "Done"], printerColumns: [] },
  };
}

function createCluster(
  hasStatusSubresource: boolean,
  clock: FakeClock = createFakeClock(0),
): SimulatedCluster {
  const cluster = new SimulatedCluster({ clock });
  cluster.addKind(facts(hasStatusSubresource));
  return cluster;
}

function createWidget(
  cluster: SimulatedCluster,
  metadata: Record<string, unknown> = {},
): KubeObject {
  return cluster.create(
    REF.resource,
    {
      metadata: { name: "a", namespace: "prod", ...metadata },
      spec: { size: 1 },
      status: { phase: "New" },
    },
    { manager: "kubectl" },
  );
}

function managers(object: KubeObject | undefined): readonly string[] {
  return (object?.metadata.managedFields ?? []).map(
    ({ manager, operation, subresource, time }) =>
      `${manager}/${operation}/${subresource ?? ""} ${time}`,
  );
}

test("create gives identity, generation 1, whole seconds and who did it", () => {
  const cluster = createCluster(true, createFakeClock(1_500));

  const object = createWidget(cluster);

  expect(object).toMatchObject({
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: {
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: cluster.resourceVersion,
      generation: 1,
      creationTimestamp: "1970-01-01T00:00:01Z",
    },
  });
  expect(object.status).toBeUndefined();
  expect(managers(object)).toEqual(["kubectl/Update/ 1970-01-01T00:00:01Z"]);
});

test.each<[string, (cluster: SimulatedCluster) => KubeObject, number[]]>([
  ["the spec changes", (cluster) => cluster.update(REF, { spec: { size: 2 } }), [2, 2]],
  [
    "the status changes by the main path",
    (cluster) => cluster.update(REF, { status: { phase: "Done" } }),
    [1, 2],
  ],
  ["labels change", (cluster) => cluster.update(REF, { metadata: { labels: { a: "b" } } }), [1, 1]],
  ["nothing changes", (cluster) => cluster.update(REF, { spec: { size: 1 } }), [1, 1]],
])("generation when %s, with and without a status subresource", (_name, write, generations) => {
  const clusters = [createCluster(true), createCluster(false)];
  for (const cluster of clusters) createWidget(cluster);

  const objects = clusters.map(write);

  expect(objects.map((object) => object.metadata.generation)).toEqual(generations);
});

test("patchStatus keeps the generation and moves the resourceVersion", () => {
  const cluster = createCluster(true);
  createWidget(cluster);

  const object = cluster.patchStatus(REF, { phase: "Done" });

  expect(object.metadata).toMatchObject({
    generation: 1,
    resourceVersion: cluster.resourceVersion,
  });
});

test("update leaves the status alone and a write without effect makes no event", () => {
  const cluster = createCluster(true);
  createWidget(cluster);
  const before = cluster.resourceVersion;

  cluster.update(REF, { status: { phase: "Done" }, metadata: { uid: "mine", name: "other" } });

  expect(cluster.resourceVersion).toBe(before);
  expect(cluster.get(REF)?.status).toBeUndefined();
});

test("managedFields move from one writer to the next with the fields", async () => {
  const clock = createFakeClock(0);
  const cluster = createCluster(true, clock);
  cluster.create(REF.resource, {
    metadata: { name: "a", namespace: "prod" },
    spec: { size: 1, tier: { a: "x" } },
  });

  await clock.advance(10_000);
  cluster.update(REF, { spec: { size: 2 } }, { manager: "gitops", operation: "Apply" });
  await clock.advance(10_000);
  cluster.patchStatus(REF, { phase: "Done" }, { manager: "operator" });
  const between = cluster.get(REF);
  await clock.advance(10_000);
  cluster.update(REF, { spec: { tier: null } }, { manager: "gitops", operation: "Apply" });

  expect(managers(between)).toEqual([
    "kubectl/Update/ 1970-01-01T00:00:00Z",
    "gitops/Apply/ 1970-01-01T00:00:10Z",
    "operator/Update/status 1970-01-01T00:00:20Z",
  ]);
  expect(between?.metadata.managedFields?.map((entry) => entry.fieldsV1)).toEqual([
    { "f:spec": { "f:tier": { "f:a": {} } } },
    { "f:spec": { "f:size": {} } },
    { "f:status": { "f:phase": {} } },
  ]);
  expect(managers(cluster.get(REF))).toEqual([
    "operator/Update/status 1970-01-01T00:00:20Z",
    "gitops/Apply/ 1970-01-01T00:00:30Z",
  ]);
});

test("delete waits for finalizers, and taking the last one removes", async () => {
  const clock = createFakeClock(0);
  const cluster = createCluster(true, clock);
  createWidget(cluster, { finalizers: ["example.com/a", "example.com/b"] });
  await clock.advance(5000);

  const deleting = cluster.delete(REF);
  const again = cluster.delete(REF);
  cluster.update(REF, { metadata: { finalizers: ["example.com/b"] } });
  const stillThere = cluster.get(REF);
  const last = cluster.update(REF, { metadata: { finalizers: [] } });

  expect(deleting.metadata).toMatchObject({
    deletionTimestamp: "1970-01-01T00:00:05Z",
    deletionGracePeriodSeconds: 0,
    generation: 2,
  });
  expect(again).toBe(deleting);
  expect(stillThere?.metadata.finalizers).toEqual(["example.com/b"]);
  expect(cluster.get(REF)).toBeUndefined();
  expect(last.metadata.resourceVersion).toBe(cluster.resourceVersion);
});

test("what is recreated has another UID", () => {
  const cluster = createCluster(true);
  const first = createWidget(cluster);
  cluster.delete(REF);

  const second = createWidget(cluster);

  expect(second.metadata.uid).not.toBe(first.metadata.uid);
});

test.each<[string, (cluster: SimulatedCluster) => unknown, string]>([
  [
    "an unknown kind",
    (cluster) => cluster.list("gadgets.example.com"),
    "no kind of that name is served",
  ],
  ["a missing object", (cluster) => cluster.update({ ...REF, name: "b" }, {}), "it does not exist"],
  ["an object that exists", createWidget, "it exists"],
  [
    "no namespace",
    (cluster) => cluster.create(REF.resource, { metadata: { name: "b" } }),
    "scope is Namespaced",
  ],
])("%s is refused", (_name, write, message) => {
  const cluster = createCluster(true);
  createWidget(cluster);

  expect(() => write(cluster)).toThrow(message);
});

test("patchStatus replaces a status that is no map, and is refused without a status subresource", () => {
  const cluster = createCluster(true);
  createWidget(cluster);
  const without = createCluster(false);
  createWidget(without);

  cluster.patchStatus(REF, "all is well");

  expect(cluster.get(REF)?.status).toBe("all is well");
  expect(() => without.patchStatus(REF, {})).toThrow("no status subresource");
});

test("a CRD is an object too, established at once, and may gain a version", () => {
  const cluster = createCluster(true);
  createWidget(cluster);
  const crds = "customresourcedefinitions.apiextensions.k8s.io";
  const [crd] = cluster.list(crds);
  const versions = ["v1", "v2"].map((name) => ({ name, served: true, storage: name === "v1" }));

  cluster.applyCrd({ spec: { ...Object(crd?.spec), versions } });

  expect(crd).toMatchObject({
    metadata: { name: REF.resource },
    status: { conditions: [{ type: "NamesAccepted" }, { type: "Established", status: "True" }] },
  });
  expect(cluster.store(REF.resource)?.kind.versions).toEqual(["v1", "v2"]);
  expect(cluster.get(REF)).toBeDefined();
});
