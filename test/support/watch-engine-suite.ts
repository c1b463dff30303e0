import { expect } from "vitest";
import type { KindFacts } from "../../src/cluster/kube-object.ts";
import { RawJson } from "../../src/util/raw-json.ts";
import type { AdminClient } from "../testbed/admin-client.ts";
import type { Cluster } from "../testbed/control-plane.ts";
import { eventually } from "../testbed/eventually.ts";
import { definition } from "./definition.ts";
import { openWatchView } from "./watch-view.ts";

const GROUP = "engine.example.com";
const OBJECTS = 60;

const GADGET: KindFacts = {
  group: GROUP,
  version: "v1",
  kind: "Gadget",
  resource: "gadgets",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};

/** Serves a kind with some objects, for the checks below. */
export async function prepareWatchEngine({ admin }: Cluster): Promise<void> {
  await admin.apply(definition({ group: GROUP, kind: "Gadget", plural: "gadgets" }));
  await eventually(async () => {
    expect(await admin.status(`/apis/${GROUP}/v1/gadgets`)).toBe(200);
  });
  for (let index = 0; index < OBJECTS; index++) await admin.create(gadget(`g-${index}`));
}

/** A sync by `method` is what this server is looked at with, and shows what a paged list shows. */
export async function checkSync(cluster: Cluster, method: "stream" | "pages"): Promise<void> {
  await using view = await openWatchView(cluster, GADGET);
  await using paged = await openWatchView(cluster, GADGET, { arePages: true });
  await eventually(() => {
    expect([view.syncs, paged.syncs]).toEqual([1, 1]);
  });

  const methods = view.reports.flatMap((report) =>
    report.type === "list-started" ? [report.method] : [],
  );
  expect(methods.at(-1)).toBe(method);
  expect(view.objects()).toEqual(paged.objects());
  expect(view.objects()).toEqual(await listed(cluster.admin));
}

/** While objects come, change and go, a watch ends with what a list shows; it needs no second look for that. */
export async function checkConsistency(cluster: Cluster): Promise<void> {
  const { admin } = cluster;
  await using view = await openWatchView(cluster, GADGET);
  await eventually(() => {
    expect(view.syncs).toBe(1);
  });

  for (let round = 0; round < 15; round++) {
    await admin.create(gadget(`new-${round}`));
    await admin.patchStatus(gadget(`g-${round}`), { phase: `round-${round}` });
    if (round % 2 === 0) await admin.delete(gadget(`new-${round}`));
  }
  const expected = await listed(admin);

  await eventually(() => {
    expect(view.objects()).toEqual(expected);
  });
  expect(view.syncs).toBe(1);
}

const CONFIG_MAP: KindFacts = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  scope: "Namespaced",
  hasStatusSubresource: false,
  hints: { phases: [], printerColumns: [] },
};

/** However this server writes managedFields, what they hold is not parsed: in streams, pages and watches. */
export async function checkTries(cluster: Cluster): Promise<void> {
  const { admin } = cluster;
  const reference = { apiVersion: "v1", kind: "ConfigMap" };
  const metadata = { name: "with-writers", namespace: "default" };
  await admin.apply({ ...reference, metadata, data: { a: "1" } }, { fieldManager: "first" });
  for (const facts of [GADGET, CONFIG_MAP])
    for (const arePages of [false, true]) {
      await using view = await openWatchView(cluster, facts, { arePages });
      await eventually(() => {
        expect(view.syncs).toBe(1);
      });
      const shown = view.tries.length;
      await admin.patch({ ...reference, metadata }, { data: { c: `${facts.kind} ${arePages}` } });
      await admin.patchStatus(gadget("g-0"), { phase: `${facts.kind} ${arePages}` });
      await eventually(() => {
        expect(view.tries.length).toBeGreaterThan(shown);
      });

      expect(shown).toBeGreaterThan(0);
      expect(view.tries.filter((trie) => !(trie instanceof RawJson))).toEqual([]);
    }
}

function gadget(name: string) {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "Gadget",
    metadata: { name, namespace: "default" },
    spec: { size: 1 },
  };
}

async function listed(admin: AdminClient): Promise<readonly string[]> {
  const objects = await admin.list({ apiVersion: `${GROUP}/v1`, kind: "Gadget" });
  return objects.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).toSorted();
}
