import { setTimeout as sleep } from "node:timers/promises";
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

const GROUP = "outage.example.com";
const NAMESPACE = "collector-outage";
/** Long enough that probes are seconds apart. */
const OUTAGE_MS = 10_000;
const SERIES_ENDED = 1;
/** One a round. */
const PHASES = ["Pending", "Ready", "Degraded", "Updating", "Ready", "Failed", "Active"];
const LAST_PHASE = "Active";

/** Each is one program that sees the same outage; what they sent is told apart by their service names. */
const PROTOCOLS = ["grpc", "http/protobuf"] as const;
type Protocol = (typeof PROTOCOLS)[number];

const STEADY = ["steady-1", "steady-2", "steady-3"];
const LIVING = [...STEADY, "reborn", "newborn"];
const GONE = ["early-doomed", "late-doomed"];

let admin: AdminClient;
let collector: Collector;
/** By object (`name uid`), in order: what was written during the outage, as records tell it (`action resourceVersion`). */
const written = new Map<string, string[]>();
/** The objects that are there, as the API server answered last. */
const machines = new Map<string, KubeObject>();
let firstRequestAfter = 0;
let endOfOutageNano = 0n;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  const cluster = servers.use(await connectSharedCluster());
  ({ admin } = cluster);
  collector = servers.use(await startCollector());
  await admin.createNamespace(NAMESPACE);
  await admin.apply(definition({ group: GROUP, kind: "Machine", plural: "machines" }));
  for (const name of [...STEADY, "reborn", ...GONE]) await create(name);
  const watching = await withPrintedRoles(cluster, {
    LIFELINE_RESOURCES: `machines.${GROUP}`,
    LIFELINE_NAMESPACES: NAMESPACE,
  });
  const lifelines = PROTOCOLS.map((protocol) => start(protocol, watching));
  for (const lifeline of await Promise.all(lifelines)) servers.use(lifeline);
  await eventually(() => {
    if (!PROTOCOLS.every(showsAll)) throw new Error("Cannot begin: not all series are there yet");
  });
  written.clear();
  await collector.stop();
  await Promise.all([sleep(OUTAGE_MS), changeEverything()]);
  firstRequestAfter = collector.received.requests().length;
  endOfOutageNano = BigInt(Date.now()) * 1_000_000n;
  await collector.start();
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest.for(PROTOCOLS)(
  "all that happened during an outage arrives, object by object in order, by %s",
  async (protocol) => {
    await eventually(() => {
      expect(tellings(protocol)).toEqual(Object.fromEntries(written));
    });

    const copies = Map.groupBy(logsOf(protocol), uidOf);
    for (const [first, ...others] of copies.values())
      for (const other of others) expect(other.raw).toBe(first?.raw);
    for (const log of logsOf(protocol))
      expect(log.observedTimeUnixNano).toBeLessThan(endOfOutageNano);
  },
);

serverTest.for(PROTOCOLS)(
  "gauges after an outage are the then current ones, by %s",
  async (protocol) => {
    const expected = LIVING.map((name) => ({
      name,
      phases: [LAST_PHASE],
      generation: [machines.get(name)?.metadata.generation],
    }));

    await eventually(() => {
      const shown = LIVING.map((name) => ({
        name,
        phases: livingSeries(protocol, name, "lifeline.object.phase").map(
          ({ attributes }) => attributes["phase"],
        ),
        generation: livingSeries(protocol, name, "lifeline.object.generation").map(
          ({ value }) => value,
        ),
      }));
      expect(shown).toEqual(expected);
    });

    const phasesAfter = pointsOf(protocol)
      .filter((point) => point.requestIndex >= firstRequestAfter)
      .filter(({ name, flags }) => name === "lifeline.object.phase" && flags !== SERIES_ENDED)
      .map(({ attributes }) => attributes["phase"]);
    expect(new Set(phasesAfter)).toEqual(new Set([LAST_PHASE]));
  },
);

serverTest.for(PROTOCOLS)(
  "every series of an object that went during an outage ends, and one that came and went shows no value, by %s",
  async (protocol) => {
    await eventually(() => {
      for (const name of GONE) expect(livingSeries(protocol, name)).toEqual([]);
    });

    const fleeting = pointsOf(protocol).filter(
      ({ attributes }) => attributes["k8s.object.name"] === "fleeting",
    );
    expect(fleeting.filter(({ flags }) => flags !== SERIES_ENDED)).toEqual([]);
  },
);

/** Round by round over most of the outage: objects change, come, go, and come again. */
async function changeEverything(): Promise<void> {
  for (const [round, phase] of PHASES.entries()) {
    if (round === 1) await remove("early-doomed");
    if (round === 2) await create("newborn");
    if (round === 3) await create("fleeting");
    if (round === 4) await remove("fleeting");
    if (round === 4) await remove("reborn");
    if (round === 5) await create("reborn");
    for (const name of [...LIVING, "late-doomed"])
      if (machines.has(name)) await advance(name, { round, phase });
    await sleep(OUTAGE_MS / 10);
  }
  await remove("late-doomed");
}

function machine(name: string): NewObject {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "Machine",
    metadata: { name, namespace: NAMESPACE },
    spec: { size: 0 },
  };
}

async function create(name: string): Promise<void> {
  note(await admin.create(machine(name)), "created");
  await setPhase(name, "Starting");
}

async function setPhase(name: string, phase: string): Promise<void> {
  const object = await admin.patchStatus(machine(name), { phase });
  machines.set(name, object);
  note(object, "phase_changed");
}

async function advance(
  name: string,
  { round, phase }: { readonly round: number; readonly phase: string },
): Promise<void> {
  note(await admin.patch(machine(name), { spec: { size: round + 1 } }), "updated");
  await setPhase(name, phase);
}

async function remove(name: string): Promise<void> {
  const object = machines.get(name);
  await admin.delete(machine(name));
  machines.delete(name);
  if (object !== undefined) note(object, "deleted");
}

function note({ metadata }: KubeObject, action: string): void {
  const key = `${metadata.name} ${metadata.uid}`;
  const actions = written.get(key) ?? [];
  written.set(key, [
    ...actions,
    action === "deleted" ? action : `${action} ${metadata.resourceVersion}`,
  ]);
}

async function start(
  protocol: Protocol,
  watching: Readonly<Record<string, string>>,
): Promise<Lifeline> {
  const endpoint = protocol === "grpc" ? collector.grpcEndpoint : collector.httpEndpoint;
  return await startLifeline({
    env: {
      ...watching,
      LIFELINE_METRIC_INTERVAL: "500ms",
      LIFELINE_METRIC_HEARTBEAT: "1s",
      OTEL_SERVICE_NAME: protocol,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    },
  });
}

/** Records of what was written since the outage began, repetitions included, in order of arrival. */
function logsOf(protocol: Protocol): readonly LogEntry[] {
  const actions = new Set(["created", "updated", "phase_changed", "deleted"]);
  return collector.received
    .logs()
    .filter(({ resource }) => resource["service.name"] === protocol)
    .filter((log) => actions.has(textAttribute(log, "lifeline.action")));
}

function uidOf(log: LogEntry): string {
  return textAttribute(log, "log.record.uid");
}

function showsAll(protocol: Protocol): boolean {
  return [...STEADY, ...GONE].every((name) => livingSeries(protocol, name).length > 0);
}

/** As `written`, of the first copy of each record. */
function tellings(protocol: Protocol): Readonly<Record<string, readonly string[]>> {
  const firsts = [...Map.groupBy(logsOf(protocol), uidOf).values()].flatMap(
    ([first]) => first ?? [],
  );
  const told: Record<string, string[]> = {};
  for (const log of firsts) {
    const key = `${textAttribute(log, "k8s.object.name")} ${textAttribute(log, "k8s.object.uid")}`;
    const action = textAttribute(log, "lifeline.action");
    const version = textAttribute(log, "k8s.object.resource_version");
    (told[key] ??= []).push(action === "deleted" ? action : `${action} ${version}`);
  }
  return told;
}

function pointsOf(protocol: Protocol): readonly MetricPoint[] {
  return collector.received
    .points()
    .filter(({ resource }) => resource["service.name"] === protocol);
}

/** The last point of each series of an object that has not ended. */
function livingSeries(protocol: Protocol, object: string, metric?: string): readonly MetricPoint[] {
  const last = new Map<string, MetricPoint>();
  for (const point of pointsOf(protocol)) {
    if (point.attributes["k8s.object.name"] !== object) continue;
    if (metric !== undefined && point.name !== metric) continue;
    last.set(`${point.name} ${JSON.stringify(point.attributes)}`, point);
  }
  return [...last.values()].filter(({ flags }) => flags !== SERIES_ENDED);
}
