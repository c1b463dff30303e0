import { afterAll, beforeAll, expect } from "vitest";
import { type Told, toldTo } from "./oddities/told.ts";
import { definition } from "./support/definition.ts";
import { diffOf } from "./support/diff-of.ts";
import type { AdminClient, NewObject } from "./testbed/admin-client.ts";
import { eventually } from "./testbed/eventually.ts";
import { startLifeline } from "./testbed/lifeline.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";

const GROUP = "flood.example.com";
const NAMESPACE = "flood";

let admin: AdminClient;
let told: Told;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  const cluster = servers.use(await connectSharedCluster());
  ({ admin } = cluster);
  const collector = servers.use(await startCollector());
  told = toldTo(collector, "flood");
  await admin.createNamespace(NAMESPACE);
  await admin.apply(definition({ group: GROUP, kind: "Contested", plural: "contesteds" }));
  const env = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: `*.${GROUP}`,
    LIFELINE_CLUSTER_NAME: "flood",
    LIFELINE_STUCK_AFTER: "2s",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
  });
  servers.use(await startLifeline({ env }));
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest(
  "two managers that fight 60 times give 20 records and a hot one; the rest comes as one",
  async () => {
    const object = contested("fought-over", { replicas: 3 });
    await admin.create(object);

    for (let round = 1; round <= 60; round++) {
      const [manager, replicas] = round % 2 === 1 ? ["autoscaler", 5] : ["gitops", 4];
      await admin.patch(object, { spec: { replicas } }, { fieldManager: manager });
    }
    await admin.delete(object);
    await eventually(() => expect(told.records("fought-over", "deleted")).toHaveLength(1));

    const actions = told
      .records("fought-over")
      .map(({ attributes }) => attributes["lifeline.action"]);
    expect(actions).toEqual([
      "created",
      ...Array<string>(20).fill("updated"),
      "hot",
      "updated",
      "deleted",
    ]);
    const [hot] = told.records("fought-over", "hot");
    expect(hot?.severityText).toBe("WARN");
    expect(hot?.attributes).toMatchObject({
      "lifeline.hot.records": 21,
      "lifeline.change.managers": ["autoscaler/Update", "gitops/Update"],
    });
    const collapsed = told.records("fought-over", "updated").at(-1);
    expect(collapsed?.attributes).toMatchObject({
      "lifeline.collapsed": 40,
      "lifeline.change.paths": ["spec.replicas"],
      "lifeline.change.managers": ["autoscaler/Update", "gitops/Update"],
    });
    expect(diffOf(collapsed)).toEqual([]);
  },
);

serverTest("an object that does not get ready is told to be stuck, once", async () => {
  const object = contested("waiting", {});
  await admin.create(object);
  const ready = { type: "Ready", status: "False", reason: "NoQuota", message: "waits for quota" };
  await admin.patchStatus(object, { observedGeneration: 1, conditions: [ready] });

  await eventually(() => expect(told.records("waiting", "stuck")).toHaveLength(1));
  await admin.patchStatus(object, { conditions: [{ ...ready, reason: "StillNoQuota" }] });
  await admin.delete(object);
  await eventually(() => expect(told.records("waiting", "deleted")).toHaveLength(1));

  const [stuck, ...others] = told.records("waiting", "stuck");
  expect(others).toEqual([]);
  expect(stuck?.severityText).toBe("WARN");
  expect(stuck?.attributes).toMatchObject({
    "lifeline.health": "progressing",
    "lifeline.health.reason": "NoQuota",
    "lifeline.stuck.conditions": ["Ready=False (NoQuota): waits for quota"],
  });
});

function contested(name: string, spec: Readonly<Record<string, unknown>>): NewObject {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "Contested",
    metadata: { name, namespace: NAMESPACE },
    spec,
  };
}
