import { afterAll, beforeAll, expect } from "vitest";
import { shardFilter } from "../src/cluster/shard.ts";
import { inspectStateFile } from "../src/store/inspect-database.ts";
import { NOTES, openScene, type Scene, tellings } from "./restart/scene.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import type { Lifeline } from "./testbed/lifeline.ts";
import type { LogEntry, MetricPoint } from "./testbed/otlp-json.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const SHARDS = ["0/3", "1/3", "2/3"];
const KIND = "notes.restart.example.com";
/** So many that hardly ever any shard has less than two. */
const NAMES = Array.from({ length: 40 }, (_, index) => `note-${index}`);

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

/** Runs an instance with that shard on a state directory of its own, or of an earlier one. */
type Run = (shard: string, stateDirectory: string) => Promise<Lifeline>;

async function createRun(scene: Scene): Promise<Run> {
  const env = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: KIND,
    LIFELINE_NAMESPACES: scene.namespace,
    LIFELINE_INITIAL: "all",
  });
  return (shard, stateDirectory) =>
    scene.start({ env: { ...env, LIFELINE_SHARD: shard, LIFELINE_STATE_DIR: stateDirectory } });
}

serverTest(
  "three instances with a shard each tell and count every object once, together",
  async () => {
    await using scene = await openScene(cluster, collector, "shards-together");
    await scene.createNotes(...NAMES);
    const run = await createRun(scene);
    await using states = new AsyncDisposableStack();
    const instances: Lifeline[] = [];
    for (const shard of SHARDS)
      instances.push(await run(shard, states.use(await createTemporaryDirectory("shard")).path));
    await eventually(() => expect(observed(scene.logs())).toEqual(NAMES.toSorted()));
    await eventually(() => expect(syncedBy(scene.logs())).toHaveLength(3));
    const followedFrom = scene.nextRequest();
    const gone = NAMES.slice(0, 10);

    await Promise.all(gone.map((name) => scene.resize(name, 2)));
    await Promise.all(gone.map((name) => scene.delete(name)));
    const expected = gone.flatMap((name) => [`${name}: updated`, `${name}: deleted`]).toSorted();
    await eventually(() => expect(tellings(scene.logs(followedFrom)).toSorted()).toEqual(expected));
    // A stop sends the counts as they stand.
    await Promise.all(instances.map((instance) => instance.stop()));
    await eventually(() =>
      expect(sum([...countedBy(scene).values()])).toBe(NAMES.length - gone.length),
    );

    expect(tellings(scene.logs(followedFrom)).toSorted()).toEqual(expected);
    expect(syncedBy(scene.logs()).map(([shard]) => shard)).toEqual(SHARDS);
    expect(sum(syncedBy(scene.logs()).map(([, objects]) => objects))).toBe(NAMES.length);
    expect([...countedBy(scene).keys()].toSorted()).toEqual(SHARDS);
    const changes = scene.points("lifeline.object.changes");
    expect(new Set(changes.map(shardOf))).toEqual(new Set(SHARDS));
  },
);

serverTest(
  "a restart with another shard goes on with what is in both, and forgets the rest without a record",
  async () => {
    await using scene = await openScene(cluster, collector, "shards-moved");
    await using state = await createTemporaryDirectory("shard");
    await scene.createNotes(...NAMES);
    const run = await createRun(scene);
    const uids = await uidsByName(scene);
    const inShard = (index: number, count: number): readonly string[] =>
      NAMES.filter((name) => shardFilter({ index, count })(uids.get(name) ?? ""));
    const [resized = "", deleted = ""] = inShard(0, 3);
    const first = await run("0/3", state.path);
    await eventually(() => expect(observed(scene.logs())).toEqual(inShard(0, 3).toSorted()));
    await first.stop();
    const widenedFrom = scene.nextRequest();
    await scene.resize(resized, 2);
    await scene.delete(deleted);

    const second = await run("0/2", state.path);
    await eventually(() => expect(forgotten(second)).toHaveLength(1));
    await eventually(() =>
      expect(tellings(scene.logs(widenedFrom)).toSorted()).toEqual(
        [`${resized}: updated`, `${deleted}: deleted`].toSorted(),
      ),
    );
    await second.stop();
    const movedFrom = scene.nextRequest();
    const third = await run("1/2", state.path);
    await eventually(() => expect(forgotten(third)).toHaveLength(1));
    await third.stop();

    const gained = inShard(0, 2).filter((name) => !inShard(0, 3).includes(name));
    expect(observed(scene.logs(widenedFrom)).toSorted()).toEqual(
      [...gained, ...inShard(1, 2)].toSorted(),
    );
    expect(tellings(scene.logs(movedFrom))).toEqual([]);
    expect(inspectStateFile(state.path)).toMatchObject({
      facts: { objects: inShard(1, 2).length, watches: 1, damages: [] },
    });
  },
);

async function uidsByName(scene: Scene): Promise<ReadonlyMap<string, string>> {
  const uids = await Promise.all(
    NAMES.map(async (name) => (await scene.admin.get(scene.note(name))).metadata.uid),
  );
  return new Map(NAMES.map((name, index) => [name, uids[index] ?? ""]));
}

function observed(logs: readonly LogEntry[]): readonly string[] {
  return logs
    .filter(({ eventName }) => eventName === "lifeline.object.observed")
    .map((log) => textAttribute(log, "k8s.object.name"))
    .toSorted();
}

/** Shard and number of objects of each complete look. */
function syncedBy(logs: readonly LogEntry[]): readonly (readonly [string, number])[] {
  return logs
    .filter(({ eventName }) => eventName === "lifeline.synced")
    .map((log): readonly [string, number] => [
      textAttribute(log, "lifeline.shard"),
      Number(log.attributes["lifeline.synced.objects"]),
    ])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** How many objects each shard counted last. */
function countedBy(scene: Scene): ReadonlyMap<string, number> {
  const points = scene.points("lifeline.objects").filter(({ value }) => value !== undefined);
  return new Map(points.map((point) => [shardOf(point), Number(point.value)]));
}

function shardOf({ attributes }: Pick<MetricPoint, "attributes">): string {
  const shard = attributes["lifeline.shard"];
  return typeof shard === "string" ? shard : "";
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** The watches that it said to have forgotten. */
function forgotten(lifeline: Lifeline): readonly string[] {
  return lifeline
    .stderrRecords()
    .map(({ message }) => String(message))
    .filter((message) => message.startsWith("Forgot "));
}
