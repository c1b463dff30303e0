import { afterAll, beforeAll, describe, expect } from "vitest";
import { NOTES, openScene, type Scene, tellings } from "./restart/scene.ts";
import { definition } from "./support/definition.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { Collector } from "./testbed/collector.ts";
import { eventually } from "./testbed/eventually.ts";
import type { LogEntry } from "./testbed/otlp-json.ts";
import { serverTest, startCollector } from "./testbed/real-servers.ts";
import { startEngine } from "./versions/engine.ts";
import {
  type AuditedRequest,
  type AuditedServer,
  type ServerOptions,
  startAuditedServer,
} from "./versions/audited-server.ts";

type Server = ServerOptions & {
  readonly title: string;
  /** What a look at everything asks of it, as `steps` says it. */
  readonly look: readonly string[];
};

/** The watch goes on where the initial events end. */
const STREAM = ["watch with initial events 200"];
const REFUSED = ["watch with initial events 422", "page 200", "watch 200"];

/** The newest, the oldest that is supported, and that one as older ones are: no initial events, and lists end with etcd's history. */
const SERVERS: readonly Server[] = [
  { title: "1.36.3", version: "1.36.3", look: STREAM },
  { title: "1.34.2", version: "1.34.2", look: STREAM },
  {
    title: "1.34.2 without WatchList",
    version: "1.34.2",
    apiServerArgs: ["--feature-gates=WatchList=false,ListFromCacheSnapshot=false"],
    look: REFUSED,
  },
];

/** Within its server's tests. */
const IN_ORDER = { concurrent: false };

const TELLING_ALL = { env: { LIFELINE_INITIAL: "all" } };

/** More than go on one page. */
const MANY = 510;

let collector: Collector;
const servers: AuditedServer[] = [];
const everything = new AsyncDisposableStack();

beforeAll(async () => {
  collector = everything.use(await startCollector());
  const starting = SERVERS.map(async (options) =>
    everything.use(await startAuditedServer(options)),
  );
  servers.push(...(await Promise.all(starting)));
  await Promise.all(servers.map(({ controlPlane }) => controlPlane.admin.apply(NOTES)));
});

afterAll(async () => {
  await everything.disposeAsync();
});

// The servers side by side; at one server one test after the other, as some restart it.
describe.concurrent.for(SERVERS.map(({ title, look }, index) => ({ title, look, index })))(
  "kube-apiserver $title:",
  ({ look, index }) => {
    const open = async (
      name: string,
    ): Promise<{ readonly server: AuditedServer; readonly scene: Scene }> => {
      const server = servers[index];
      if (server === undefined) throw new Error(`Cannot use server ${index}: it did not start`);
      const scene = await openScene(server.controlPlane, collector, `versions-${name}-${index}`);
      return { server, scene };
    };

    serverTest(
      "what stood there, what happens, and what happened while the program was down is told once each",
      IN_ORDER,
      async () => {
        const { server, scene } = await open("life");
        await using _ = scene;
        await scene.createNotes("kept", "changed", "gone");
        const first = await scene.start(TELLING_ALL);
        await eventually(() => expect(synced(scene)).toHaveLength(1));
        await scene.createNotes("born");
        await scene.resize("changed", 2);
        await scene.delete("gone");
        await told(scene, ["born: created", "changed: updated", "gone: deleted"]);
        // In order, so that nothing is sent again.
        await first.stop();
        const restartedAt = scene.nextRequest();
        const asked = server.requests(scene.namespace);

        await scene.resize("kept", 2);
        await scene.delete("born");
        await scene.createNotes("late");
        await scene.start();

        await told(scene, ["born: deleted", "kept: updated", "late: created"], restartedAt);
        expect(observed(scene)).toEqual(["changed", "gone", "kept"]);
        expect(steps(server.requests(scene.namespace).slice(asked.length))).toEqual(["watch 200"]);
      },
    );

    serverTest(`a first look tells each of ${MANY} objects once`, IN_ORDER, async () => {
      const { server, scene } = await open("many");
      await using _ = scene;
      const names = Array.from({ length: MANY }, (__, number) => `note-${1000 + number}`);
      await scene.createNotes(...names);
      await scene.start(TELLING_ALL);

      await eventually(() => expect(synced(scene)).toHaveLength(1));

      expect(observed(scene)).toEqual(names);
      expect(synced(scene)[0]?.attributes).toMatchObject({ "lifeline.synced.objects": MANY });
      expect(tellings(scene.logs())).toEqual([]);
      await eventually(() => expect(steps(server.requests(scene.namespace))).toEqual(look));
    });

    serverTest(
      "a position that was compacted leads to net changes, deletes included",
      IN_ORDER,
      async () => {
        const { server, scene } = await open("compacted");
        await using _ = scene;
        await scene.createNotes("kept", "changed", "gone");
        const first = await scene.start();
        await eventually(() => expect(synced(scene)).toHaveLength(1));
        // In order, so that nothing is sent again.
        await first.stop();
        const restartedAt = scene.nextRequest();
        const asked = server.requests(scene.namespace);

        await scene.resize("changed", 2);
        await scene.resize("changed", 3);
        await scene.delete("gone");
        await scene.createNotes("born");
        await server.controlPlane.compact();
        await server.controlPlane.restartApiServer();
        await scene.start();

        await told(scene, ["born: created", "changed: updated", "gone: deleted"], restartedAt);
        await eventually(() => expect(synced(scene, restartedAt)).toHaveLength(1));
        expect(synced(scene, restartedAt)[0]?.attributes).toMatchObject({
          "lifeline.synced.objects": 3,
          "lifeline.synced.created": 1,
          "lifeline.synced.updated": 1,
          "lifeline.synced.deleted": 1,
        });
        // The position is refused within the answer, as an event of the watch.
        await eventually(() => {
          const requests = server.requests(scene.namespace).slice(asked.length);
          expect(steps(requests)).toEqual(["watch 200", ...look]);
        });
      },
    );

    serverTest("a kind whose CRD is made while the program runs is watched", IN_ORDER, async () => {
      const { server, scene } = await open("born");
      await using _ = scene;
      const { admin } = server.controlPlane;
      const group = "born.example.com";
      await scene.start({
        env: {
          LIFELINE_RESOURCES: `*.${group}`,
          KUBECONFIG: await server.controlPlane.writeKubeconfig("admin"),
        },
      });

      await admin.apply(definition({ group, kind: "Star", plural: "stars" }));
      const { namespace } = scene;
      const star = { apiVersion: `${group}/v1`, kind: "Star", metadata: { name: "a", namespace } };
      await admin.create(star);

      await told(scene, ["a: created"]);
      expect(steps(server.requests(namespace))).toEqual(look);
    });

    serverTest(
      "a look that outlasts the server's history tells each object once",
      IN_ORDER,
      async () => {
        const { server, scene } = await open("outlasted");
        await using _ = scene;
        const names = Array.from({ length: 60 }, (__, number) => `note-${1000 + number}`);
        await scene.createNotes(...names);
        const { controlPlane } = server;
        await using engine = await startEngine(controlPlane, scene.namespace);

        const seen: string[] = [];
        for await (const event of engine.look()) {
          if (event.type !== "resync-object") continue;
          seen.push(event.object.metadata.name);
          if (seen.length === 1) {
            await scene.createNotes("late");
            await controlPlane.compact();
          }
        }

        expect(seen.toSorted().filter((name) => name !== "late")).toEqual(names);
        const hasResumed = engine.reports.some(({ type }) => type === "list-resumed");
        expect(hasResumed).toBe(look === REFUSED);
      },
    );
  },
);

/** Waits until records from that request on tell exactly this, in whatever order. */
async function told(scene: Scene, expected: readonly string[], fromRequest = 0): Promise<void> {
  await eventually(() => {
    expect(tellings(scene.logs(fromRequest)).toSorted()).toEqual(expected);
  });
}

function synced(scene: Scene, fromRequest = 0): readonly LogEntry[] {
  return scene.logs(fromRequest).filter(({ eventName }) => eventName === "lifeline.synced");
}

/**
 * What was asked and how it was answered, in order, without repetitions such as more pages, and without 429, which a server
 * answers until its cache of events is there.
 */
function steps(requests: readonly AuditedRequest[]): readonly string[] {
  return requests
    .filter(({ status }) => status !== 429)
    .map(({ type, status }) => `${type} ${status}`)
    .filter((step, index, all) => step !== all[index - 1]);
}

/** The names of what stood there at a first look, sorted; one that was told twice is there twice. */
function observed(scene: Scene): readonly string[] {
  return scene
    .logs()
    .filter(({ eventName }) => eventName === "lifeline.object.observed")
    .map((log) => textAttribute(log, "k8s.object.name"))
    .toSorted();
}
