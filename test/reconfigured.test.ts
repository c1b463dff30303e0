import { afterAll, beforeAll, expect } from "vitest";
import { inspectStateFile } from "../src/store/inspect-database.ts";
import { NOTES, openScene, type Scene, tellings } from "./restart/scene.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import type { Lifeline } from "./testbed/lifeline.ts";
import type { LogEntry } from "./testbed/otlp-json.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const KIND = "notes.restart.example.com";

let cluster: Cluster;
let collector: Collector;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  collector = servers.use(await startCollector());
  await cluster.admin.apply(NOTES);
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest(
  "namespaces and kinds that are no longer configured are forgotten without a record; what another watch takes over keeps its history",
  async () => {
    await using state = await createTemporaryDirectory("reconfigured");
    await using stays = await openScene(cluster, collector, "reconfigured-stays");
    await using leaves = await openScene(cluster, collector, "reconfigured-leaves");
    await stays.createNotes("a", "b");
    await leaves.createNotes("c");
    const run = async (env: Readonly<Record<string, string>>): Promise<Lifeline> =>
      stays.start({
        env: { ...(await withPrintedRoles(cluster, env)), LIFELINE_STATE_DIR: state.path },
      });
    const inBoth = `${stays.namespace},${leaves.namespace}`;
    const first = await run({
      LIFELINE_RESOURCES: `${KIND},configmaps`,
      LIFELINE_NAMESPACES: inBoth,
    });
    await eventually(() => expect(observed(stays.logs())).toBeGreaterThanOrEqual(2));
    await eventually(() => expect(observed(leaves.logs())).toBeGreaterThanOrEqual(1));
    await first.stop();
    const restartedAt = stays.nextRequest();
    await stays.resize("a", 2);
    await stays.delete("b");
    await leaves.delete("c");

    // Of two namespaced watches one cluster-wide, filtered one; and no ConfigMaps.
    const second = await run({
      LIFELINE_RESOURCES: KIND,
      LIFELINE_NAMESPACES: "reconfigured-s*",
    });
    await eventually(() => expect(forgotten(second)).toHaveLength(4));
    await told(stays, restartedAt, ["a: updated", "b: deleted"]);
    await second.stop();

    expect(forgotten(second).toSorted()).toEqual([
      "configmaps|namespace=reconfigured-leaves",
      "configmaps|namespace=reconfigured-stays",
      `${KIND}|namespace=reconfigured-leaves`,
      `${KIND}|namespace=reconfigured-stays`,
    ]);
    expect(leaves.logs(restartedAt)).toEqual([]);
    expect(observed(stays.logs(restartedAt))).toBe(0);
    expect(inspectStateFile(state.path)).toMatchObject({
      facts: { objects: 1, watches: 1, damages: [] },
    });
  },
);

async function told(scene: Scene, from: number, expected: readonly string[]): Promise<void> {
  await eventually(() => expect(tellings(scene.logs(from)).toSorted()).toEqual(expected));
}

function observed(logs: readonly LogEntry[]): number {
  return logs.filter(({ eventName }) => eventName === "lifeline.object.observed").length;
}

/** The watches that it said to have forgotten. */
function forgotten(lifeline: Lifeline): readonly string[] {
  return lifeline
    .stderrRecords()
    .filter(({ message }) => String(message).startsWith("Forgot "))
    .map(({ message }) => /^Forgot (\S+),/.exec(String(message))?.[1] ?? "");
}
