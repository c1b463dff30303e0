import { expect, test } from "vitest";
import type { BenchOptions } from "./bench-arguments.ts";
import type { Figures } from "./figures.ts";
import type { UpdateFigures } from "./measure.ts";
import { updatePerformancePage } from "./performance-page.ts";
import { failures, renderReport } from "./report.ts";

const OPTIONS: BenchOptions = {
  objects: 10_000,
  updates: 200_000,
  large: 100_000,
  pacedSeconds: 15,
  engine: false,
  reconnects: 1000,
  logSeverity: "DEBUG",
  traceTurns: 4,
  traces: true,
  seed: 1,
  cpuProfile: false,
  strict: false,
  writeDocs: false,
  peers: true,
  buildPeers: false,
};
const START = { firstRequestCpuSeconds: 0.29, syncSeconds: 2, syncCpuSeconds: 1.5 };
const LARGE = {
  start: START,
  memory: { rss: 180, peak: 200 },
  objects: 100_000,
  diskBytesPerObject: 2345.6,
  eventLoop: { p99Ms: 12, maxMs: 345 },
  heapBytes: 19e6,
  verdict: { comparisons: [], problems: [] },
};
const UPDATES: UpdateFigures = {
  ...LARGE,
  objects: 10_000,
  events: 200_000,
  eventBytes: 3100,
  eventsPerSecond: 12_345,
  cpuPerMillion: 70,
  cpuPerMillionPlaying: 80,
  recordsPerEvent: 1.2,
  points: 5,
  bytes: 6,
};
const FIGURES: Figures = {
  options: OPTIONS,
  updates: UPDATES,
  baseline: [12, 12.2],
  large: LARGE,
  idle: { start: START, memory: { rss: 109.9, peak: 120 }, heapBytes: 17e6 },
};
const SIDE = {
  cpuPerMillion: 50,
  spans: { what: "spans", wanted: 7, got: 7 },
  problems: [],
};
const TRACES = { updates: 60_000, withTraces: { ...SIDE, cpuPerMillion: 55.1 }, without: SIDE };
const SLOW: Figures = { ...FIGURES, updates: { ...UPDATES, cpuPerMillion: 70.1 } };

function barRows(report: string): readonly string[] {
  return report.split("\n").filter((line) => /\| (met|MISSED|not judged) *\|$/.test(line));
}

test("renderReport() shows each bar beside what was measured", () => {
  const rows = barRows(renderReport(SLOW)).map((row) => row.replaceAll(/ +/g, " "));

  expect(rows).toEqual([
    "| CPU-seconds per 1M events | ≤ 70 | 70.1 | MISSED |",
    "| the same, in times of a bare Node's parsing of that stream | ≤ 5.8 | 5.8 | met |",
    "| CPU with traces, in times of that without | ≤ 1.1 | – | not judged |",
    "| peak at 100,000 objects, MB | ≤ 200 | 200.0 | met |",
    "| p99 from a change's bytes to its record received, at 200 changes a second, ms | ≤ 400 | – | not judged |",
    "| idle RSS, MB | < 110 | 109.9 | met |",
    "| CPU-seconds from start to the first request | < 0.3 | 0.29 | met |",
  ]);
});

test("renderReport() tells what an object takes on disk", () => {
  expect(renderReport(FIGURES)).toMatch(
    /bytes on disk per object \(state file and WAL\), 100,000 objects +\| 2,346 /,
  );
});

test("renderReport() judges no bar by a smaller input", () => {
  const options = { ...OPTIONS, updates: 1000, large: 0 };
  const { large: _large, ...rest } = FIGURES;

  const rows = barRows(renderReport({ ...rest, options }));

  expect(rows.filter((row) => row.includes("not judged"))).toHaveLength(5);
});

test("renderReport() tells what an object takes in memory, and of that in the JavaScript heap", () => {
  expect(renderReport(FIGURES)).toMatch(
    /bytes of memory per object \(of these in the JavaScript heap\), 100,000 objects +\| 701 \(20\) /,
  );
});

test("renderReport() tells the longest block of the event loop beside the delay's 99th percentile", () => {
  const report = renderReport(FIGURES);

  expect(report).toMatch(/longest block of the event loop +\| 345 ms/);
  expect(report).toMatch(/longest block of the event loop, 100,000 objects +\| 345 ms/);
});

test("renderReport() sets the cost with traces beside that without, and failures() hears of both", () => {
  const traces = { ...TRACES, without: { ...SIDE, problems: ["Wrong answer: y"] } };

  const report = renderReport({ ...FIGURES, traces });

  expect(report).toMatch(/CPU with traces, in times of that without +\| ≤ 1.1 +\| 1.10 +\| MISSED/);
  expect(report).toMatch(/in turns \(60,000 updates each\) +\| 55.1 \/ 50.0/);
  expect(report).toMatch(/\| without traces +\| spans +\| 7 +\| 7 /);
  expect(failures({ ...FIGURES, traces })).toEqual(["Wrong answer: y"]);
});

test("renderReport() marks figures of peers that were not measured in this session", () => {
  const peer = { ...PEER, name: "kube-state-metrics live" };

  const report = renderReport({ ...FIGURES, livePeer: peer });

  expect(report).toMatch(/\| kube-state-metrics live +\| in this session +\| 5,000 +\| 210 /);
  expect(report.match(/earlier, on another machine/g)).toHaveLength(2);
});

test("failures() are wrong answers, and missed bars only when asked to be strict", () => {
  const wrong: Figures = {
    ...SLOW,
    large: { ...LARGE, verdict: { comparisons: [], problems: ["Wrong answer: x"] } },
  };

  expect(failures(SLOW)).toEqual([]);
  expect(failures(wrong)).toEqual(["Wrong answer: x"]);
  expect(failures({ ...SLOW, options: { ...OPTIONS, strict: true } })).toEqual([
    "BAR MISSED: CPU-seconds per 1M events: wanted ≤ 70, measured 70.1",
  ]);
});

test("updatePerformancePage() replaces what is between the marks, and keeps the rest", () => {
  const page = "# Before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nAfter\n";

  const updated = updatePerformancePage(page, "new\n", {
    date: "2026-01-15",
    version: "1.2.3",
    machine: "a machine",
    place: "bench",
  });

  expect(updated).toBe(
    "# Before\n<!-- bench:begin -->\n\nMeasured on 2026-01-15: kube-lifeline 1.2.3 on a machine.\n\nnew\n\n<!-- bench:end -->\nAfter\n",
  );
});

test("updatePerformancePage() says what is missing in a page without marks", () => {
  const occasion = { date: "", version: "", machine: "", place: "engine" } as const;

  expect(() => updatePerformancePage("# Page", "", occasion)).toThrow("engine:begin");
});

const PEER = {
  name: "",
  eventsPerSecond: 5000,
  cpuPerMillion: 210,
  rss: "100 MB (200)",
  rssLarge: "2 GB",
};
