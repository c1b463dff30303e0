import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodeLogs } from "../src/otlp/encode-logs.ts";
import { encodeGauges } from "../src/otlp/encode-metrics.ts";
import { encodeTraces } from "../src/otlp/encode-traces.ts";
import { readExportRequest } from "../src/testing/otlp-receiver/received.ts";
import type { ReceivedBody } from "./otlp-sink.ts";
import { readPoints, type ReadPoint } from "./point-reader.ts";
import { leastHeapBytes, tally } from "./tally.ts";

const CONTEXT = {
  resource: { "service.name": "kube-lifeline" },
  scope: { name: "kube-lifeline", version: "1.2.3" },
};
const IDENTITY = {
  "k8s.object.kind": "Database",
  "k8s.object.group": "example.com",
  "k8s.namespace.name": "größer",
  "k8s.object.name": "shop",
};
const OBJECT = "Database.example.com größer/shop";

function phase(name: string, value = 1): Parameters<typeof encodeGauges>[0][number]["points"][0] {
  return {
    metric: "lifeline.object.phase",
    unit: "{object}",
    value,
    attributes: { phase: name },
  };
}

function gauges(now: readonly string[], ended: readonly string[], timeMs: number): Buffer {
  const object = {
    identity: IDENTITY,
    points: [
      ...now.map((name) => phase(name, timeMs)),
      { ...phase(""), metric: "lifeline.object.generation", value: -1.5, attributes: {} },
    ],
    ended: ended.map((name) => phase(name)),
  };
  return Buffer.concat(encodeGauges([object], { ...CONTEXT, timeMs }));
}

function metrics(body: Buffer, receivedMs: number): ReceivedBody {
  return { signal: "metrics", body: gzipSync(body), receivedMs };
}

function logs(versions: readonly string[], receivedMs: number): ReceivedBody {
  const records = versions.map((version) => ({
    type: "log" as const,
    eventName: "lifeline.object.updated" as const,
    severity: "INFO" as const,
    timeMs: 0,
    observedTimeMs: 0,
    body: "",
    attributes: { "k8s.object.resource_version": version, "log.record.uid": `uid-${version}` },
  }));
  return { signal: "logs", body: gzipSync(encodeLogs(records, CONTEXT)), receivedMs };
}

test("readPoints() reads what the strict reader reads", () => {
  const body = gauges(["Running", "Idle"], ["Pending"], 1000);
  const read: ReadPoint[] = [];

  readPoints(body, (point) => void read.push(point));

  expect(read).toEqual(
    readExportRequest("metrics", body).points.map(
      ({ scope, metric, type, attributes, value = 0, isEnd }) => ({
        scope: scope.name,
        metric,
        isGauge: type === "gauge",
        attributes,
        value,
        isEnd,
      }),
    ),
  );
  expect(read).toHaveLength(4);
});

test("readPoints() throws when the input is cut", () => {
  const body = gauges(["Running"], [], 1000);

  expect(() => readPoints(body.subarray(0, -3), () => undefined)).toThrow("the input is cut");
});

test("tally() knows each series by its newest point, and what was ended in the paced part", () => {
  const bodies = [
    metrics(gauges(["Pending"], [], 1), 1),
    metrics(gauges(["Running"], ["Pending"], 2), 2),
    metrics(gauges(["Idle"], ["Running"], 3), 3),
  ];

  const counted = tally(bodies, { beganMs: 3, writtenMs: new Map() });

  expect(counted.points).toBe(8);
  expect([...(counted.series.get(OBJECT) ?? [])]).toEqual([
    ["lifeline.object.phase{phase=Pending}", "ended"],
    ["lifeline.object.generation", -1.5],
    ["lifeline.object.phase{phase=Running}", "ended"],
    ["lifeline.object.phase{phase=Idle}", 3],
  ]);
  expect([...counted.endedPaced]).toEqual([`${OBJECT} lifeline.object.phase{phase=Running}`]);
});

test("tally() counts records by name, those that came twice, and how long paced ones took", () => {
  const bodies = [logs(["1", "2"], 100), logs(["2", "3"], 250)];

  const counted = tally(bodies, {
    beganMs: 0,
    writtenMs: new Map([
      ["2", 90],
      ["3", 200],
    ]),
  });

  expect([...counted.records]).toEqual([["lifeline.object.updated", 4]]);
  expect(counted.repeatedUids).toBe(1);
  expect(counted.delaysMs).toEqual([10, 160, 50]);
  expect(counted.bytes).toBe(bodies.reduce((sum, { body }) => sum + body.length, 0));
});

test("tally() counts spans by name, roots by outcome, and those that came twice", () => {
  const bodies = [traces("a", "current"), traces("b", "superseded"), traces("a", "current")];

  const counted = tally(bodies);

  expect(Object.fromEntries(counted.spans)).toEqual({
    "Database converge: current": 2,
    "Database converge: superseded": 1,
    observe: 3,
  });
  expect(counted.repeatedSpans).toBe(2);
});

function traces(digit: string, outcome: string): ReceivedBody {
  const frame = { startMs: 0, endMs: 1, events: [], links: [] };
  const [rootId, childId] = ["1", "2"].map((first) => first.padEnd(16, "0"));
  const root = {
    ...frame,
    spanId: rootId ?? "",
    name: "Database converge",
    attributes: { "lifeline.outcome": outcome },
  };
  const child = { ...frame, spanId: childId ?? "", name: "observe", attributes: {} };
  const trace = { type: "trace", traceId: digit.repeat(32), spans: [root, child] } as const;
  return { signal: "traces", body: gzipSync(encodeTraces([trace], CONTEXT)), receivedMs: 0 };
}

function own(
  points: readonly (readonly [metric: string, attributes: Record<string, string>, value: number])[],
  receivedMs: number,
): ReceivedBody {
  const object = {
    identity: {},
    points: points.map(([metric, attributes, value]) => ({ metric, unit: "", value, attributes })),
    ended: [],
  };
  const scope = { name: "kube-lifeline.self", version: "1.2.3" };
  return metrics(
    Buffer.concat(encodeGauges([object], { ...CONTEXT, scope, timeMs: 0 })),
    receivedMs,
  );
}

const DELAY = "lifeline.process.event_loop.delay";
const MEMORY = "lifeline.process.memory";

test("tally() keeps the worst that the program told of its event loop", () => {
  const told = [
    [0.02, 0.3],
    [0.05, 0.1],
  ].map(([p99 = 0, max = 0]) => [
    [DELAY, { quantile: "0.5" }, 9] as const,
    [DELAY, { quantile: "0.99" }, p99] as const,
    [DELAY, { quantile: "1" }, max] as const,
  ]);

  const counted = tally(told.map((points) => own(points, 1)));

  expect(counted.eventLoop).toEqual({ p99Ms: 50, maxMs: 300 });
  expect(counted.points).toBe(0);
  expect(tally([]).eventLoop).toBeUndefined();
});

test("leastHeapBytes() is the least heap that the program told of from then on", () => {
  const bodies = [100, 300, 200].map((bytes, at) =>
    own(
      [
        [MEMORY, { type: "rss" }, 1],
        [MEMORY, { type: "heap_used" }, bytes],
      ],
      at,
    ),
  );

  const counted = tally(bodies);

  expect(leastHeapBytes(counted, 0)).toBe(100);
  expect(leastHeapBytes(counted, 1)).toBe(200);
  expect(leastHeapBytes(counted, 3)).toBeUndefined();
});
