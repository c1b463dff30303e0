import { afterAll, beforeAll, expect } from "vitest";
import { NOTES, openScene, type Scene, tellings } from "./restart/scene.ts";
import { startAckDropper } from "./restart/start-ack-dropper.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import type { Lifeline } from "./testbed/lifeline.ts";
import type { LogEntry, MetricPoint } from "./testbed/otlp-json.ts";
import { ENDS_WITHIN_MS } from "./testbed/patience.ts";
import {
  connectSharedCluster,
  serverTest,
  startCollector,
  startControlPlane,
} from "./testbed/real-servers.ts";

const SERIES_ENDED = 1;
/** Each test waits for most of its time, in a namespace of its own. */
const TOGETHER = { concurrent: true };

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
  "what happened between SIGKILL and restart is told once each, series end, and counters go on",
  TOGETHER,
  async () => {
    await using scene = await openScene(cluster, collector, "restart-killed");
    await scene.createNotes("kept", "changed", "gone", "replaced");
    const first = await scene.start();
    await scene.resize("changed", 2);
    await told(scene, ["changed: updated"]);
    await eventually(() => expect(lastPoint(scene, "gone")).toMatchObject({ value: 1 }));
    await kill(first);
    const restartedAt = scene.nextRequest();
    const killedAtNano = BigInt(Date.now()) * 1_000_000n;

    await scene.resize("changed", 3);
    await scene.resize("changed", 4);
    await scene.admin.patchStatus(scene.note("changed"), { phase: "Ready" });
    await scene.delete("gone");
    await scene.delete("replaced");
    await scene.createNotes("born", "fleeting", "replaced");
    await scene.delete("fleeting");
    await scene.start();

    const expected = [
      "born: created",
      "changed: health_changed",
      "changed: phase_changed",
      "changed: updated",
      "changed: updated",
      "fleeting: created",
      "fleeting: deleted",
      "gone: deleted",
      "replaced: created",
      "replaced: deleted",
    ];
    await told(scene, expected, restartedAt);
    await eventually(() => expect(lastPoint(scene, "gone")?.flags).toBe(SERIES_ENDED));
    await eventually(() => expect(lastPoint(scene, "born")).toMatchObject({ value: 1 }));
    expect(lastPoint(scene, "replaced")).toMatchObject({ flags: 0, value: 1 });
    // A new counter is 0 in one export and has its value in the next, 15 s later.
    await eventually(() =>
      expect(changeCounts(scene)).toEqual({
        created: 3,
        deleted: 3,
        health_changed: 1,
        phase_changed: 1,
        updated: 3,
      }),
    );
    const updates = countsOf(scene, "updated");
    const afterRestart = updates.filter(({ requestIndex }) => requestIndex >= restartedAt);
    expect(afterRestart.every(({ startTimeUnixNano }) => startTimeUnixNano < killedAtNano)).toBe(
      true,
    );
    expect(new Set(afterRestart.map(({ startTimeUnixNano }) => startTimeUnixNano)).size).toBe(1);
    expect(tellings(scene.logs(restartedAt)).toSorted()).toEqual(expected);
    expect(eventNames(scene.logs(restartedAt))).not.toContain("lifeline.object.observed");
  },
);

serverTest(
  "records whose acknowledgement was lost arrive again after SIGKILL, byte for byte",
  TOGETHER,
  async () => {
    await using scene = await openScene(cluster, collector, "restart-unacknowledged");
    await using dropper = await startAckDropper(collector.httpEndpoint);
    const env = {
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_ENDPOINT: dropper.httpEndpoint,
    };
    await scene.createNotes("a", "b", "c");
    const first = await scene.start({ env });
    await eventually(() => expect(synced(scene.logs())).toHaveLength(1));
    dropper.drop();
    // The first request without an answer is repeated alone: `a` is the first to be in it.
    await scene.resize("a", 2);
    await Promise.all([scene.resize("b", 2), scene.resize("c", 2)]);
    await scene.delete("c");
    await eventually(() => expect(tellings(scene.logs())).toContain("a: updated"));
    await kill(first);
    const restartedAt = scene.nextRequest();
    await scene.start({
      env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpEndpoint },
    });

    const expected = ["a: updated", "b: updated", "c: deleted", "c: updated"];
    await told(scene, expected, restartedAt);
    const again = copiesOf(scene.logs()).filter(
      ([copy]) => copy !== undefined && copy.requestIndex < restartedAt,
    );

    const resent = again.filter((copies) =>
      copies.some((copy) => copy.requestIndex >= restartedAt),
    );
    expect(tellings(resent.flatMap(([copy]) => copy ?? []))).toContain("a: updated");
    for (const [copy, ...copies] of again) {
      for (const other of copies) {
        expect(other.raw).toBe(copy?.raw);
        expect(other.resource).toEqual(copy?.resource);
        expect(other.scope).toEqual(copy?.scope);
      }
    }
  },
);

serverTest(
  "what waited for a collector that was down survives SIGKILL and is sent once, as it was first observed",
  TOGETHER,
  async () => {
    await using own = await startCollector();
    await using scene = await openScene(cluster, own, "restart-outbox");
    await scene.createNotes("a", "b");
    const first = await scene.start();
    await eventually(() => expect(synced(scene.logs())).toHaveLength(1));
    await own.stop();
    await scene.resize("a", 2);
    await scene.delete("b");
    await scene.createNotes("c");
    await eventually(() => expect(first.stderrLines.join("\n")).toContain("Cannot send logs"));
    await kill(first);
    const killedAtNano = BigInt(Date.now()) * 1_000_000n;
    const restartedAt = scene.nextRequest();
    await own.start();
    await scene.start();

    await told(scene, ["a: updated", "b: deleted", "c: created"], restartedAt);

    const record = scene.logs(restartedAt).find((log) => log.eventName.endsWith(".updated"));
    expect(record?.observedTimeUnixNano).toBeLessThan(killedAtNano);
  },
);

serverTest(
  "SIGTERM ends with code 0 in time, also while the collector is down, and the next run goes on",
  TOGETHER,
  async () => {
    await using own = await startCollector();
    await using scene = await openScene(cluster, own, "restart-stopped");
    await scene.createNotes("a", "b");
    const first = await scene.start();
    await eventually(() => expect(synced(scene.logs())).toHaveLength(1));
    const calm = await timed(() => first.stop());
    await scene.resize("a", 2);
    const second = await scene.start();
    await told(scene, ["a: updated"]);
    await own.stop();
    await scene.delete("b");
    await eventually(() => expect(second.stderrLines.join("\n")).toContain("Cannot send logs"));
    const cutOff = await timed(() => second.stop());
    await own.start();
    await scene.start();
    await told(scene, ["a: updated", "b: deleted"]);

    expect([calm.result, cutOff.result]).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    expect(calm.durationMs).toBeLessThan(ENDS_WITHIN_MS);
    expect(cutOff.durationMs).toBeLessThan(ENDS_WITHIN_MS);
  },
);

serverTest(
  "a second process on the same state directory ends with code 1 and says why; the first goes on",
  TOGETHER,
  async () => {
    await using scene = await openScene(cluster, collector, "restart-shared");
    await scene.createNotes("a");
    await scene.start();

    const second = await scene.start({ untilReady: false });
    const exit = await second.exited;

    expect(exit).toEqual({ code: 1, signal: null });
    expect(second.stderrRecords().at(-1)).toMatchObject({
      level: "error",
      message: expect.stringMatching(
        /state file ".*lifeline\.db": another process has it.*LIFELINE_STATE_DIR/,
      ),
    });
    await scene.resize("a", 2);
    await told(scene, ["a: updated"]);
  },
);

serverTest(
  "a position that the API server no longer knows leads to net changes, deletes included, and their counts",
  TOGETHER,
  async () => {
    await using own = await startControlPlane();
    await own.admin.apply(NOTES);
    await using scene = await openScene(own, collector, "restart-expired");
    await scene.createNotes("kept", "changed", "gone", "replaced");
    const first = await scene.start();
    await eventually(() => expect(synced(scene.logs())).toHaveLength(1));
    await kill(first);
    const restartedAt = scene.nextRequest();
    await scene.resize("changed", 2);
    await scene.resize("changed", 3);
    await scene.delete("gone");
    await scene.delete("replaced");
    await scene.createNotes("born", "fleeting", "replaced");
    await scene.delete("fleeting");
    // Its cache of events begins anew, so it answers 410 to the position.
    await own.restartApiServer();
    await scene.start();

    const expected = [
      "born: created",
      "changed: updated",
      "gone: deleted",
      "replaced: created",
      "replaced: deleted",
    ];
    await told(scene, expected, restartedAt);
    // It is told with the position, in the commit after the changes.
    await eventually(() => expect(synced(newsSince(scene, restartedAt))).toHaveLength(1));
    const records = newsSince(scene, restartedAt);

    for (const name of ["gone", "replaced"]) {
      const deleted = records.find(
        ({ attributes, eventName }) =>
          eventName === "lifeline.object.deleted" && attributes["k8s.object.name"] === name,
      );
      expect(deleted?.attributes).toMatchObject({ "lifeline.final_state_unknown": true });
    }
    const diffs = records.map((log) => textAttribute(log, "lifeline.change.diff"));
    const diff = diffs.find((text) => text !== "");
    expect(JSON.parse(diff ?? "[]")).toContainEqual({
      path: "spec.size",
      before: 1,
      after: 3,
    });
    expect(eventNames(records)).not.toContain("lifeline.object.observed");
    expect(synced(records)[0]?.attributes).toMatchObject({
      "lifeline.synced.objects": 4,
      "lifeline.synced.created": 2,
      "lifeline.synced.updated": 1,
      "lifeline.synced.deleted": 2,
    });
  },
);

/** Waits until records from that request on tell exactly this, in whatever order. */
async function told(scene: Scene, expected: readonly string[], fromRequest = 0): Promise<void> {
  await eventually(() => {
    expect(tellings(scene.logs(fromRequest)).toSorted()).toEqual(expected);
  });
}

async function kill(lifeline: Lifeline): Promise<void> {
  lifeline.kill("SIGKILL");
  await lifeline.exited;
}

function eventNames(logs: readonly LogEntry[]): readonly string[] {
  return logs.map(({ eventName }) => eventName);
}

/** What the run before sent, and was killed before it heard that it had come, is sent again: all but that. */
function newsSince(scene: Scene, request: number): readonly LogEntry[] {
  const before = scene.logs().filter(({ requestIndex }) => requestIndex < request);
  const known = new Set(before.map(({ attributes }) => attributes["log.record.uid"]));
  return scene.logs(request).filter(({ attributes }) => !known.has(attributes["log.record.uid"]));
}

function synced(logs: readonly LogEntry[]): readonly LogEntry[] {
  return logs.filter(({ eventName }) => eventName === "lifeline.synced");
}

function lastPoint(scene: Scene, note: string): MetricPoint | undefined {
  return scene
    .points("lifeline.object.info")
    .findLast(({ attributes }) => attributes["k8s.object.name"] === note);
}

function countsOf(scene: Scene, action: string): readonly MetricPoint[] {
  return scene
    .points("lifeline.object.changes")
    .filter(({ attributes }) => attributes["action"] === action);
}

/** The newest value of each counter. */
function changeCounts(scene: Scene): Readonly<Record<string, number | undefined>> {
  const points = scene.points("lifeline.object.changes");
  return Object.fromEntries(points.map(({ attributes, value }) => [attributes["action"], value]));
}

/** The copies of each record, in order of arrival. */
function copiesOf(logs: readonly LogEntry[]): readonly (readonly LogEntry[])[] {
  return [...Map.groupBy(logs, ({ attributes }) => attributes["log.record.uid"]).values()];
}

async function timed<T>(
  action: () => Promise<T>,
): Promise<{ readonly result: T; readonly durationMs: number }> {
  const startedMs = performance.now();
  const result = await action();
  return { result, durationMs: performance.now() - startedMs };
}
