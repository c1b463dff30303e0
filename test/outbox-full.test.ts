import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect } from "vitest";
import type { KubeObject } from "../src/cluster/kube-object.ts";
import { definition } from "./support/definition.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { AdminClient, NewObject } from "./testbed/admin-client.ts";
import type { Collector } from "./testbed/collector.ts";
import { eventually } from "./testbed/eventually.ts";
import { startLifeline, type Lifeline } from "./testbed/lifeline.ts";
import type { LogEntry, MetricPoint } from "./testbed/otlp-json.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";

const GROUP = "full.example.com";
const NAMESPACE = "outbox-full";
const OUTBOX_MAX = "256KiB";
/**
 * A change says about a kilobyte, so that the bound is reached many times over; of one object not so many that the flood
 * guard has a word in it (20 in ten minutes).
 */
const ROUNDS = 17;
const STEADY = Array.from({ length: 150 }, (_, index) => `steady-${index}`);
const DOOMED = Array.from({ length: 10 }, (_, index) => `doomed-${index}`);
const NEWBORN = Array.from({ length: 10 }, (_, index) => `newborn-${index}`);
const FLEETING = Array.from({ length: 10 }, (_, index) => `fleeting-${index}`);
/** As many as the API server answers at once without waiting in line. */
const WRITERS = 4;
const RSS_MAX_KB = 200 * 1024;
const SERIES_ENDED = 1;

type Written = { readonly uid: string; readonly versions: string[]; readonly generation: unknown };

let admin: AdminClient;
let collector: Collector;
let lifeline: Lifeline;
let firstRequestAfter = 0;
let peakKb = 0;
/** By object: what was written since the collector went, as resourceVersions, at its end `deleted`. */
const written = new Map<string, Written>();
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  const cluster = servers.use(await connectSharedCluster());
  ({ admin } = cluster);
  collector = servers.use(await startCollector());
  await admin.createNamespace(NAMESPACE);
  await admin.apply(definition({ group: GROUP, kind: "Gadget", plural: "gadgets" }));
  await each([...STEADY, ...DOOMED], create);
  const watching = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: `gadgets.${GROUP}`,
    LIFELINE_NAMESPACES: NAMESPACE,
  });
  lifeline = servers.use(
    await startLifeline({
      env: {
        ...watching,
        LIFELINE_OUTBOX_MAX: OUTBOX_MAX,
        LIFELINE_METRIC_INTERVAL: "500ms",
        LIFELINE_METRIC_HEARTBEAT: "2s",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
      },
    }),
  );
  await eventually(() => {
    if (currentGenerations().size < STEADY.length + DOOMED.length)
      throw new Error("Cannot begin: not all series are there yet");
  });
  written.clear();
  await collector.stop();
  await changeEverything();
  await untilSaid("wait for the collector");
  peakKb = Number(
    /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${lifeline.pid}/status`, "utf8"))?.[1],
  );
  firstRequestAfter = collector.received.requests().length;
  await collector.start();
  await untilSaid("found no room in the outbox is told");
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest("memory stays bounded however much more than the outbox holds is changed", () => {
  expect(peakKb).toBeGreaterThan(0);
  expect(peakKb).toBeLessThanOrEqual(RSS_MAX_KB);
});

serverTest(
  "what was queued arrives one by one, what was not as one net change per object, and both add up",
  async () => {
    await eventually(() => {
      expect(tellings().filter(({ collapsed }) => collapsed !== undefined)).toHaveLength(
        STEADY.length + DOOMED.length + NEWBORN.length,
      );
    });

    const byUid = Map.groupBy(tellings(), ({ uid }) => uid);
    for (const [name, { uid, versions }] of written) {
      const told = byUid.get(uid) ?? [];
      const singles = told.flatMap(({ version, collapsed }) =>
        collapsed === undefined ? [version] : [],
      );
      const net = told.flatMap(({ version, collapsed }) =>
        collapsed === undefined ? [] : [{ version, collapsed }],
      );
      const withheld = versions.slice(singles.length);
      const expected = { version: versions.at(-1), collapsed: withheld.length };
      expect({ name, singles }).toEqual({ name, singles: versions.slice(0, singles.length) });
      expect({ name, net }).toEqual({
        name,
        net: withheld.length === 0 || FLEETING.includes(name) ? [] : [expected],
      });
    }
  },
);

serverTest("gauges are the then current ones as soon as the collector is back", async () => {
  const expected = new Map(
    [...STEADY, ...NEWBORN].map((name) => [name, written.get(name)?.generation]),
  );

  await eventually(() => {
    expect(currentGenerations()).toEqual(expected);
  });

  const outdated = generations()
    .filter(
      ({ requestIndex, flags }) => requestIndex >= firstRequestAfter && flags !== SERIES_ENDED,
    )
    .filter(({ name, value }) => value !== expected.get(name));
  expect(outdated).toEqual([]);
});

/** Until the outbox is full many times over; objects come and go once it is. */
async function changeEverything(): Promise<void> {
  const lasting = [...STEADY, ...DOOMED];
  for (let round = 1; round <= ROUNDS; round += 1) {
    if (round === ROUNDS - 1) await each([...NEWBORN, ...FLEETING], create);
    const names = round < ROUNDS - 1 ? lasting : [...lasting, ...NEWBORN, ...FLEETING];
    await each(names, (name) => resize(name, round));
  }
  await each([...DOOMED, ...FLEETING], remove);
}

/** By a few writers at once; the writes of one object are in order. */
async function each(
  names: readonly string[],
  write: (name: string) => Promise<void>,
): Promise<void> {
  const left = [...names];
  const run = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await write(name);
  };
  await Promise.all(Array.from({ length: WRITERS }, run));
}

function gadget(name: string): NewObject {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "Gadget",
    metadata: { name, namespace: NAMESPACE },
    spec: { text: "x".repeat(200) },
  };
}

async function create(name: string): Promise<void> {
  note(await admin.create(gadget(name)));
}

/** One change each, and one record: `updated`. */
async function resize(name: string, round: number): Promise<void> {
  const text = String(round).repeat(200);
  note(await admin.patch(gadget(name), { spec: { text } }));
}

async function remove(name: string): Promise<void> {
  await admin.delete(gadget(name));
  written.get(name)?.versions.push("deleted");
}

function note({ metadata }: KubeObject): void {
  const known = written.get(metadata.name);
  const versions = [...(known?.versions ?? []), metadata.resourceVersion];
  written.set(metadata.name, { uid: metadata.uid, versions, generation: metadata.generation });
}

async function untilSaid(text: string): Promise<void> {
  await eventually(() => {
    if (!lifeline.stderrRecords().some(({ message }) => String(message).includes(text)))
      throw new Error(`Nobody said "${text}"`);
  });
}

type Telling = {
  readonly uid: string;
  readonly version: string;
  readonly collapsed: number | undefined;
};

/** What was told since the collector went, repetitions left out, in order of arrival. */
function tellings(): readonly Telling[] {
  const seen = new Set<string>();
  const ours = new Set([...written.values()].map(({ uid }) => uid));
  return collector.received.logs().flatMap((log: LogEntry) => {
    const [uid, action, key] = ["k8s.object.uid", "lifeline.action", "log.record.uid"].map(
      (attribute) => textAttribute(log, attribute),
    );
    if (uid === undefined || !ours.has(uid) || seen.has(key ?? "") || action === "observed")
      return [];
    seen.add(key ?? "");
    const collapsed = log.attributes["lifeline.collapsed"];
    return [
      {
        uid,
        version: action === "deleted" ? action : textAttribute(log, "k8s.object.resource_version"),
        collapsed: collapsed === undefined ? undefined : Number(collapsed),
      },
    ];
  });
}

type Generation = Pick<MetricPoint, "flags" | "requestIndex" | "value"> & {
  readonly name: string;
};

function generations(): readonly Generation[] {
  return collector.received.points().flatMap((point) => {
    const name = point.attributes["k8s.object.name"];
    if (point.name !== "lifeline.object.generation" || typeof name !== "string") return [];
    return [{ ...point, name }];
  });
}

/** By object, of those whose series have not ended. */
function currentGenerations(): ReadonlyMap<string, unknown> {
  const current = new Map<string, unknown>();
  for (const { name, flags, value } of generations()) {
    if (flags === SERIES_ENDED) current.delete(name);
    else current.set(name, value);
  }
  return current;
}
