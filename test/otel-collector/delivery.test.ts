import { afterAll, beforeAll, expect } from "vitest";
import type { Cluster } from "../testbed/control-plane.ts";
import { eventually } from "../testbed/eventually.ts";
import { connectSharedCluster } from "../testbed/real-servers.ts";
import { storeTest } from "../testbed/real-stores.ts";
import { NOTES, openNotebook, type Notebook } from "./notebook.ts";
import { startChain, type Chain } from "./start-chain.ts";
import { startShippedCollector } from "./start-shipped-collector.ts";

/** The collector waits 5 s before it tries again, then half as long again each time. */
const RETRIED = { timeoutMs: 60_000 };
/** Of a test that starts servers anew and waits for those attempts. */
const LONG_TEST_MS = 180_000;

const servers = new AsyncDisposableStack();
let cluster: Cluster;
let chain: Chain;

beforeAll(async () => {
  [cluster, chain] = await Promise.all([
    connectSharedCluster().then((it) => servers.use(it)),
    startChain().then((it) => servers.use(it)),
  ]);
  await cluster.admin.apply(NOTES);
});

afterAll(async () => {
  await servers.disposeAsync();
});

storeTest("series of a deleted object are gone from Prometheus at once, others stay", async () => {
  await using notebook = await openNotebook(cluster, chain.collector, "delivery-deleted");
  await notebook.create("kept", "gone");
  await eventually(async () => expect(await healthyIn(notebook)).toEqual(["gone", "kept"]));

  await notebook.delete("gone");

  // Without a marker of their end Prometheus would show them for five minutes more.
  await eventually(async () => expect(await healthyIn(notebook)).toEqual(["kept"]));
});

storeTest(
  "a collector that is killed while records come neither loses nor doubles one",
  async () => {
    await using notebook = await openNotebook(cluster, chain.collector, "delivery-killed");
    const names: string[] = [];
    const createOne = async (): Promise<void> => {
      names.push(`note-${names.length}`);
      await notebook.create(...names.slice(-1));
    };
    const killed = new AbortController();
    const creating = (async () => {
      while (!killed.signal.aborted) await createOne();
    })();
    await using failing = new AsyncDisposableStack();
    failing.defer(async () => {
      killed.abort();
      await creating;
    });
    await eventually(async () => expect(await toldIn(notebook)).not.toEqual([]));

    await chain.collector.kill();
    killed.abort();
    await creating;
    for (let count = 0; count < 50; count++) await createOne();
    await chain.collector.start();

    const expected = names.map((name) => `${name}: created`).toSorted();
    await eventually(async () => expect(await toldIn(notebook)).toEqual(expected), RETRIED);
    expect(await uidsIn(notebook)).toEqual({ lines: names.length, distinct: names.length });
  },
  LONG_TEST_MS,
);

storeTest(
  "what happens while Loki and Prometheus are away is in both when they are back, though the collector was killed",
  async () => {
    const { collector, loki, prometheus } = chain;
    await using notebook = await openNotebook(cluster, collector, "delivery-away");
    await notebook.create("changed", "gone");
    await eventually(async () => expect(await healthyIn(notebook)).toEqual(["changed", "gone"]));
    await eventually(async () => expect(await toldIn(notebook)).toHaveLength(2));
    const accepted = await collector.acceptedRecords();

    await Promise.all([loki.kill(), prometheus.kill()]);
    for (let size = 2; size <= 20; size++) await notebook.resize("changed", size);
    await notebook.delete("gone");
    await notebook.create("born");
    await eventually(async () => expect(await collector.acceptedRecords()).toBe(accepted + 21));
    // From here on only the queue has it.
    await notebook.stop();
    await collector.kill();
    await collector.start();
    await Promise.all([loki.start(), prometheus.start()]);

    const updates = Array.from({ length: 19 }, () => "changed: updated");
    const ends = ["gone: created", "gone: deleted"];
    const expected = ["born: created", "changed: created", ...updates, ...ends];
    await eventually(async () => expect(await toldIn(notebook)).toEqual(expected), RETRIED);
    expect(await uidsIn(notebook)).toEqual({ lines: 23, distinct: 23 });
    await eventually(
      async () => expect(await healthyIn(notebook)).toEqual(["born", "changed"]),
      RETRIED,
    );
    expect(await generationOf(notebook, "changed")).toEqual(["20"]);
  },
  LONG_TEST_MS,
);

storeTest(
  "what the collector's queue can't hold while Loki is away waits in kube-lifeline, and is in Loki once when it is back",
  async () => {
    const { loki, prometheus } = chain;
    await using collector = await startShippedCollector(
      { loki: loki.otlpEndpoint, prometheus: prometheus.otlpEndpoint },
      { queueSize: 2 },
    );
    await using notebook = await openNotebook(cluster, collector, "delivery-full");
    await notebook.create("first");
    await eventually(async () => expect(await toldIn(notebook)).toHaveLength(1));

    await loki.kill();
    let size = 1;
    await eventually(async () => {
      await notebook.resize("first", ++size);
      expect(await collector.refusedRecords()).toBeGreaterThan(0);
    });
    await loki.start();

    const updates = Array.from({ length: size - 1 }, () => "first: updated");
    const expected = ["first: created", ...updates];
    await eventually(async () => expect(await toldIn(notebook)).toEqual(expected), RETRIED);
    expect(await uidsIn(notebook)).toEqual({ lines: size, distinct: size });
  },
  LONG_TEST_MS,
);

/** Names of the notes that Prometheus has a present health of. */
async function healthyIn({ namespace }: Notebook): Promise<readonly string[]> {
  const query = `lifeline_object_healthy{k8s_namespace_name="${namespace}"}`;
  const samples = await chain.prometheus.query(query);
  return samples.map(({ labels }) => labels["k8s_object_name"] ?? "").toSorted();
}

async function generationOf({ namespace }: Notebook, name: string): Promise<readonly string[]> {
  const labels = `k8s_namespace_name="${namespace}", k8s_object_name="${name}"`;
  const samples = await chain.prometheus.query(`lifeline_object_generation{${labels}}`);
  return samples.map(({ value }) => value);
}

/** `name: action` of each line in Loki about a note, sorted. */
async function toldIn({ namespace }: Notebook): Promise<readonly string[]> {
  const records = await chain.loki.records(aboutNotes(namespace));
  return records
    .map(({ labels }) => `${labels["k8s_object_name"]}: ${labels["lifeline_action"]}`)
    .toSorted();
}

async function uidsIn({ namespace }: Notebook): Promise<object> {
  const records = await chain.loki.records(aboutNotes(namespace));
  const uids = new Set(records.map(({ labels }) => labels["log_record_uid"]));
  return { lines: records.length, distinct: uids.size };
}

function aboutNotes(namespace: string): string {
  return `{service_name="kube-lifeline", k8s_namespace_name="${namespace}"} | k8s_object_name != ""`;
}
