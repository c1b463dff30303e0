import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { KubeObject } from "../cluster/kube-object.ts";
import { encodeLogs } from "../otlp/encode-logs.ts";
import { createOtlpMetricExporter } from "../otlp/metric-exporter.ts";
import type { SendResult } from "../otlp/transport.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { DAMAGE, READ_ERROR } from "../testing/faulty-database.ts";
import { database, DATABASE_KIND, NOW_MS } from "../testing/kube-change.ts";
import { readExportRequest, type ReceivedPoint } from "../testing/otlp-receiver/received.ts";
import { foldSeries } from "../testing/otlp-receiver/series.ts";
import { createSteeredApiClient, type SteeredApiClient } from "../testing/steered-api-client.ts";
import { allObjects, openTemporaryStore, type TemporaryStore } from "../testing/temporary-store.ts";
import { Pipeline } from "./pipeline.ts";
import type { PipelineReport } from "./report.ts";

const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };
const CONTEXT = { resource: {}, scope: { name: "test", version: "0" } };
const INTERVAL_MS = 5000;
const { group, resource } = DATABASE_KIND;
const EVERYTHING = /./;

let temporary: TemporaryStore;
let clock: FakeClock;
let api: SteeredApiClient;
let reports: PipelineReport[];
let told: string[];
let points: ReceivedPoint[];
let outboxMaxBytes: number;
let answer: () => SendResult;
let pipeline: Pipeline;
let stop: AbortController;
let work: Promise<void>;

beforeEach(() => {
  // No time slice is ever used up, so that everything happens within the turn that a test lets pass.
  vi.spyOn(performance, "now").mockReturnValue(0);
  temporary = openTemporaryStore();
  clock = createFakeClock(NOW_MS);
  api = createSteeredApiClient();
  reports = [];
  told = [];
  points = [];
  outboxMaxBytes = 256 * 1024 ** 2;
  answer = () => ACCEPTED;
});

afterEach(async () => {
  stop.abort();
  temporary.mend();
  await pipeline.watches.stopAll("the test ends");
  await work.catch(() => undefined);
  temporary[Symbol.dispose]();
  vi.restoreAllMocks();
});

/** A pipeline that runs, with one watch that has seen what `api` holds. */
async function begin(): Promise<void> {
  pipeline = new Pipeline({
    client: api,
    store: temporary.store,
    redact: (one) => one,
    clock,
    random: () => 0,
    report: (report) => reports.push(report),
    reportCluster: () => undefined,
    active: () => true,
    clusterName: undefined,
    initial: "all",
    minimumSeverity: "DEBUG",
    metricIntervalMs: INTERVAL_MS,
    metricHeartbeatMs: 60_000,
    stuckAfterMs: 600_000,
    outboxMaxBytes,
    logs: {
      encoding: "otlp",
      encode: (signals) => encodeLogs(signals, CONTEXT),
      transport: async (body) => {
        const result = answer();
        if (result.type === "accepted") hear(body);
        return result;
      },
    },
    metrics: createOtlpMetricExporter(async (body) => {
      points.push(...readExportRequest("metrics", body).points);
      return ACCEPTED;
    }, CONTEXT),
  });
  stop = new AbortController();
  work = pipeline.run(stop.signal, stop.signal);
  // Looked at by the tests that end it.
  work.catch(() => undefined);
  pipeline.watches.start({
    key: { group, resource },
    facts: DATABASE_KIND,
    includes: () => true,
  });
  await clock.advance(INTERVAL_MS);
  told.splice(0);
}

function hear(body: Uint8Array): void {
  for (const { attributes } of readExportRequest("logs", body).records) {
    const { "lifeline.action": action, "k8s.object.name": name } = attributes;
    if (action !== "synced") told.push(`${textOf(name)} ${textOf(action)}`);
  }
}

function object(name: string, version: number, phase = "Ready"): KubeObject {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: String(version) };
  return database({ metadata, status: { phase } });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function complaints(): readonly string[] {
  return reports
    .map(({ type }) => type)
    .filter((type) => /fail|unread|recovered|crash|skipped/.test(type));
}

function livePhases(): readonly unknown[] {
  return [...foldSeries(points).live.values()]
    .filter(({ metric }) => metric === "lifeline.object.phase")
    .map(
      ({ attributes }) => `${textOf(attributes["k8s.object.name"])} ${textOf(attributes["phase"])}`,
    )
    .toSorted();
}

test.each([
  { name: "by UID", sql: /FROM objects WHERE uid/ },
  { name: "by name", sql: /FROM objects WHERE watch_id = \? AND namespace = \? AND name = \?/ },
  { name: "of anything", sql: EVERYTHING },
])(
  "an event whose object cannot be read ($name) is not passed over: the watch is held, and asks for it again",
  async ({ sql }) => {
    api.objects = [object("a", 2)];
    api.resourceVersion = "2";
    await begin();
    temporary.break({ sql, ...READ_ERROR });

    api.say("ADDED", object("b", 3));
    await clock.advance(10_000);
    const during = [api.openWatches, pipeline.stateFailure?.error.message, [...told]];
    temporary.mend();
    await clock.advance(1000);
    const asked = api.requests.at(-1);
    api.say("ADDED", object("b", 3));
    await clock.advance(INTERVAL_MS);

    expect(during).toEqual([0, "disk I/O error", []]);
    expect(asked).toBe("watch 2");
    expect(told).toEqual(["b created", "b phase_changed"]);
    expect(complaints()).toEqual(["state-unreadable", "commit-recovered"]);
    expect(pipeline.stateFailure).toBe(undefined);
  },
);

test.each([
  { name: "a page of the sweep", sql: /ORDER BY namespace, name/ },
  { name: "an object that is to go", sql: /FROM objects WHERE id = / },
])("a look that cannot read $name is begun anew, and tells each deletion once", async ({ sql }) => {
  api.objects = [object("a", 2), object("b", 2)];
  api.resourceVersion = "2";
  await begin();
  api.objects = [object("a", 2)];
  api.resourceVersion = "9";
  temporary.break({ sql, ...READ_ERROR });

  api.expire();
  await clock.advance(10_000);
  const during = [...told];
  temporary.mend();
  await clock.advance(10_000);

  expect(during).toEqual([]);
  expect(told).toEqual(["b deleted"]);
  expect(allObjects(temporary.store).map(({ name }) => name)).toEqual(["a"]);
});

test("gauges that could not be looked at go out once they can, ends included", async () => {
  api.objects = [object("a", 2, "Ready"), object("b", 2, "Ready")];
  await begin();
  api.say("MODIFIED", object("a", 3, "Failed"));
  api.say("DELETED", object("b", 4, "Ready"));
  await clock.advance(300);
  temporary.break({ sql: /metadata, status FROM objects/, ...READ_ERROR });

  await clock.advance(2 * INTERVAL_MS);
  const during = livePhases();
  temporary.mend();
  await clock.advance(2 * INTERVAL_MS);

  expect(during).toEqual(["a Ready", "b Ready"]);
  expect(livePhases()).toEqual(["a Failed"]);
  expect(complaints()).toEqual(["state-unreadable", "commit-recovered"]);
});

test.each([
  { name: "the outbox", sql: /FROM outbox/ },
  { name: "the counters", sql: /FROM counters/ },
  { name: "the deadlines", sql: /due_at/ },
])("while $name cannot be read everything waits, and goes on by itself", async ({ sql }) => {
  await begin();
  temporary.break({ sql, ...READ_ERROR });
  api.say("ADDED", object("a", 3));
  await clock.advance(20_000);
  const during = pipeline.stateFailure?.doing;

  temporary.mend();
  await clock.advance(1000);
  if (told.length === 0) api.say("ADDED", object("a", 3));
  await clock.advance(INTERVAL_MS);

  expect(during).toBe("read");
  expect(told).toEqual(["a created", "a phase_changed"]);
  expect(complaints()).toEqual(["state-unreadable", "commit-recovered"]);
});

test("a commit that an I/O error breaks off at any of its statements is made whole later", async () => {
  api.objects = [object("a", 2)];
  await begin();
  const statements = [/^BEGIN/, /^UPDATE objects/, /INTO objects/, /INTO outbox/, /^COMMIT/];
  for (const [index, sql] of statements.entries()) {
    temporary.break({ sql, ...READ_ERROR });
    const version = 10 * (index + 1);
    const [old, young] = [object("a", version, `Phase${index}`), object(`n${index}`, version + 1)];
    api.say("MODIFIED", old);
    api.say("ADDED", young);
    await clock.advance(3000);
    temporary.break({ sql: /^ROLLBACK/, ...READ_ERROR });
    await clock.advance(1000);
    temporary.mend();
    await clock.advance(3000);
  }

  expect(told.filter((one) => one.endsWith("phase_changed"))).toHaveLength(statements.length);
  expect(told.filter((one) => one.endsWith("observed"))).toHaveLength(statements.length);
  expect(temporary.store.inspect().damages).toEqual([]);
});

test("what waits for room is told whole though it could not be read when there was room", async () => {
  outboxMaxBytes = 1;
  api.objects = [object("a", 2, "Ready")];
  await begin();
  answer = () => ({ type: "retryable", error: new Error("away") });
  api.say("ADDED", object("b", 3));
  await clock.advance(300);
  api.say("MODIFIED", object("a", 4, "Failed"));
  await clock.advance(300);
  const waiting = temporary.store.withheldCount;
  temporary.break({ sql: /SELECT reported/, ...READ_ERROR });
  answer = () => ACCEPTED;

  await clock.advance(60_000);
  const during = temporary.store.withheldCount;
  temporary.mend();
  await clock.advance(10_000);

  expect([waiting, during]).toEqual([1, 1]);
  expect(told).toEqual(expect.arrayContaining(["b created", "a phase_changed"]));
  expect(temporary.store.withheldCount).toBe(0);
});

test("a deletion that cannot look at what waits of its object is not lost", async () => {
  outboxMaxBytes = 1;
  api.objects = [object("a", 2, "Ready")];
  api.resourceVersion = "2";
  await begin();
  answer = () => ({ type: "retryable", error: new Error("away") });
  api.say("ADDED", object("b", 3));
  await clock.advance(300);
  api.say("MODIFIED", object("a", 4, "Failed"));
  await clock.advance(300);
  temporary.break({ sql: /FROM withheld WHERE uid/, ...READ_ERROR });

  api.say("DELETED", object("a", 5, "Failed"));
  await clock.advance(3000);
  temporary.mend();
  await clock.advance(1000);
  const asked = api.requests.at(-1);
  api.say("DELETED", object("a", 5, "Failed"));
  await clock.advance(1000);

  expect(asked).toBe("watch 4");
  expect(allObjects(temporary.store).map(({ name }) => name)).toEqual(["b"]);
  expect(complaints()).not.toContain("object-skipped");
});

test.each([
  { name: "a read", sql: /FROM objects WHERE uid/ },
  { name: "a write", sql: /^COMMIT/ },
  { name: "an acknowledgement", sql: /^DELETE FROM outbox/ },
])("damage that $name finds ends the pipeline, as no waiting mends it", async ({ sql }) => {
  await begin();
  temporary.break({ sql, ...DAMAGE });

  api.say("ADDED", object("a", 3));
  await clock.advance(5000);

  await expect(work).rejects.toThrow(
    "The state file is damaged: database disk image is malformed; it is set aside, and a new one begun, when the program starts again",
  );
  temporary.mend();
  expect(() => temporary.reopen()).not.toThrow();
  expect(temporary.store.countObjects()).toBe(0);
});

test("a deadline is not over because it could not be looked at", async () => {
  outboxMaxBytes = 1;
  api.objects = [object("a", 2, "Ready")];
  await begin();
  answer = () => ({ type: "retryable", error: new Error("away") });
  api.say("ADDED", object("b", 3));
  await clock.advance(300);
  api.say("MODIFIED", object("a", 4, "Failed"));
  await clock.advance(300);
  const ids = allObjects(temporary.store).map(({ watchId }) => watchId);
  const dueAt = temporary.store.nextDueAt(ids);
  temporary.break({ sql: /FROM withheld WHERE uid/, ...READ_ERROR });

  await clock.advance(700_000);
  const during = temporary.store.nextDueAt(ids);
  temporary.mend();
  answer = () => ACCEPTED;
  await clock.advance(700_000);

  expect(dueAt).toBeDefined();
  expect(during).toBe(dueAt);
  expect(told.filter((one) => one.endsWith("stuck"))).toEqual(["a stuck"]);
});

test("what is there already is counted once it can be read", async () => {
  api.objects = [object("a", 2)];
  await begin();
  stop.abort();
  await pipeline.watches.stopAll("a restart");
  await work;
  reports.splice(0);
  temporary.break({ sql: /count\(\*\)/, ...READ_ERROR });
  const restarted = begin();
  temporary.mend();
  await restarted;
  const [watch] = pipeline.watches;

  await clock.advance(2000);

  expect(watch && pipeline.objectsOf(watch)).toBe(1);
  expect(complaints()).toEqual(["state-unreadable", "commit-recovered"]);
});

test("a stop while nothing can be read is a stop", async () => {
  await begin();
  api.say("ADDED", object("a", 3));
  await clock.advance(0);
  temporary.break({ sql: EVERYTHING, ...READ_ERROR });
  await clock.advance(3000);

  await pipeline.watches.stopAll("the process stops");
  stop.abort();
  await work;
  await pipeline.finish(new AbortController().signal);

  expect(complaints()).toHaveLength(1);
});
