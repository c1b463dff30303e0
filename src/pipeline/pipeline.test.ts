import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { KindFacts, KubeObject } from "../cluster/kube-object.ts";
import { encodeLogs } from "../otlp/encode-logs.ts";
import { encodeTraces } from "../otlp/encode-traces.ts";
import { createOtlpMetricExporter } from "../otlp/metric-exporter.ts";
import type { SendResult } from "../otlp/transport.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { database, DATABASE_KIND, NOW_MS } from "../testing/kube-change.ts";
import {
  readExportRequest,
  type ReceivedPoint,
  type ReceivedRecord,
  type ReceivedSpan,
} from "../testing/otlp-receiver/received.ts";
import { foldSeries } from "../testing/otlp-receiver/series.ts";
import { createSteeredApiClient, type SteeredApiClient } from "../testing/steered-api-client.ts";
import { allObjects, openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { Pipeline } from "./pipeline.ts";
import type { PipelineReport } from "./report.ts";

const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };
const CONTEXT = { resource: {}, scope: { name: "test", version: "0" } };
const INTERVAL_MS = 5000;
const HEARTBEAT_MS = 60_000;

let temporary: TemporaryStore;
let clock: FakeClock;
let api: SteeredApiClient;
let reports: PipelineReport[];
let records: ReceivedRecord[];
let spans: ReceivedSpan[];
let points: ReceivedPoint[];
let answer: () => SendResult;
let random: () => number;
let outboxMaxBytes: number;
let life: Life | undefined;

type Life = { readonly pipeline: Pipeline; end(): Promise<void> };

beforeEach(() => {
  // No time slice is ever used up, so that everything happens within the turn that a test lets pass.
  vi.spyOn(performance, "now").mockReturnValue(0);
  temporary = openTemporaryStore();
  clock = createFakeClock(NOW_MS);
  api = createSteeredApiClient();
  reports = [];
  records = [];
  spans = [];
  points = [];
  answer = () => ACCEPTED;
  random = () => 0;
  outboxMaxBytes = 256 * 1024 ** 2;
});

afterEach(async () => {
  await life?.end();
  temporary[Symbol.dispose]();
  vi.restoreAllMocks();
});

/** A pipeline that runs, without watches; ended as the process ends it. */
function begin(): Life {
  const { store } = temporary;
  const pipeline = new Pipeline({
    client: api,
    store,
    redact: (one) => one,
    clock,
    random: () => random(),
    report: (report) => reports.push(report),
    reportCluster: () => undefined,
    active: () => true,
    clusterName: undefined,
    initial: "all",
    minimumSeverity: "DEBUG",
    metricIntervalMs: INTERVAL_MS,
    metricHeartbeatMs: HEARTBEAT_MS,
    stuckAfterMs: 600_000,
    outboxMaxBytes,
    logs: {
      encoding: "otlp",
      encode: (signals) => encodeLogs(signals, CONTEXT),
      transport: async (body) => {
        const result = answer();
        if (result.type === "accepted") records.push(...readExportRequest("logs", body).records);
        return result;
      },
    },
    traces: {
      encoding: "otlp",
      encode: (traces) => encodeTraces(traces, CONTEXT),
      transport: async (body) => {
        const result = answer();
        if (result.type === "accepted") spans.push(...readExportRequest("traces", body).spans);
        return result;
      },
    },
    tracing: { maxMs: 6 * 3_600_000, isSampled: () => true },
    metrics: createOtlpMetricExporter(async (body) => {
      const result = answer();
      if (result.type === "accepted") points.push(...readExportRequest("metrics", body).points);
      return result;
    }, CONTEXT),
  });
  const running = new AbortController();
  const deadline = new AbortController();
  const work = pipeline.run(running.signal, deadline.signal);
  life = {
    pipeline,
    async end() {
      life = undefined;
      await pipeline.watches.stopAll("the process stops");
      running.abort();
      await work;
      await pipeline.finish(deadline.signal);
    },
  };
  return life;
}

function watch({ pipeline }: Life, facts: KindFacts = DATABASE_KIND): void {
  const { group, resource } = facts;
  pipeline.watches.start({ key: { group, resource }, facts, includes: () => true });
}

function object(name: string, version: number, phase: string): KubeObject {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: String(version) };
  return database({ metadata, status: { phase } });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The series of objects that live in the receiver, as `name metric value`; only those that the phase decides. */
function livePhases(): readonly string[] {
  const { live } = foldSeries(points);
  return [...live.values()]
    .filter(({ metric }) => metric === "lifeline.object.phase")
    .map(
      ({ attributes }) => `${textOf(attributes["k8s.object.name"])} ${textOf(attributes["phase"])}`,
    )
    .toSorted();
}

function liveCounts(): readonly string[] {
  return [...foldSeries(points).live.values()]
    .filter(({ metric }) => metric === "lifeline.objects")
    .map(({ attributes, value }) => `${textOf(attributes["health"])} ${value}`)
    .toSorted();
}

function liveSeriesOf(name: string): number {
  const { live } = foldSeries(points);
  return [...live.values()].filter(({ attributes }) => attributes["k8s.object.name"] === name)
    .length;
}

/** What was told since the last asking, watches included, and where those stood. */
function actions(): readonly string[] {
  return records.splice(0).map(({ attributes }) => {
    const position = textOf(attributes["lifeline.watch.position"]);
    const changed = attributes["lifeline.synced.phase_changed"];
    const net = typeof changed === "bigint" ? `, ${changed} changed` : "";
    return `${textOf(attributes["lifeline.action"])}${position === "" ? "" : ` at ${position}`}${net}`;
  });
}

function story(): readonly string[] {
  return records.splice(0).flatMap(({ attributes }) => {
    const action = textOf(attributes["lifeline.action"]);
    return action === "synced" ? [] : [`${action} ${textOf(attributes["k8s.object.name"])}`];
  });
}

test("what a watch tells arrives as records at once and as series within an interval", async () => {
  const first = begin();
  api.objects = [object("a", 3, "Ready")];
  watch(first);
  await clock.advance(200);
  const early = [story(), livePhases()];

  await clock.advance(INTERVAL_MS);

  expect(early).toEqual([["observed a"], []]);
  expect(livePhases()).toEqual(["a Ready"]);
  expect([
    first.pipeline.stateFailure,
    [...first.pipeline.watches].map((one) => first.pipeline.objectsOf(one)),
  ]).toEqual([undefined, [1]]);
});

test("a changed phase's series ends with the next export, also when it changes on just before that", async () => {
  watch(begin());
  await clock.advance(0);
  api.say("ADDED", object("a", 3, "Pending"));
  await clock.advance(INTERVAL_MS);
  api.say("MODIFIED", object("a", 4, "Ready"));
  await clock.advance(INTERVAL_MS - 100);
  api.say("MODIFIED", object("a", 5, "Failed"));

  await clock.advance(INTERVAL_MS);

  expect(livePhases()).toEqual(["a Failed"]);
});

test("a deleted object's series all end within one interval, and nothing brings them back", async () => {
  watch(begin());
  await clock.advance(0);
  api.say("ADDED", object("a", 3, "Ready"));
  await clock.advance(INTERVAL_MS);
  const before = liveSeriesOf("a");
  api.say("DELETED", object("a", 4, "Ready"));

  await clock.advance(INTERVAL_MS);
  const after = liveSeriesOf("a");
  await clock.advance(2 * HEARTBEAT_MS);

  expect(before).toBeGreaterThan(4);
  expect([after, liveSeriesOf("a")]).toEqual([0, 0]);
});

test("of a deleted and recreated object the new one's series live", async () => {
  watch(begin());
  await clock.advance(0);
  api.say("ADDED", object("a", 3, "Ready"));
  await clock.advance(INTERVAL_MS);

  api.say("DELETED", object("a", 4, "Ready"));
  const { metadata, ...rest } = object("a", 5, "Pending");
  const creationTimestamp = new Date(clock.now()).toISOString();
  api.say("ADDED", { ...rest, metadata: { ...metadata, uid: "uid-new", creationTimestamp } });
  await clock.advance(INTERVAL_MS);

  expect(livePhases()).toEqual(["a Pending"]);
  expect(story()).toEqual([
    "created a",
    "phase_changed a",
    "deleted a",
    "created a",
    "phase_changed a",
  ]);
});

test("another API version ends the series that name the old one", async () => {
  watch(begin());
  await clock.advance(0);
  api.say("ADDED", object("a", 3, "Ready"));
  await clock.advance(INTERVAL_MS);

  api.say("MODIFIED", { ...object("a", 4, "Ready"), apiVersion: "custom.example.com/v2" });
  await clock.advance(INTERVAL_MS);

  const versions = [...foldSeries(points).live.values()].flatMap(
    ({ attributes }) => attributes["api_version"] ?? [],
  );
  expect(versions).toEqual(["custom.example.com/v2"]);
});

test("a stop ends no series, and sends what is left", async () => {
  const only = begin();
  watch(only);
  await clock.advance(0);
  api.say("ADDED", object("a", 3, "Ready"));
  api.say("ADDED", object("b", 4, "Ready"));
  await clock.advance(20_000);
  const before = [livePhases(), liveCounts()];
  story();
  api.say("MODIFIED", object("a", 5, "Failed"));
  await clock.advance(0);

  await only.end();

  expect(before).toEqual([["a Ready", "b Ready"], ["current 2"]]);
  expect([livePhases(), liveCounts()]).toEqual([
    ["a Failed", "b Ready"],
    ["current 1", "failed 1"],
  ]);
  expect([story(), temporary.store.outboxState().requests]).toEqual([
    ["phase_changed a", "health_changed a"],
    0,
  ]);
});

test("after an outage the states of the moment go out, once", async () => {
  watch(begin());
  await clock.advance(0);
  api.say("ADDED", object("a", 3, "Pending"));
  await clock.advance(INTERVAL_MS);
  answer = () => ({ type: "retryable", error: new Error("away") });
  for (let version = 4; version < 9; version += 1) {
    api.say("MODIFIED", object("a", version, `Phase${version}`));
    await clock.advance(INTERVAL_MS);
  }
  const known = points.length;
  answer = () => ACCEPTED;

  // As long as the next probe may be away.
  await clock.advance(3 * INTERVAL_MS);

  expect(livePhases()).toEqual(["a Phase8"]);
  const phases = points
    .slice(known)
    .filter(({ metric, isEnd }) => metric === "lifeline.object.phase" && !isEnd);
  expect(phases.map(({ attributes }) => attributes["phase"])).toEqual(["Phase8"]);
});

const POD_KIND: KindFacts = {
  group: "",
  version: "v1",
  kind: "Pod",
  resource: "pods",
  scope: "Namespaced",
  hasStatusSubresource: true,
  hints: { phases: [], printerColumns: [] },
};

/** A Pod that nobody can schedule is failed 15 s after its creation, by kstatus; no event says so. */
function unschedulablePod(): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      namespace: "default",
      uid: "uid-p",
      resourceVersion: "3",
      creationTimestamp: new Date(NOW_MS).toISOString().replace(".000", ""),
    },
    status: {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }],
    },
  };
}

test("time alone makes an object fail, and that is told", async () => {
  watch(begin(), POD_KIND);
  await clock.advance(0);
  api.say("ADDED", unschedulablePod());
  await clock.advance(14_000);
  const before = story();

  await clock.advance(2000);

  expect(before).not.toContain("health_changed p");
  expect(story()).toEqual(["health_changed p"]);
});

test("a deadline that passed while nobody ran is told once its watch has caught up, however late that is", async () => {
  const first = begin();
  watch(first, POD_KIND);
  await clock.advance(0);
  api.say("ADDED", unschedulablePod());
  await clock.advance(1000);
  await first.end();
  story();
  await clock.advance(60_000);

  const second = begin();
  await clock.advance(10_000);
  watch(second, POD_KIND);
  await clock.advance(10_000);
  const early = story();
  api.bookmark("8");
  await clock.advance(1000);

  expect(early).toEqual([]);
  expect(story()).toEqual(["health_changed p"]);
});

test("what became well while nobody ran is not called bad by a deadline that passed meanwhile", async () => {
  const first = begin();
  watch(first, POD_KIND);
  await clock.advance(0);
  api.say("ADDED", unschedulablePod());
  await clock.advance(1000);
  await first.end();
  story();
  await clock.advance(60_000);

  const second = begin();
  watch(second, POD_KIND);
  await clock.advance(1000);
  const { metadata } = unschedulablePod();
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  api.say("MODIFIED", database({ metadata: { ...metadata, resourceVersion: "9" }, status }));
  api.bookmark("9");
  await clock.advance(1000);

  const healths = records
    .map(({ attributes }) => textOf(attributes["lifeline.health"]))
    .filter((health) => health !== "");
  expect(healths).not.toContain("failed");
  expect(story()).toContain("health_changed p");
});

test("a deadline survives a stop that takes longer than it", async () => {
  const only = begin();
  watch(only, POD_KIND);
  await clock.advance(0);
  api.say("ADDED", unschedulablePod());
  await clock.advance(1000);

  await only.pipeline.watches.stopAll("the process stops");
  await clock.advance(20_000);
  await only.end();

  expect(allObjects(temporary.store)).toMatchObject([{ health: "failed" }]);
});

test("a row that no sense can be made of costs its own series, not the process", async () => {
  watch(begin());
  await clock.advance(0);
  api.say("ADDED", object("a", 3, "Ready"));
  api.say("ADDED", object("b", 4, "Ready"));
  await clock.advance(INTERVAL_MS);
  const [row] = allObjects(temporary.store);
  if (row !== undefined)
    temporary.store.commit({
      upserts: [{ ...row, metadata: "{" }],
      removals: [],
      positions: [],
      counterDeltas: [],
      requests: [],
      committedAtMs: 0,
    });

  await clock.advance(2 * HEARTBEAT_MS);

  expect(
    reports.flatMap((report) => (report.type === "object-skipped" ? [report.object] : []))[0],
  ).toBe("default/a");
  api.say("MODIFIED", object("b", 5, "Failed"));
  await clock.advance(INTERVAL_MS);
  expect(livePhases()).toContain("b Failed");
});

test("an outbox that is full tells the net changes once the collector takes what waits, and gauges meanwhile", async () => {
  outboxMaxBytes = 1000;
  watch(begin());
  await clock.advance(0);
  api.say("ADDED", object("a", 3, "Ready"));
  await clock.advance(INTERVAL_MS);
  story();
  answer = () => ({ type: "retryable", error: new Error("away") });
  for (const [index, phase] of ["Updating", "Starting", "Failed", "Active"].entries()) {
    api.say("MODIFIED", object("a", 4 + index, phase));
    await clock.advance(1000);
  }
  const isFull = reports.some(({ type }) => type === "outbox-full");

  answer = () => ACCEPTED;
  await clock.advance(INTERVAL_MS);

  expect(isFull).toBe(true);
  expect(livePhases()).toEqual(["a Active"]);
  const phases = records.map(({ attributes }) => attributes["lifeline.phase"]);
  expect(phases.filter((phase) => phase !== undefined)).toEqual(["Updating", "Active"]);
  expect(records.at(-1)?.attributes["lifeline.collapsed"]).toBeGreaterThan(1);
  expect(temporary.store.withheldCount).toBe(0);
});

test("a watch that goes blind stops its gauges and ends none; when it sees again that, and what changed, is told", async () => {
  random = () => 0.99;
  api.objects = [object("a", 3, "Pending"), object("b", 3, "Ready")];
  const only = begin();
  watch(only);
  await clock.advance(20_000);
  const before = [livePhases(), liveCounts()];
  const [first] = [...only.pipeline.watches];
  actions();

  // The connection is half open, and when that is noticed nobody answers.
  api.isAway = true;
  await clock.advance(5 * 60_000 - INTERVAL_MS);
  const blindFrom = points.length;
  await clock.advance(3 * 60_000);
  const whileBlind = points
    .slice(blindFrom)
    .filter(({ metric }) => metric.startsWith("lifeline.object"));
  const toldBlind = [actions(), first?.state, livePhases(), liveCounts()];
  api.isAway = false;
  await clock.advance(60_000);
  api.say("MODIFIED", object("a", 9, "Ready"));
  api.bookmark("10");
  await clock.advance(HEARTBEAT_MS + 15_000);

  expect(toldBlind).toEqual([["stale at 1"], "failed", ...before]);
  expect(whileBlind.filter(({ metric }) => metric !== "lifeline.object.changes")).toEqual([]);
  expect(actions()).toEqual(["phase_changed", "health_changed", "synced at 10, 1 changed"]);
  expect([livePhases(), liveCounts()]).toEqual([["a Ready", "b Ready"], ["current 2"]]);
  const sentOf = (name: string): number =>
    points.slice(blindFrom).filter(({ attributes }) => attributes["k8s.object.name"] === name)
      .length;
  expect(sentOf("b")).toBeGreaterThan(0);
});

test("a restart in the middle of work loses nothing of its trace, and its records had the id before it", async () => {
  const created = { creationTimestamp: new Date(clock.now()).toISOString() };
  const at = (version: number, phase: string): KubeObject => {
    const { metadata, ...rest } = object("a", version, phase);
    return { ...rest, metadata: { ...metadata, ...created } };
  };
  const first = begin();
  watch(first);
  await clock.advance(0);
  api.say("ADDED", at(3, "Pending"));
  await clock.advance(1_000);
  api.say("MODIFIED", at(4, "Provisioning"));
  await clock.advance(1_000);
  await first.end();

  watch(begin());
  await clock.advance(0);
  api.say("MODIFIED", at(5, "Ready"));
  await clock.advance(1_000);

  const [root, ...children] = spans;
  expect(root).toMatchObject({ name: "CustomDatabase converge", parentSpanId: "" });
  expect(children.map(({ name }) => name)).toEqual(["phase Pending", "phase Provisioning"]);
  const ofObject = records.filter(({ attributes }) => attributes["k8s.object.name"] === "a");
  expect(ofObject.length).toBeGreaterThan(2);
  expect(
    new Set(ofObject.map(({ traceId, spanId, flags }) => `${traceId} ${spanId} ${flags}`)),
  ).toEqual(new Set([`${root?.traceId} ${root?.spanId} 1`]));
});

test.each([
  ["before", ["child", "owner"]],
  ["after", ["owner", "child"]],
])("an owner's trace tells of its child, which came %s it", async (_when, order) => {
  watch(begin());
  await clock.advance(0);
  const created = { creationTimestamp: new Date(clock.now()).toISOString() };
  const reference = { apiVersion: "v1", kind: "CustomDatabase", name: "owner", uid: "uid-owner" };
  const at = (name: string, version: number, phase: string): KubeObject => {
    const { metadata, ...rest } = object(name, version, phase);
    const ownerReferences = name === "child" ? [{ ...reference, controller: true }] : [];
    return { ...rest, metadata: { ...metadata, ...created, ownerReferences } };
  };
  for (const [index, name] of order.entries()) api.say("ADDED", at(name, 3 + index, "Pending"));
  await clock.advance(3_000);
  api.say("MODIFIED", at("child", 5, "Ready"));
  await clock.advance(3_000);

  api.say("MODIFIED", at("owner", 6, "Ready"));
  await clock.advance(1_000);

  const owner = spans.find(({ attributes }) => attributes["k8s.object.name"] === "owner");
  const ofOwner = spans.filter(({ traceId }) => traceId === owner?.traceId);
  const child = ofOwner.find(({ name }) => name === "child CustomDatabase");
  const ofChild = spans.find(({ traceId }) => traceId === child?.links[0]?.traceId);
  expect(ofChild).toMatchObject({ name: "CustomDatabase converge", parentSpanId: "" });
  expect(ofChild?.attributes["k8s.object.name"]).toBe("child");
  expect(child?.links[0]?.spanId).toBe(ofChild?.spanId);
  expect(child?.parentSpanId).toBe(owner?.spanId);
});

test("the trace of an owner that is gone before it was ready tells of its child, too", async () => {
  watch(begin());
  await clock.advance(0);
  const created = { creationTimestamp: new Date(clock.now()).toISOString() };
  const reference = { apiVersion: "v1", kind: "CustomDatabase", name: "owner", uid: "uid-owner" };
  const at = (name: string, version: number): KubeObject => {
    const { metadata, ...rest } = object(name, version, "Pending");
    const ownerReferences = name === "child" ? [{ ...reference, controller: true }] : [];
    return { ...rest, metadata: { ...metadata, ...created, ownerReferences } };
  };
  api.say("ADDED", at("owner", 3));
  await clock.advance(1_000);
  api.say("ADDED", at("child", 4));
  api.say("MODIFIED", { ...at("owner", 5), status: { phase: "Provisioning" } });
  await clock.advance(3_000);

  api.say("DELETED", at("owner", 6));
  await clock.advance(1_000);

  const ofOwner = spans.filter(({ traceId }) => traceId === spans[0]?.traceId);
  expect(ofOwner.map(({ name }) => name)).toEqual([
    "CustomDatabase converge",
    "phase Pending",
    "phase Provisioning",
    "child CustomDatabase",
  ]);
});

function timeOf(second: number): string {
  return new Date(NOW_MS + second * 1_000).toISOString();
}

/** `app`, made at NOW_MS, whose condition turned as many seconds later. */
function appReady(
  version: number,
  generation: number,
  [status, second]: [string, number],
): KubeObject {
  return database({
    metadata: {
      name: "app",
      uid: "uid-app",
      resourceVersion: String(version),
      generation,
      creationTimestamp: timeOf(0),
    },
    spec: { generation },
    status: {
      observedGeneration: generation,
      conditions: [{ type: "Ready", status, reason: "", lastTransitionTime: timeOf(second) }],
    },
  });
}

test.each<{ readonly what: string; readonly stop: () => () => void }>([
  {
    what: "the API server was away",
    stop: () => {
      api.isAway = true;
      api.endWatches();
      return () => {
        api.isAway = false;
      };
    },
  },
  {
    what: "the state file could not be written",
    stop: () => {
      const error = new Error("database or disk is full");
      const commit = vi.spyOn(temporary.store, "commit").mockReturnValue({ type: "failed", error });
      api.say("MODIFIED", appReady(4, 1, ["False", 0]));
      return () => commit.mockRestore();
    },
  },
])(
  "what happened while $what is told by the recorded times, what is seen by the observed",
  async ({ stop }) => {
    watch(begin());
    await clock.advance(0);
    api.say("ADDED", appReady(3, 1, ["False", 0]));
    await clock.advance(1_000);
    const goOn = stop();
    await clock.advance(1_000);
    // Whoever hears it now has to ask for it again.
    api.say("MODIFIED", appReady(5, 1, ["True", 5]));
    await clock.advance(2 * 60_000);
    goOn();
    await clock.advance(60_000);

    api.say("MODIFIED", appReady(5, 1, ["True", 5]));
    api.bookmark("6");
    await clock.advance(1_000);
    api.say("MODIFIED", appReady(7, 2, ["False", 6]));
    await clock.advance(30_000);
    api.say("MODIFIED", appReady(8, 2, ["True", 8]));
    await clock.advance(1_000);

    const roots = spans.filter(({ parentSpanId }) => parentSpanId === "");
    expect(roots.map(({ name }) => name)).toEqual([
      "CustomDatabase converge",
      "CustomDatabase converge",
    ]);
    expect(roots[0]?.attributes["lifeline.end"]).toBe("recorded");
    expect(roots[0]?.attributes["lifeline.duration"]).toBe(5);
    expect(roots[1]?.attributes["lifeline.end"]).toBe("observed");
    expect(roots[1]?.attributes["lifeline.duration"]).toBe(30);
  },
);
