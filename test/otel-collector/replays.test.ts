import { join } from "node:path";
import { expect } from "vitest";
import { createRandom } from "../../src/testing/demo/random.ts";
import { createGadget, Driver } from "../soak/driver.ts";
import { expectStory } from "../soak/expected-story.ts";
import { GADGET_GROUP } from "../soak/gadget.ts";
import { startHttpFaultProxy } from "../soak/http-fault-proxy.ts";
import { Recorder } from "../soak/recorder.ts";
import { type KillPoint, Victim } from "../soak/victim.ts";
import { definition } from "../support/definition.ts";
import { eventually } from "../testbed/eventually.ts";
import type { Loki } from "../testbed/loki.ts";
import { withPrintedRoles } from "../testbed/printed-roles.ts";
import { connectSharedCluster } from "../testbed/real-servers.ts";
import { startLoki, storeTest } from "../testbed/real-stores.ts";
import { sharedProgram } from "../testbed/shared-program.ts";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";

const SEED = 20_260_302;
const NAMESPACE = "replays";
const SERVICE = "replayed";
/** A program that was refused waits up to 30 s before it tries again. */
const RETRIED = { timeoutMs: 40_000 };
const POINTS: readonly KillPoint[] = [
  "starting",
  "unacknowledged",
  "sending",
  "unacknowledged",
  "committing",
  "unacknowledged",
];

storeTest(
  "Loki has each record once after kills, lost acknowledgements and replays",
  async () => {
    await using cluster = await connectSharedCluster();
    await using loki = await startLoki();
    await using proxy = await startHttpFaultProxy(loki.otlpEndpoint);
    await using state = await createTemporaryDirectory("replays");
    const { admin } = cluster;
    await admin.createNamespace(NAMESPACE);
    await admin.apply(definition({ group: GADGET_GROUP, kind: "Gadget", plural: "gadgets" }));
    const path = `/apis/${GADGET_GROUP}/v1/namespaces/${NAMESPACE}/gadgets`;
    await using recorder = await Recorder.open(cluster, path);
    const watching = await withPrintedRoles(cluster, {
      LIFELINE_RESOURCES: `gadgets.${GADGET_GROUP}`,
      LIFELINE_NAMESPACES: NAMESPACE,
    });
    await using victim = new Victim({
      name: SERVICE,
      proxy,
      program: await sharedProgram(),
      stateDir: join(state.path, "state"),
      random: createRandom(SEED),
      env: {
        ...watching,
        LIFELINE_LOG_SEVERITY: "DEBUG",
        OTEL_SERVICE_NAME: SERVICE,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${proxy.endpoint}/v1/logs`,
        OTEL_METRICS_EXPORTER: "none",
      },
    });
    const driver = new Driver({
      admin,
      namespace: NAMESPACE,
      random: createRandom(SEED),
      prefix: "note",
      pauseMaxMs: 20,
    });
    await victim.live();
    await eventually(async () =>
      expect(await countIn(loki, 'lifeline_action="synced"')).toBeGreaterThan(0),
    );
    const firstLook = recorder.version;
    const over = new AbortController();
    const driving = driver.run(over.signal);

    await victim.kill();
    for (const point of POINTS) await victim.liveUntil(point);
    proxy.inflict({ type: "reset-after" });
    await victim.live();
    await eventually(() => expect(proxy.met.get("reset-after")).toBeGreaterThan(1));
    proxy.inflict({ type: "none" });
    over.abort();
    await driving;
    const last = await admin.create(createGadget(NAMESPACE, "last"));
    await eventually(() =>
      expect(recorder.hasSeen(Number(last.metadata.resourceVersion))).toBe(true),
    );

    const expected = expectStory(recorder.sightings, { firstLook, gaps: [] })
      .map(({ fact }) => fact.recordUid)
      .toSorted();
    await eventually(async () => expect(await uidsIn(loki)).toEqual(expected), RETRIED);
    // Until it flushes a chunk, Loki counts twice what came again after its first copy's block (256 KiB) was full.
    await loki.flush();
    await eventually(async () =>
      expect(await countIn(loki, 'k8s_object_name!=""')).toBe(expected.length),
    );
    expect(victim.kills.get("unacknowledged")).toBeGreaterThan(0);
  },
  90_000,
);

/** `log.record.uid` of each line about an object, sorted. */
async function uidsIn(loki: Loki): Promise<readonly string[]> {
  const records = await loki.records(`{service_name="${SERVICE}"} | k8s_object_name != ""`);
  return records.map(({ labels }) => labels["log_record_uid"] ?? "").toSorted();
}

/** How many lines Loki counts. */
async function countIn(loki: Loki, filter: string): Promise<number> {
  const query = `sum(count_over_time({service_name="${SERVICE}"} | ${filter} [1h]))`;
  const [sample] = await loki.query(query);
  return Number(sample?.value ?? 0);
}
