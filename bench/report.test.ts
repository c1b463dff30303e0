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
  eventLoopP99Ms: 12,
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
  idle: { start: START, memory: { rss: 109.9, peak: 120 } },
};
const SLOW: Figures = { ...FIGURES, updates: { ...UPDATES, cpuPerMillion: 70.1 } };

function barRows(report: string): readonly string[] {
  return report.split("\n").filter((line) => /\| (met|MISSED|not judged) *\|$/.test(line));
}

test("renderReport() shows each bar beside what was measured", () => {
  const rows = barRows(renderReport(SLOW)).map((row) => row.replaceAll(/ +/g, " "));

  expect(rows).toEqual([
    "| CPU-seconds per 1M events | ≤ 70 | 70.1 | MISSED |",
    "| the same, in times of a bare Node's parsing of that stream | ≤ 5.8 | 5.8 | met |",
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

  expect(rows.filter((row) => row.includes("not judged"))).toHaveLength(4);
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
