import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect } from "vitest";
import {
  DEFINITIONS,
  GAUGED,
  GROUP,
  ITEM,
  LENGTHY,
  NAMESPACE,
  oddity,
  ODDITY,
} from "./oddities/kinds.ts";
import { postJson } from "./oddities/post-json.ts";
import { recordBytes } from "./oddities/record-size.ts";
import { ready, STATUS_SHAPES } from "./oddities/status-shapes.ts";
import { type Told, toldTo } from "./oddities/told.ts";
import { diffOf } from "./support/diff-of.ts";
import { complaints } from "./support/own-messages.ts";
import { textAttribute } from "./support/text-attribute.ts";
import type { AdminClient, NewObject } from "./testbed/admin-client.ts";
import type { Collector } from "./testbed/collector.ts";
import type { Cluster } from "./testbed/control-plane.ts";
import { eventually } from "./testbed/eventually.ts";
import { type Lifeline, startLifeline } from "./testbed/lifeline.ts";
import { withPrintedRoles } from "./testbed/printed-roles.ts";
import { connectSharedCluster, serverTest, startCollector } from "./testbed/real-servers.ts";

let cluster: Cluster;
let admin: AdminClient;
let collector: Collector;
let lifeline: Lifeline;
let told: Told;
let onConsole: Lifeline;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  cluster = servers.use(await connectSharedCluster());
  ({ admin } = cluster);
  collector = servers.use(await startCollector());
  told = toldTo(collector, "oddities");
  await admin.createNamespace(NAMESPACE);
  await Promise.all(DEFINITIONS.map((crd) => admin.apply(crd)));
  const resources = `*.${GROUP},!items.*,*.${LENGTHY.group},controllerrevisions.apps`;
  [lifeline, onConsole] = await Promise.all([
    start("oddities", { LIFELINE_RESOURCES: resources }),
    start("console", {
      LIFELINE_RESOURCES: resources,
      OTEL_LOGS_EXPORTER: "console",
      OTEL_METRICS_EXPORTER: "console",
    }),
  ]);
  servers.use(lifeline);
  servers.use(onConsole);
});

afterAll(async () => {
  await servers.disposeAsync();
});

serverTest("objects of a megabyte give records within their bounds, and all gauges", async () => {
  const chunks = Array.from({ length: 20 }, (_, index) => String(index % 10).repeat(50_000));
  const large = oddity(ODDITY, "large", { spec: { size: 1, chunks } });
  const entries = Array.from({ length: 5000 }, (_, index) => [`key-${index}`, { value: "a" }]);
  const wide = oddity(ODDITY, "wide", { spec: Object.fromEntries(entries) });
  await admin.create(large);
  await admin.create(wide);

  await admin.patch(large, { spec: { size: 2 } });
  await admin.patch(large, [{ op: "replace", path: "/spec/chunks/7", value: "🎉".repeat(12_500) }]);
  await admin.patch(wide, {
    spec: Object.fromEntries(entries.map(([key]) => [key, { value: "b" }])),
  });
  await eventually(() => expect(told.records("wide", "updated")).toHaveLength(1));

  const [small, cut] = told.records("large", "updated");
  expect(diffOf(small)).toEqual([{ path: "spec.size", before: 1, after: 2 }]);
  expect(small?.attributes).not.toHaveProperty("lifeline.change.truncated");
  expect(diffOf(cut)).toEqual([
    {
      path: "spec.chunks[7]",
      before: expect.stringMatching(/^7+….*50000 bytes/),
      after: expect.stringMatching(/^(🎉)+….*50000 bytes/u),
    },
  ]);
  expect(cut?.attributes["lifeline.change.truncated"]).toBe(true);
  const [all] = told.records("wide", "updated");
  expect(all?.attributes["lifeline.change.paths"]).toHaveLength(20);
  expect(all?.attributes["lifeline.change.truncated"]).toBe(true);
  expect(diffOf(all)[0]).toEqual({ path: "spec.key-0.value", before: "a", after: "b" });
  for (const name of ["large", "wide"])
    await eventually(() => expect(told.gauges(name, "lifeline.object.healthy")).not.toEqual([]));
});

serverTest("names as long as the API server takes them arrive whole", async () => {
  const { group, kind } = LENGTHY;
  const namespace = "n".repeat(63);
  const name = `${"a".repeat(251)}.z`;
  const label = `${"p".repeat(61)}.${"q".repeat(61)}.${"r".repeat(61)}.${"s".repeat(61)}.tuv/${"t".repeat(63)}`;
  const finalizer = `${"f".repeat(253)}/${"x".repeat(63)}`;
  await admin.createNamespace(namespace);
  const object = {
    apiVersion: `${group}/v1`,
    kind,
    metadata: {
      name,
      namespace,
      labels: { [label]: "v".repeat(63) },
      annotations: { [label]: "old" },
      finalizers: [finalizer],
    },
    spec: {},
  };
  await admin.create(object);
  await eventually(() => expect(told.records(name, "created")).toHaveLength(1));
  const [healthy] = await eventually(() => {
    const series = told.gauges(name, "lifeline.object.healthy");
    expect(series).toHaveLength(1);
    return series;
  });

  await admin.patch(object, { metadata: { annotations: { [label]: "new" } } });
  await admin.delete(object);
  await admin.patch(object, { metadata: { finalizers: null } });
  await eventually(() => expect(told.records(name, "deleted")).toHaveLength(1));

  const [created] = told.records(name, "created");
  expect(created?.attributes).toMatchObject({
    "k8s.object.name": name,
    "k8s.object.group": group,
    "k8s.object.kind": kind,
    "k8s.object.api_version": expect.stringContaining("v1"),
    "lifeline.labels": JSON.stringify({ [label]: "v".repeat(63) }),
  });
  expect(created?.resource["k8s.namespace.name"]).toBe(namespace);
  expect(healthy?.attributes).toMatchObject({
    "k8s.object.name": name,
    "k8s.object.group": group,
    "k8s.object.kind": kind,
    "k8s.namespace.name": namespace,
  });
  const [updated] = told.records(name, "updated");
  expect(diffOf(updated)).toEqual([
    { path: expect.stringContaining("p".repeat(61)), before: "old", after: "new" },
  ]);
  const [deleting] = told.records(name, "deleting");
  expect(JSON.stringify(deleting?.attributes)).toContain(finalizer);
  await eventually(() => expect(told.gauges(name, "lifeline.object.healthy")).toEqual([]));
});

serverTest("any character that the API server takes arrives as valid UTF-8", async () => {
  const words = {
    emoji: "👩‍👩‍👧‍👦 🎉 🇩🇪",
    rightToLeft: "مرحبا \u202Eevil\u202C שלום",
    combining: "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    controls: "\u0000\u0007\u001B[2J\u001B]0;title\u0007\u009B31m\u007F\r\n\tend",
    separators: "a\u2028b\u2029c\uFEFFd\u00A0e",
    noncharacters: "\uFFFE\uFFFF\u{1FFFF}\u{10FFFF}",
    surrogates: "\uD800 \uDC00 x\uD83D",
  };
  const object = oddity(ODDITY, "unicode", {
    metadata: { annotations: words },
    spec: { "ключ \u001B[1m": "before" },
  });
  await admin.create(object);
  const condition = { type: "準備 \u001B[5m", status: "True", reason: words.rightToLeft };

  await admin.patch(object, { spec: { "ключ \u001B[1m": words.controls } });
  await admin.patch(object, { metadata: { annotations: { emoji: words.surrogates } } });
  await admin.patchStatus(object, {
    phase: words.emoji,
    conditions: [{ ...condition, message: `.${"🎉".repeat(400)}` }],
    ...words,
  });
  await eventually(() => expect(told.records("unicode", "condition_changed")).toHaveLength(1));

  const [spec, annotation] = told.records("unicode", "updated");
  expect(diffOf(spec)).toEqual([
    { path: expect.stringContaining("ключ"), before: "before", after: words.controls },
  ]);
  expect(diffOf(annotation)).toEqual([
    {
      path: "metadata.annotations.emoji",
      before: words.emoji,
      after: words.surrogates.toWellFormed(),
    },
  ]);
  const [changed] = told.records("unicode", "condition_changed");
  expect(changed?.attributes).toMatchObject({
    "lifeline.condition.type": condition.type,
    "lifeline.condition.reason": words.rightToLeft,
    "lifeline.condition.message": expect.stringMatching(/^\.(🎉)+…$/u),
  });
  const [phase] = told.records("unicode", "phase_changed");
  expect(phase?.attributes["lifeline.phase"]).toBe(words.emoji);
  await eventually(() =>
    expect(told.gauges("unicode", "lifeline.object.phase")[0]?.attributes["phase"]).toBe(
      words.emoji,
    ),
  );
  expect(told.gauges("unicode", "lifeline.object.condition")[0]?.attributes["condition"]).toBe(
    condition.type,
  );
  await eventually(() => expect(onConsole.stdoutLines.join("\n")).toContain("condition"));
});

serverTest(
  "numbers, quantities and times in a status are gauges, printer columns first",
  async () => {
    const status = {
      counts: { ready: 2 },
      lastBackup: "2026-01-02T03:04:05Z",
      level: "4.5",
      words: "7",
      list: [{ size: 9 }],
      big: 2 ** 53 + 2,
      cpu: "500m",
      memory: "1Gi",
      negative: -7,
      ratio: 0.25,
      startedAt: "2026-01-02T03:04:05.5Z",
      zero: 0,
    };
    const none = {
      exponent: "2e3",
      version: "4.4",
      build: "1789",
      timeout: "5m",
      day: "2026-01-02",
      hash: "12ab",
      flag: true,
      nothing: null,
      observedGeneration: 1,
      id: 12,
      volumeId: 13,
      parentUID: 14,
      nested: { count: 3 },
      text: "three",
    };
    const many = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`n${String(index).padStart(2, "0")}`, index]),
    );
    const cases = [
      { object: oddity(GAUGED, "gauged"), status: { ...none, ...status } },
      {
        object: oddity(ODDITY, "plain"),
        status: { ...none, huge: 1e300, big: 9_007_199_254_740_992 },
      },
      { object: oddity(GAUGED, "many"), status: { ...many, counts: { ready: 1 } } },
    ];
    for (const { object, status: its } of cases) {
      await admin.create(object);
      await admin.patchStatus(object, its);
    }

    await eventually(() => expect(told.statusGauges("many")).toHaveProperty("n00"));

    expect(told.statusGauges("gauged")).toEqual({
      counts_ready: [2, ""],
      last_backup: [1_767_323_045, "s"],
      level: [4.5, ""],
      big: [2 ** 53 + 2, ""],
      cpu: [0.5, ""],
      memory: [2 ** 30, ""],
      negative: [-7, ""],
      ratio: [0.25, ""],
      started_at: [1_767_323_045.5, "s"],
      zero: [0, ""],
    });
    expect(told.statusGauges("plain")).toEqual({ big: [2 ** 53, ""], huge: [1e300, ""] });
    expect(Object.keys(told.statusGauges("many")).toSorted()).toEqual([
      "counts_ready",
      ...Array.from({ length: 9 }, (_, index) => `n0${index}`),
    ]);
  },
);

serverTest.for(STATUS_SHAPES)(
  "a status may be %s",
  async ([what, before, after, expected, conditions = []]) => {
    const name = what.replaceAll(" ", "-");
    const object = oddity(ODDITY, name, { spec: {} });
    await admin.create(object);
    await setStatus(object, before);
    await setStatus(object, after);
    await admin.patch(object, { spec: { done: true } });

    await eventually(() => expect(told.records(name, "updated")).toHaveLength(1));
    await eventually(() => {
      expect(told.gauges(name, "lifeline.object.health")).toHaveLength(1);
      const series = told.gauges(name, "lifeline.object.condition");
      expect(series.map(({ attributes }) => attributes["condition"])).toEqual(conditions);
    });

    const actions = told.records(name).map(({ attributes }) => attributes["lifeline.action"]);
    expect(actions).toEqual(["created", ...expected, "updated"]);
  },
);

serverTest("a change under 5,000 levels of nesting is told", async () => {
  const collection = `/apis/${GROUP}/v1/namespaces/${NAMESPACE}/curiosities`;
  const spec = `${'{"d":'.repeat(5000)}"bottom"${"}".repeat(5000)}`;
  const deep = JSON.stringify(oddity(ODDITY, "deep", { spec: 0 })).replace(
    '"spec":0',
    `"spec":${spec}`,
  );
  const created = await postJson(cluster.address, collection, deep);
  expect(created).toMatchObject({ status: 201 });

  const path = `/spec${"/d".repeat(5000)}`;
  await admin.request("PATCH", `${collection}/deep`, {
    body: [{ op: "replace", path, value: "after" }],
    contentType: "application/json-patch+json",
  });

  const [record] = await eventually(() => {
    const found = told.records("deep", "updated");
    expect(found).toHaveLength(1);
    return found;
  });
  // What is below 100 levels is compared, but told as a mark.
  expect(diffOf(record)).toEqual([
    {
      path: expect.stringMatching(/^spec(\.d){50}/),
      before: { d: expect.stringMatching(/^\[redacted:....\]$/) },
      after: { d: expect.stringMatching(/^\[redacted:....\]$/) },
    },
  ]);
});

serverTest(
  "fields called as those that writers are known by are fields like any other",
  async () => {
    const writers = [{ manager: "none", fieldsV1: { "f:spec": {}, b: { c: "before" } } }];
    const spec = {
      fieldsV1: { "f:a": {} },
      metadata: { managedFields: writers },
      "a<b>&c": "before",
    };
    const object = oddity(ODDITY, "fields", { spec });
    await admin.create(object);

    await admin.patch(object, { spec: { fieldsV1: { "f:a": { "f:b": {} } }, "a<b>&c": "after" } });
    await admin.patch(object, [
      { op: "replace", path: "/spec/metadata/managedFields/0/fieldsV1/b/c", value: "after" },
    ]);
    await eventually(() => expect(told.records("fields", "updated")).toHaveLength(2));

    expect(told.records("fields", "updated").map(diffOf)).toEqual([
      [
        { path: 'spec["a<b>&c"]', before: "before", after: "after" },
        { path: 'spec.fieldsV1["f:a"]["f:b"]', after: {} },
      ],
      [
        {
          path: "spec.metadata.managedFields[0].fieldsV1.b.c",
          before: "before",
          after: "after",
        },
      ],
    ]);
  },
);

serverTest("no object can be written so that it is taken for another", async () => {
  const collection = `/apis/apps/v1/namespaces/${NAMESPACE}/controllerrevisions`;
  const revision = { apiVersion: "apps/v1", kind: "ControllerRevision" };
  const metadata = { name: "its-own", namespace: NAMESPACE };
  // The API server hands `data` out as it was sent, this escape too.
  const writers = '"managedFields":[{"fields\\u00561":""},{"fields\\u00561":""}]';
  const data =
    '{"a":{"fieldsV1":{"f:a":{},"b":1}},' +
    `"metadata":{"name":"another","uid":"u","resourceVersion":"1","namespace":"default",${writers}},` +
    '"fieldsV1":{}}';
  const text = JSON.stringify({ ...revision, metadata, revision: 1, data: 0 });
  const created = await postJson(
    cluster.address,
    collection,
    text.replace('"data":0', `"data":${data}`),
  );
  expect(created).toMatchObject({ status: 201 });

  await admin.patch({ ...revision, metadata }, { metadata: { managedFields: [{}] } });
  await admin.patch({ ...revision, metadata }, { revision: 2 });
  await eventually(() => expect(told.records("its-own", "updated")).not.toEqual([]));

  expect(told.records("another")).toEqual([]);
});

serverTest("each of 200 conditions is told when it changes", async () => {
  const object = oddity(ODDITY, "many-conditions", { spec: {} });
  await admin.create(object);
  await admin.patchStatus(object, { conditions: checks("False") });
  await admin.patchStatus(object, { conditions: checks("True").toReversed() });

  const changes = await eventually(() => {
    const found = told.records("many-conditions", "condition_changed");
    expect(found).toHaveLength(400);
    return found;
  });

  const transitions = changes.map(
    ({ attributes }) =>
      `${textAttribute({ attributes }, "lifeline.condition.type")}=${textAttribute({ attributes }, "lifeline.condition.status")}`,
  );
  expect(new Set(transitions).size).toBe(400);
});

serverTest("5,000 objects that change while they are listed are all there, each once", async () => {
  const all = Array.from({ length: 5000 }, (_, index) => `item-${String(index).padStart(4, "0")}`);
  await inParallel(all, createItem);
  const changed = all.filter((_, index) => index % 50 === 0);
  const removed = all.filter((_, index) => index % 250 === 7);
  const added = removed.map((item) => `${item}-new`);

  const resources = { LIFELINE_RESOURCES: `items.${GROUP}`, LIFELINE_INITIAL: "all" };
  await using lister = await start("items", resources, { untilReady: false });
  await Promise.all([
    inParallel(changed, changeItem),
    inParallel(removed, (item) => admin.delete(oddity(ITEM, item))),
    inParallel(added, createItem),
  ]);
  await lister.untilReady();

  const items = toldTo(collector, "items");
  const present = [...all.filter((item) => !removed.includes(item)), ...added].toSorted();
  await eventually(() => {
    const alive = new Set(items.names("observed", "created"));
    for (const gone of items.names("deleted")) alive.delete(gone);
    expect([...alive].toSorted()).toEqual(present);
  });
  expect(await lister.stop()).toEqual({ code: 0, signal: null });
  for (const names of [items.names("observed", "created"), items.names("status_updated")])
    expect(names).toEqual([...new Set(names)]);
  expect(items.liveNames("lifeline.object.healthy")).toEqual(present);
  expect(items.liveNames("lifeline.object.status.n")).toEqual(changed);
  expect(complaints(lister)).toEqual([]);
});

serverTest(
  "through all of this nothing was skipped, refused, too large, broken or a control",
  async () => {
    const statuses = await Promise.all([lifeline.stop(), onConsole.stop()]);

    expect(statuses).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    expect([...complaints(lifeline), ...complaints(onConsole)]).toEqual([]);
    for (const record of collector.received.logs()) {
      expect(recordBytes(record)).toBeLessThanOrEqual(48 * 1024);
      expect(Object.keys(record.attributes).length).toBeLessThanOrEqual(40);
    }
    const decode = new TextDecoder("utf-8", { fatal: true });
    expect(() => decode.decode(readFileSync(collector.received.path))).not.toThrow();
    // oxlint-disable-next-line no-control-regex -- they are what this is about
    expect(onConsole.stdoutLines.join("")).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202E\u2028]/);
  },
);

async function start(
  name: string,
  env: Readonly<Record<string, string>>,
  options: Parameters<typeof startLifeline>[0] = {},
): Promise<Lifeline> {
  return await startLifeline({
    ...options,
    env: await withPrintedRoles(cluster, {
      LIFELINE_CLUSTER_NAME: name,
      LIFELINE_LOG_SEVERITY: "DEBUG",
      LIFELINE_METRIC_INTERVAL: "200ms",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpcEndpoint,
      ...env,
    }),
  });
}

async function createItem(name: string): Promise<void> {
  await admin.create(oddity(ITEM, name));
}

async function changeItem(name: string): Promise<void> {
  await admin.patchStatus(oddity(ITEM, name), { n: 1 });
}

function checks(status: string): readonly object[] {
  return Array.from({ length: 200 }, (_, index) => ({ ...ready(status), type: `Check${index}` }));
}

async function setStatus(object: NewObject, status: unknown): Promise<void> {
  const current = await admin.get(object);
  await admin.replace(
    {
      ...object,
      metadata: { ...object.metadata, resourceVersion: current.metadata.resourceVersion },
      status,
    },
    { subresource: "status" },
  );
}

async function inParallel(
  items: readonly string[],
  act: (item: string) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const work = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: 16 }, work));
}
