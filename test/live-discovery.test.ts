import { afterAll, beforeAll, expect } from "vitest";
import { fieldAt, isMap, type JsonMap } from "../src/util/json.ts";
import { definition } from "./support/definition.ts";
import { complaints } from "./support/own-messages.ts";
import { probe } from "./support/probe.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { NewObject } from "./testbed/admin-client.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import { type Lifeline, startLifeline } from "./testbed/lifeline.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";
import { grantRights } from "./testbed/rights.ts";
import { createTemporaryDirectory } from "./testbed/temporary-directory.ts";

const WATCHING = ["list", "watch"];
/** OTLP flag bit 1: no recorded value. */
const SERIES_ENDED = 1;
/** Each test waits for most of its time, with a group and a user of its own. */
const TOGETHER = { concurrent: true };

let cluster: Cluster;
let collector: Collector;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  collector = servers.use(await startCollector());
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest(
  "G04 CRD created, G05 deleted, G06 recreated: its objects are told from the first on, all deleted, and anew",
  TOGETHER,
  async () => {
    const group = "come-and-go.example.com";
    await using lifeline = await start(group, await userWithAllOf(group));
    const crd = definition({ group, kind: "Boat", plural: "boats" });

    await cluster.admin.apply(crd);
    await create(group, "first");
    await eventually(() => expect(story(group)).toEqual(["created first"]));
    await eventually(() => expect(liveNames(group)).toEqual(["first"]));
    await removeDefinition(group, "boats");
    await eventually(() => expect(story(group)).toEqual(["created first", "deleted first"]));
    await eventually(() => expect(liveNames(group)).toEqual([]));
    await eventually(() => expect(messages(lifeline)).toContain(gone(`boats.${group}`)));
    await cluster.admin.apply(crd);
    await create(group, "first");
    await eventually(() =>
      expect(story(group)).toEqual(["created first", "deleted first", "created first"]),
    );

    expect(uidsOf(group).size).toBe(2);
    expect((await probe(lifeline, "/readyz")).status).toBe(200);
    await removeDefinition(group, "boats");
  },
);

serverTest(
  "G05 CRD deleted while nobody ran: the next run tells its objects deleted, for the reason that their kind is gone",
  TOGETHER,
  async () => {
    const group = "gone-while-down.example.com";
    const kubeconfig = await userWithAllOf(group);
    await using directory = await createTemporaryDirectory("live-discovery");
    await cluster.admin.apply(definition({ group, kind: "Boat", plural: "boats" }));
    {
      await using first = await start(group, kubeconfig, { stateDir: directory.path });
      await create(group, "left");
      await eventually(() => expect(story(group)).toEqual(["created left"]));
      await first.stop();
    }

    await removeDefinition(group, "boats");
    await using second = await start(group, kubeconfig, { stateDir: directory.path });
    await eventually(() => expect(story(group)).toEqual(["created left", "deleted left"]));

    expect(messages(second)).toContain(gone(`boats.${group}`));
    const deleted = logsOf(group).find(({ eventName }) => eventName === "lifeline.object.deleted");
    expect(deleted?.body).toContain("is gone with its kind");
  },
);

serverTest(
  "G07 CRD version change: the kind goes on under its other version, and nobody hears of a deletion or a change",
  TOGETHER,
  async () => {
    const group = "versions.example.com";
    await cluster.admin.apply(withVersions(group, { v1: true }));
    await using lifeline = await start(group, await userWithAllOf(group));
    await create(group, "old");
    await eventually(() => expect(story(group)).toEqual(["created old"]));

    await cluster.admin.apply(withVersions(group, { v1: true, v2: true }));
    await eventually(() => expect(restarts(lifeline)).toHaveLength(1));
    await create(group, "between", "v2");
    await eventually(() => expect(story(group)).toEqual(["created old", "created between"]));
    await cluster.admin.apply(withVersions(group, { v1: true, v2: false }));
    await eventually(() => expect(restarts(lifeline)).toHaveLength(2));
    await create(group, "new");

    const expected = ["old", "between", "new"].map((name) => `created ${name}`);
    await eventually(() => expect(story(group)).toEqual(expected));
    const versions = logsOf(group)
      .filter(({ eventName }) => eventName === "lifeline.object.created")
      .map((record) => textAttribute(record, "k8s.object.api_version"));
    expect(versions).toEqual(["v1", "v2", "v1"].map((version) => expect.stringContaining(version)));
    await eventually(() => expect(liveNames(group)).toEqual(["between", "new", "old"]));
    expect(await lifeline.stop()).toEqual({ code: 0, signal: null });
    expect(story(group)).toEqual(expected);
  },
);

serverTest(
  "G11 RBAC denies one GVR, and allows it later: it is said once, shown, and watched without a restart",
  TOGETHER,
  async () => {
    const group = "granted.example.com";
    const name = `boats.${group}`;
    const user = `user-of-${group}`;
    await cluster.admin.apply(definition({ group, kind: "Boat", plural: "boats" }));
    await using lifeline = await start(group, await cluster.writeKubeconfig(user), {
      LIFELINE_RESOURCES: `*.${group}`,
    });
    const before = await probe(lifeline, "/readyz");

    await grantRights(cluster.admin, user, {
      rules: [{ apiGroups: [group], resources: ["boats"], verbs: WATCHING }],
    });
    await eventually(() => expect(messages(lifeline)).toContain(`Synced ${name}: 0 objects`));
    await create(group, "seen");
    await eventually(() => expect(story(group)).toEqual(["created seen"]));

    expect(before).toEqual({
      status: 200,
      text: `ok\n${name} is not allowed: needs "list" and "watch" on "${name}"\n`,
    });
    expect(await probe(lifeline, "/readyz")).toEqual({ status: 200, text: "ok\n" });
    expect(messages(lifeline)).toContain(`Allowed to watch ${name} now`);
    expect(complaints(lifeline).filter((text) => text.includes(name))).toHaveLength(1);
  },
);

serverTest(
  "without leave to watch CRDs kinds are found, too, and with leave that comes later at once",
  TOGETHER,
  async () => {
    const group = "polled.example.com";
    const user = `user-of-${group}`;
    await grantRights(cluster.admin, user, {
      rules: [{ apiGroups: [group], resources: ["*"], verbs: WATCHING }],
    });
    await using lifeline = await start(group, await cluster.writeKubeconfig(user));
    await allowCrds(user);
    await cluster.admin.apply(definition({ group, kind: "Boat", plural: "boats" }));

    await create(group, "seen");

    await eventually(() => expect(story(group)).toEqual(["created seen"]));
    expect(complaints(lifeline).filter((text) => text.includes("list CRDs"))).toHaveLength(1);
  },
);

/** Runs under that name as the cluster's, so that the records of each test can be told apart; ready. */
async function start(
  name: string,
  kubeconfig: string,
  { stateDir, ...env }: Readonly<Record<string, string>> = {},
): Promise<Lifeline> {
  return await startLifeline({
    env: {
      KUBECONFIG: kubeconfig,
      LIFELINE_RESOURCES: "customresources",
      LIFELINE_CLUSTER_NAME: name,
      LIFELINE_METRIC_INTERVAL: "200ms",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
      ...env,
    },
    ...(stateDir === undefined ? {} : { stateDir }),
  });
}

/** A user who may watch whatever comes to be in that group, and CRDs. */
async function userWithAllOf(group: string): Promise<string> {
  const user = `user-of-${group}`;
  await allowCrds(user);
  await grantRights(cluster.admin, user, {
    rules: [{ apiGroups: [group], resources: ["boats"], verbs: WATCHING }],
  });
  return await cluster.writeKubeconfig(user);
}

async function allowCrds(user: string): Promise<void> {
  const resources = ["customresourcedefinitions"];
  await grantRights(cluster.admin, user, {
    rules: [{ apiGroups: ["apiextensions.k8s.io"], resources, verbs: WATCHING }],
  });
}

async function create(group: string, name: string, version = "v1"): Promise<void> {
  const metadata = { name, namespace: "default" };
  await cluster.admin.create({
    apiVersion: `${group}/${version}`,
    kind: "Boat",
    metadata,
    spec: {},
  });
}

/** A CRD of boats; of each version whether it is served. The first is stored. */
function withVersions(group: string, served: Readonly<Record<string, boolean>>): NewObject {
  const crd = definition({ group, kind: "Boat", plural: "boats" });
  const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const versions = Object.entries(served).map(([name, isServed], index) => ({
    name,
    served: isServed,
    storage: index === 0,
    subresources: { status: {} },
    schema: { openAPIV3Schema: schema },
  }));
  return { ...crd, spec: { ...mapAt(crd, "spec"), versions } };
}

function mapAt(value: unknown, field: string): JsonMap {
  const map = fieldAt(value, field);
  return isMap(map) ? map : {};
}

async function removeDefinition(group: string, plural: string): Promise<void> {
  await cluster.admin.delete({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
  });
}

function logsOf(name: string): ReturnType<Collector["received"]["logs"]> {
  return collector.received
    .logs()
    .filter(
      ({ resource, scope, eventName }) =>
        resource["k8s.cluster.name"] === name &&
        scope.name === "kube-lifeline" &&
        eventName.startsWith("lifeline.object."),
    );
}

/** `action name` of each record. */
function story(name: string): readonly string[] {
  return logsOf(name).map(
    (record) =>
      `${textAttribute(record, "lifeline.action")} ${textAttribute(record, "k8s.object.name")}`,
  );
}

function uidsOf(name: string): ReadonlySet<string> {
  return new Set(logsOf(name).map((record) => textAttribute(record, "k8s.object.uid")));
}

/** The names of the objects of which series live at the collector. */
function liveNames(name: string): readonly string[] {
  const ended = new Map<string, boolean>();
  const points = collector.received
    .points()
    .filter(
      (point) =>
        point.attributes["k8s.cluster.name"] === name && point.name === "lifeline.object.info",
    );
  for (const point of points)
    ended.set(textAttribute(point, "k8s.object.name"), point.flags === SERIES_ENDED);
  return [...ended].flatMap(([object, isEnded]) => (isEnded ? [] : [object])).toSorted();
}

function messages(lifeline: Lifeline): readonly string[] {
  return lifeline.stderrRecords().map(({ message }) => String(message));
}

function restarts(lifeline: Lifeline): readonly string[] {
  return messages(lifeline).filter((text) =>
    text.includes("what is known of its kind has changed"),
  );
}

function gone(name: string): string {
  return `The API server no longer serves ${name}: its objects are gone`;
}
