import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect } from "vitest";
import { inspectStateFile } from "../src/store/inspect-database.ts";
import { limitFileSize, mayMount, mountSmallDisk } from "./disk-full/small-disk.ts";
import { NOTES, openScene, type Scene, tellings } from "./restart/scene.ts";
import { probe } from "./support/probe.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import type { Lifeline } from "./testbed/lifeline.ts";
import { PATIENCE_MS } from "./testbed/patience.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

/** They wait most of the time. */
const TOGETHER = { concurrent: true };
const ON_SMALL_DISK = { ...TOGETHER, skip: !(await mayMount()) };
const FAILING_READS = new URL("disk-full/failing-reads.ts", import.meta.url).href;
const UNWRITABLE = "The state file cannot be written";
const STOPPED = { code: 0, signal: null };

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
  "while the disk is full /readyz says why; once there is room all that happened is told, each once",
  ON_SMALL_DISK,
  async () => {
    await using disk = await mountSmallDisk();
    await using scene = await openScene(cluster, collector, "disk-full");
    await scene.createNotes("a", "b");
    const lifeline = await scene.start({ env: { LIFELINE_STATE_DIR: disk.path } });
    await disk.fill();

    await playUntilHeld(scene, lifeline);
    const [readyz, livez] = [await probe(lifeline, "/readyz"), await probe(lifeline, "/livez")];
    await scene.resize("a", 101);
    await scene.delete("b");
    await scene.createNotes("c");
    await disk.free();
    await lifeline.untilReady();

    await toldAll(scene);
    expect(readyz.text).toContain("database or disk is full");
    expect(livez.status).toBe(200);
    expect(complaints(lifeline)).toHaveLength(1);
    expect(await lifeline.stop()).toEqual(STOPPED);
    expect(inspectStateFile(disk.path)).toMatchObject({ facts: { damages: [] } });
  },
);

serverTest(
  "files that may not grow hold the program in the same way, and it goes on by itself",
  TOGETHER,
  async () => {
    await using state = await createTemporaryDirectory("limited");
    await using scene = await openScene(cluster, collector, "disk-limited");
    await scene.createNotes("a", "b");
    const lifeline = await scene.start({ env: { LIFELINE_STATE_DIR: state.path } });
    await limitFileSize(lifeline.pid, 4096);

    await playUntilHeld(scene, lifeline);
    await scene.resize("a", 101);
    await scene.delete("b");
    await scene.createNotes("c");
    await limitFileSize(lifeline.pid, "unlimited");
    await lifeline.untilReady();

    await toldAll(scene);
    expect(complaints(lifeline)).toHaveLength(1);
    expect(await lifeline.stop()).toEqual(STOPPED);
    expect(inspectStateFile(state.path)).toMatchObject({ facts: { damages: [] } });
  },
);

serverTest(
  "a disk that fails to be read holds the program in the same way, and it goes on by itself",
  TOGETHER,
  async () => {
    await using state = await createTemporaryDirectory("unreadable");
    await using scene = await openScene(cluster, collector, "disk-unreadable");
    await scene.createNotes("a", "b");
    const env = { LIFELINE_STATE_DIR: state.path, NODE_OPTIONS: `--import=${FAILING_READS}` };
    const lifeline = await scene.start({ env });
    lifeline.kill("SIGUSR2");

    await scene.resize("a", 2);
    await eventually(async () => {
      const readyz = await probe(lifeline, "/readyz");
      expect(readyz.status).toBe(503);
      expect(readyz.text).toContain("The state file cannot be read: disk I/O error");
    });
    const livez = await probe(lifeline, "/livez");
    await scene.resize("a", 101);
    await scene.delete("b");
    await scene.createNotes("c");
    lifeline.kill("SIGUSR2");
    await lifeline.untilReady();

    await toldAll(scene);
    expect(livez.status).toBe(200);
    expect(complaints(lifeline)).toHaveLength(1);
    expect(await lifeline.stop()).toEqual(STOPPED);
    expect(inspectStateFile(state.path)).toMatchObject({ facts: { damages: [] } });
  },
);

serverTest(
  "started on a full disk that has its state file it waits, says why, and goes on from there",
  ON_SMALL_DISK,
  async () => {
    await using disk = await mountSmallDisk();
    await using scene = await openScene(cluster, collector, "disk-full-start");
    await scene.createNotes("a", "b");
    const env = { LIFELINE_STATE_DIR: disk.path };
    const first = await scene.start({ env });
    await first.stop();
    await scene.resize("a", 101);
    await scene.delete("b");
    await scene.createNotes("c");
    await disk.fill();

    const second = await scene.start({ env, untilReady: false });
    await eventually(async () =>
      expect((await probe(second, "/readyz")).text).toContain(UNWRITABLE),
    );
    await disk.free();
    await second.untilReady();

    await toldAll(scene);
    expect(complaints(second)).toHaveLength(1);
    expect(await second.stop()).toEqual(STOPPED);
  },
);

serverTest(
  "a state directory that is read-only ends it with 1, and says what would help",
  ON_SMALL_DISK,
  async () => {
    await using disk = await mountSmallDisk();
    await using scene = await openScene(cluster, collector, "disk-read-only");
    const env = { LIFELINE_STATE_DIR: disk.path };
    const first = await scene.start({ env });
    await first.stop();
    await disk.makeReadOnly();

    const second = await scene.start({ env, untilReady: false });
    const exit = await Promise.race([second.exited, sleep(PATIENCE_MS, "still there")]);

    expect(exit).toEqual({ code: 1, signal: null });
    expect(second.stderrRecords().at(-1)).toMatchObject({
      level: "error",
      message: expect.stringMatching(
        /Cannot open the state file ".*lifeline\.db": .*LIFELINE_STATE_DIR must be a directory that this user may write/,
      ),
    });
  },
);

/** Changes note a, from size 2 on, until a commit has failed. */
async function playUntilHeld(scene: Scene, lifeline: Lifeline): Promise<void> {
  let size = 1;
  await eventually(async () => {
    size += 1;
    await scene.resize("a", size);
    const readyz = await probe(lifeline, "/readyz");
    expect(readyz.status).toBe(503);
    expect(readyz.text).toContain(UNWRITABLE);
  });
}

/** Each size that note a had is told once, in order, and what became of the others. */
async function toldAll(scene: Scene): Promise<void> {
  await eventually(() => {
    const told = tellings(scene.logs());
    expect(told.filter((telling) => !telling.startsWith("a:")).toSorted()).toEqual([
      "b: deleted",
      "c: created",
    ]);
    const diffs = scene
      .logs()
      .filter(({ eventName }) => eventName === "lifeline.object.updated")
      .map((log) => textAttribute(log, "lifeline.change.diff"));
    const sizes = diffs.map((diff) => Number(/"after":(\d+)/.exec(diff)?.[1]));
    const upTo = sizes.length < 2 ? [] : Array.from({ length: sizes.length - 1 }, (_, i) => i + 2);
    expect(sizes).toEqual([...upTo, 101]);
  });
}

/** What was said aloud about the state file. */
function complaints(lifeline: Lifeline): readonly unknown[] {
  return lifeline
    .stderrRecords()
    .filter(({ level, message }) => level === "error" && String(message).includes("state file"));
}
