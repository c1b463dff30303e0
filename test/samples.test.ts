import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect } from "vitest";
import { drawTrace } from "../src/testing/draw-trace.ts";
import { VERSION } from "../src/util/version.ts";
import {
  expectedChanges,
  expectedObjects,
  firstCountsAfter,
  lastCounts,
} from "./samples/aggregates.ts";
import {
  CLUSTER_NAME,
  courseOf,
  expectedCourse,
  identityOf,
  isEnd,
  keyOf,
  pointsAbout,
  seriesOf,
} from "./samples/expect-points.ts";
import { firstBits, milliseconds } from "./samples/expect-records.ts";
import {
  isOver,
  type Life,
  livesIn,
  newborn,
  recordsOf,
  toldOf,
  versionOf,
} from "./samples/lives.ts";
import { type Played, objectsIn, playedOf } from "./samples/play.ts";
import {
  EXAMPLES,
  type ExampleName,
  INTERVAL_MS,
  perform,
  type Performance,
} from "./samples/stage.ts";
import { TRACES } from "./samples/expect-traces.ts";
import { PASSWORDS } from "./samples/stories/custom-database.ts";
import type { LogEntry, MetricPoint, SpanEntry } from "./testbed/otlp-json.ts";
import { serverTest } from "./testbed/real-servers.ts";

/** The commit may wait 200 ms for company; the rest is for a busy machine. */
const BUSY_MS = 10_000;
/** Between a write and our look at it: this machine's clock, and many processes. */
const SEEN_WITHIN_MS = 10_000;
const BODY_MAX_LENGTH = 1_024;
const SCOPE = { name: "kube-lifeline", version: VERSION };

const stack = new AsyncDisposableStack();
let performance: Performance;
let clusterUid: string;
let logs: readonly LogEntry[];
let points: readonly MetricPoint[];
let allSpans: readonly SpanEntry[];

beforeAll(async () => {
  performance = await perform(stack);
  const { cluster, collector } = performance;
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } };
  clusterUid = (await cluster.admin.get(namespace)).metadata.uid;
  logs = collector.received.logs();
  points = collector.received.points();
  allSpans = collector.received.spans();
});

afterAll(async () => {
  await stack.disposeAsync();
});

// The stories

serverTest.for(EXAMPLES)("%s: each write shows in the gauges before the next one", (example) => {
  const { failure, played } = performance.plays[example];

  expect(failure).toBeUndefined();
  expect(played.length).toBeGreaterThan(0);
});

// Records

serverTest.for(EXAMPLES)("%s: each fact is one record, and nothing else is told", (example) => {
  for (const life of livesOf(example)) {
    const told = toldOf(life, logs);

    const known = new Set(told.flatMap(({ entries }) => entries));
    const rest = recordsOf(life, logs).filter((entry) => !known.has(entry));
    expect(told.map(({ actual }) => actual)).toEqual(told.map(({ expected }) => expected));
    expect(rest).toEqual([]);
  }
});

serverTest.for(EXAMPLES)("%s: records arrive in the order of the writes", (example) => {
  for (const life of livesOf(example)) {
    const versions = recordsOf(life, logs).map(versionOf);

    const order = versions.filter((version, index) => version !== versions[index - 1]);

    const written = life
      .filter(({ step, gone }) => step.records.length > 0 && !gone)
      .map(({ object }) => object.metadata.resourceVersion);
    expect(order).toEqual(isOver(life) ? [...written, order.at(-1)] : written);
  }
});

serverTest.for(EXAMPLES)("%s: a deletion has a resourceVersion of its own", (example) => {
  const deletions = livesOf(example)
    .filter(isOver)
    .flatMap((life) => toldOf(life, logs).slice(-1));

  for (const { played, entries } of deletions) {
    const [version] = entries.map(versionOf);
    expect(BigInt(version ?? "")).toBeGreaterThan(BigInt(played.object.metadata.resourceVersion));
    expect(BigInt(version ?? "")).toBeLessThanOrEqual(BigInt(played.listedAt ?? ""));
  }
  expect(deletions.length).toBeGreaterThan(0);
});

serverTest.for(EXAMPLES)(
  "%s: all records of a write were observed at once, after it",
  (example) => {
    for (const { played, entries } of livesOf(example).flatMap((life) => toldOf(life, logs))) {
      const times = new Set(entries.map(({ observedTimeUnixNano }) => observedTimeUnixNano));

      expect(times.size).toBe(played.step.records.length === 0 ? 0 : 1);
      for (const time of times) {
        expect(milliseconds(time)).toBeGreaterThanOrEqual(played.startedAtMs);
        expect(milliseconds(time)).toBeLessThan(played.endedAtMs + SEEN_WITHIN_MS);
      }
    }
  },
);

serverTest.for(EXAMPLES)("%s: a body is one sentence that says of which object", (example) => {
  for (const life of livesOf(example)) {
    const { kind, metadata } = newborn(life);
    for (const entry of recordsOf(life, logs)) {
      const { body } = entry;

      expect(body).toMatch(new RegExp(`^${kind} ${metadata.namespace}/${metadata.name} [^\n]+$`));
      expect(body).toMatch(new RegExp(String.raw`\b${versionOf(entry)}\b`));
      expect(textOf(body).length).toBeLessThanOrEqual(BODY_MAX_LENGTH);
    }
  }
});

serverTest.for(EXAMPLES)("%s: records have just the promised resource and scope", (example) => {
  for (const life of livesOf(example)) {
    const { namespace } = newborn(life).metadata;
    for (const { resource, scope, traceId, spanId, flags } of recordsOf(life, logs)) {
      expect(resource).toEqual({ ...promisedResource(), "k8s.namespace.name": namespace });
      expect(scope).toEqual(SCOPE);
      expect({ traceId, spanId, flags }).toEqual({
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
        flags: 1,
      });
    }
  }
});

// Traces

serverTest.for(EXAMPLES)("%s: each life's traces tell what its operator did", (example) => {
  const drawings = livesOf(example).map((life) => tracesOf(life).map(shapeOf));

  expect(drawings).toEqual(TRACES[example]);
});

serverTest.for(EXAMPLES)(
  "%s: traces have the resource of the records, so that one finds the other",
  (example) => {
    for (const life of livesOf(example)) {
      const { namespace } = newborn(life).metadata;
      for (const { resource, scope } of tracesOf(life).flat()) {
        expect(resource).toEqual({ ...promisedResource(), "k8s.namespace.name": namespace });
        expect(scope).toEqual(SCOPE);
      }
    }
  },
);

serverTest.for(EXAMPLES)("%s: only what failed is an error, and says why", (example) => {
  for (const trace of livesOf(example).flatMap(tracesOf)) {
    const [failed, others] = [true, false].map((isFailed) =>
      trace.filter(({ attributes }) => (attributes["lifeline.outcome"] === "failed") === isFailed),
    );

    const told = trace.map(({ statusCode, statusMessage }) => ({ statusCode, statusMessage }));

    expect(told.filter(({ statusCode }) => statusCode === 2)).toHaveLength(failed?.length ?? 0);
    expect(told.filter(({ statusCode }) => statusCode === 0)).toHaveLength(others?.length ?? 0);
    for (const { statusCode, statusMessage } of told)
      expect(statusMessage === "").toBe(statusCode === 0);
  }
});

serverTest.for(EXAMPLES)("%s: a trace that was told is one that its records name", (example) => {
  for (const life of livesOf(example)) {
    const named = new Set(recordsOf(life, logs).map(({ traceId }) => traceId));

    for (const spans of tracesOf(life)) expect(named).toContain(spans[0]?.traceId);
  }
});

/** Kind, group, and the namespace of a watch that covers one. */
const LOOKS: readonly (readonly [kind: string, group: string, namespace?: string])[] = [
  ["CustomDatabase", "custom.example.com"],
  ["Application", "example.com"],
  ["Deployment", "apps"],
  ["MyResource", "mygroup.example.com"],
  ["APIRoute", "gateway.example.com", "shop"],
  ["RateLimitPolicy", "gateway.example.com", "shop"],
  ["AuthNPolicy", "gateway.example.com", "shop"],
  ["SecurityPolicy", "gateway.example.com", "shop"],
  ["Service", "", "shop"],
  ["Pod", "", "shop"],
  ["EndpointSlice", "discovery.k8s.io", "shop"],
  ["Backup", "example.com"],
];

serverTest.for(LOOKS)("the complete look at %s of %j is told once", ([kind, group, namespace]) => {
  const synced = logs.filter(
    ({ eventName, attributes }) =>
      eventName === "lifeline.synced" &&
      attributes["k8s.object.kind"] === kind &&
      attributes["k8s.object.group"] === group,
  );

  expect(synced).toHaveLength(1);
  for (const entry of synced) {
    const { attributes } = entry;
    const { "lifeline.watch.key": key, "lifeline.watch.position": position } = attributes;
    const counts = Object.keys(attributes).filter((name) =>
      name.startsWith("lifeline.synced.health."),
    );
    const where = namespace === undefined ? {} : { "k8s.namespace.name": namespace };
    expect(entry.resource).toEqual({ ...promisedResource(), ...where });
    expect(entry).toMatchObject({ severityNumber: 9, severityText: "INFO", scope: SCOPE });
    expect(entry.timeUnixNano).toBe(entry.observedTimeUnixNano);
    expect(attributes["lifeline.action"]).toBe("synced");
    expect(attributes["log.record.uid"]).toBe(firstBits([textOf(key), textOf(position), "synced"]));
    expect(counts.map((name) => attributes[name])).toEqual(HEALTHS.map(() => 0));
    expect(counts.map((name) => name.slice("lifeline.synced.health.".length))).toEqual(
      expect.arrayContaining(HEALTHS),
    );
  }
});

/** docs/contract.md §5, `lifeline.object.health`. */
const HEALTHS = [
  "current",
  "progressing",
  "degraded",
  "failed",
  "suspended",
  "terminating",
  "unknown",
];

serverTest("nothing is told of anything else", () => {
  const lives = EXAMPLES.flatMap(livesOf);
  const uids = new Set<unknown>(lives.map((life) => newborn(life).metadata.uid));

  const others = logs.filter(({ attributes }) => !uids.has(attributes["k8s.object.uid"]));

  const looks = others.filter(({ eventName }) => eventName === "lifeline.synced");
  expect(others).toEqual(looks);
  expect(looks).toHaveLength(LOOKS.length);
});

// Points

serverTest.for(EXAMPLES)("%s: series show what the objects are, from first to last", (example) => {
  const { played } = performance.plays[example];
  for (const life of objectsIn(played).map((name) => playedOf(played, name))) {
    const course = courseOf(pointsAbout(points, newborn(life)));

    const expected = courseOfLife(life);
    // What is made again within an interval may never have been seen gone.
    const unseen = courseOfLife(life.filter(({ step }) => step.waits !== false));
    expect(Object.keys(course).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [key, steps] of Object.entries(course)) {
      const allowed = [expected, unseen].map((one) => ({ key, steps: one[key] }));
      expect(allowed).toContainEqual({ key, steps });
    }
  }
});

serverTest.for(EXAMPLES)(
  "%s: all series of an object end within an interval, for good",
  (example) => {
    const over = livesOf(example).filter((life) => isOver(life) && isLastOfItsName(life));

    for (const life of over) {
      const deletedAtMs = milliseconds(recordsOf(life, logs).at(-1)?.observedTimeUnixNano ?? 0n);
      const last = new Map(
        pointsAbout(points, newborn(life)).map((point) => [keyOf(point), point]),
      );
      const living = seriesAt(life.at(-2)).map(({ key }) => last.get(key));
      expect(living.length).toBeGreaterThan(0);
      expect([...last.values()].filter((point) => !isEnd(point))).toEqual([]);
      for (const point of living) {
        const endedAtMs = milliseconds(point?.timeUnixNano ?? 0n);
        expect(endedAtMs).toBeGreaterThanOrEqual(deletedAtMs);
        expect(endedAtMs).toBeLessThanOrEqual(deletedAtMs + INTERVAL_MS + BUSY_MS);
      }
    }
    expect(over.length).toBeGreaterThan(0);
  },
);

serverTest("no series of an object that was made again has ended", () => {
  const again = EXAMPLES.flatMap(livesOf).filter(
    (life) => !isOver(life) && EXAMPLES.flatMap(livesOf).some((other) => isNamesake(other, life)),
  );

  for (const life of again) {
    const last = new Map(
      pointsAbout(points, newborn(life)).map((point) => [keyOf(point), point.value]),
    );
    const wanted = seriesAt(life.at(-1)).map(({ key, value }) => ({ key, value }));
    expect(wanted.map(({ key }) => ({ key, value: last.get(key) }))).toEqual(wanted);
  }
  expect(again).toHaveLength(1);
});

serverTest("points of objects are gauges, with times that rise and the promised resource", () => {
  const latest = new Map<string, bigint>();
  for (const point of objectPoints()) {
    const key = keyOf(point);
    const before = latest.get(key) ?? 0n;
    latest.set(key, point.timeUnixNano);

    const { kind, startTimeUnixNano, resource, scope } = point;
    expect({ key, isLater: point.timeUnixNano > before }).toEqual({ key, isLater: true });
    expect({ kind, startTimeUnixNano, scope }).toEqual({
      kind: "gauge",
      startTimeUnixNano: 0n,
      scope: SCOPE,
    });
    expect(resource).toEqual(promisedResource());
    expect({ key, hasValue: point.value !== undefined }).toEqual({ key, hasValue: !isEnd(point) });
  }
  expect(latest.size).toBeGreaterThan(0);
});

serverTest("there are no series of anything else, and none of unit 1", () => {
  const lives = EXAMPLES.flatMap(livesOf);
  const wanted = new Set(lives.map((life) => JSON.stringify(identityOf(newborn(life)))));
  const names = Object.keys(identityOf(newborn(lives[0] ?? [])));

  const found = new Set(
    objectPoints().map(({ attributes }) =>
      JSON.stringify(Object.fromEntries(names.map((name) => [name, attributes[name]]))),
    ),
  );
  const own = points.filter(({ name }) => !/^lifeline\.objects?(?:\.|$)/.test(name));

  expect(found).toEqual(wanted);
  expect(points.filter(({ unit }) => unit === "1")).toEqual([]);
  for (const { name } of own)
    expect(name).toMatch(/^lifeline\.(?:watch|history|outbox|export|process)\./);
});

serverTest("a series that does not change is sent again and again", () => {
  const route = EXAMPLES.flatMap(livesOf).find((life) => newborn(life).kind === "APIRoute");

  const values = pointsAbout(points, newborn(route ?? []))
    .filter(({ name }) => name === "lifeline.object.generation")
    .map(({ value }) => value);

  expect(new Set(values)).toEqual(new Set([1]));
  expect(values.length).toBeGreaterThan(5);
});

// Aggregates

serverTest("lifeline.objects counts objects by kind, namespace and health", () => {
  const counts = pointsOf("lifeline.objects");

  const between = firstCountsAfter(counts, performance.interval.atMs);
  const last = lastCounts(counts);

  expect(between).toEqual(expectedObjects(firstActs()));
  expect(last).toEqual(expectedObjects(bothActs()));
  for (const { kind, unit, resource, scope } of counts)
    expect({ kind, unit, resource, scope }).toEqual({
      kind: "gauge",
      unit: "{object}",
      resource: promisedResource(),
      scope: SCOPE,
    });
});

serverTest("a series of lifeline.objects ends when no object is in that health any more", () => {
  const counts = pointsOf("lifeline.objects");
  const between = expectedObjects(firstActs());
  const gone = Object.keys(between).filter((key) => !(key in expectedObjects(bothActs())));

  const course = courseOf(counts);

  expect(gone.length).toBeGreaterThan(0);
  for (const key of gone)
    expect([key, course[key]?.slice(-2)]).toEqual([key, [between[key], "ended"]]);
});

serverTest("lifeline.object.changes counts each fact by action, told or not", () => {
  const changes = pointsOf("lifeline.object.changes");

  const { secondAtMs } = performance.interval;

  const between = lastCounts(
    changes.filter(({ timeUnixNano }) => milliseconds(timeUnixNano) <= secondAtMs),
  );
  const last = lastCounts(changes);

  expect(between).toEqual(expectedChanges(firstActs()));
  expect(last).toEqual(expectedChanges(bothActs()));
});

serverTest("lifeline.object.changes begins at zero, and goes up from one start", () => {
  const series = Map.groupBy(pointsOf("lifeline.object.changes"), keyOf);

  for (const [key, changes] of series) {
    const values = changes.map(({ value }) => value ?? Number.NaN);
    const times = changes.map(({ timeUnixNano }) => timeUnixNano);
    const starts = new Set(changes.map(({ startTimeUnixNano }) => startTimeUnixNano));
    expect({ key, first: values[0], starts: starts.size }).toEqual({ key, first: 0, starts: 1 });
    expect(values.length).toBeGreaterThan(1);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => (a < b ? -1 : 1)));
    for (const { kind, isMonotonic, temporality, unit, resource, scope } of changes) {
      expect({ kind, isMonotonic, temporality, unit }).toEqual({
        kind: "sum",
        isMonotonic: true,
        temporality: 2,
        unit: "{change}",
      });
      expect({ resource, scope }).toEqual({ resource: promisedResource(), scope: SCOPE });
    }
  }
  expect(series.size).toBeGreaterThan(0);
});

// All of it

serverTest("the passwords are nowhere in what was sent or said", () => {
  const sent = readFileSync(performance.collector.received.path, "utf8");
  const said = performance.lifelines.flatMap(({ stderrLines, stdoutLines }) => [
    ...stderrLines,
    ...stdoutLines,
  ]);

  const all = `${sent}\n${said.join("\n")}`;

  for (const password of Object.values(PASSWORDS)) {
    expect(all.includes(password)).toBe(false);
    expect(all.includes(Buffer.from(password).toString("base64").slice(0, 20))).toBe(false);
  }
  expect(all).toContain("status.connectionString");
});

serverTest("all processes stop as asked, and had nothing to complain about", () => {
  const complaints = performance.lifelines.flatMap((lifeline) =>
    lifeline.stderrRecords().filter(({ level }) => level === "warn" || level === "error"),
  );

  expect(complaints).toEqual([]);
  expect(performance.exitCodes).toEqual([0, 0, 0]);
});

function promisedResource(): Readonly<Record<string, string>> {
  return {
    "service.name": "kube-lifeline",
    "service.version": VERSION,
    "k8s.cluster.name": CLUSTER_NAME,
    "k8s.cluster.uid": clusterUid,
  };
}

function livesOf(example: ExampleName): readonly Life[] {
  return livesIn(performance.plays[example].played);
}

function isNamesake(other: Life, life: Life): boolean {
  const [a, b] = [newborn(other), newborn(life)];
  return (
    a.kind === b.kind && a.metadata.name === b.metadata.name && a.metadata.uid !== b.metadata.uid
  );
}

function isLastOfItsName(life: Life): boolean {
  const namesakes = EXAMPLES.flatMap(livesOf).filter((other) => isNamesake(other, life));
  const startedAtMs = life[0]?.startedAtMs ?? 0;
  return namesakes.every(([birth]) => (birth?.startedAtMs ?? 0) < startedAtMs);
}

function seriesAt(played: Played | undefined): ReturnType<typeof seriesOf> {
  return played?.shown === undefined ? [] : seriesOf(played.object, played.shown);
}

function courseOfLife(life: Life): ReturnType<typeof expectedCourse> {
  return expectedCourse(
    life.map((played) => (played.shown === undefined ? undefined : seriesAt(played))),
  );
}

function pointsOf(metric: string): readonly MetricPoint[] {
  return points.filter(({ name }) => name === metric);
}

function objectPoints(): readonly MetricPoint[] {
  return points.filter(({ name, kind }) => name.startsWith("lifeline.object.") && kind === "gauge");
}

/** In the order in which they ended. */
function tracesOf(life: Life): readonly (readonly SpanEntry[])[] {
  const { uid } = newborn(life).metadata;
  const roots = allSpans.filter(
    ({ parentSpanId, attributes }) => parentSpanId === "" && attributes["k8s.object.uid"] === uid,
  );
  return roots.map(({ traceId }) => allSpans.filter((span) => span.traceId === traceId));
}

/** Without the times, which no two runs share. */
function shapeOf(trace: readonly SpanEntry[]): string {
  return drawTrace(trace).replaceAll(/ \d+–\d+/g, "");
}

function bothActs(): readonly Played[] {
  return EXAMPLES.flatMap((example) => performance.plays[example].played);
}

function firstActs(): readonly Played[] {
  const { steps } = performance.interval;
  return EXAMPLES.flatMap((example) => performance.plays[example].played.slice(0, steps[example]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
