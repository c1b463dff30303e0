import { expect, test } from "vitest";
import type { EngineFigures, EventsFigures, LookFigures, Measured } from "./engine-figures.ts";
import { engineFailures, missedEngineBars, renderEngineReport } from "./engine-report.ts";
import { BARE, LIST_WATCH, OURS, type Subject } from "./run-subject.ts";

function events(
  subject: Subject,
  cpuPerMillion: number,
  problems: readonly string[] = [],
): Measured<EventsFigures> {
  return { subject, events: 200_250, cpuPerMillion, eventsPerSecond: 54_321, problems };
}

function look(more: Partial<LookFigures> = {}): Measured<LookFigures> {
  return {
    subject: OURS,
    objects: 102_500,
    hasStreamed: false,
    seconds: 4,
    cpuSeconds: 3,
    peakMb: 120,
    workMb: 100,
    eventLoopP99Ms: 50,
    problems: [],
    ...more,
  };
}

const FIGURES: EngineFigures = {
  options: { objects: 10_000, updates: 200_000, large: 100_000, reconnects: 1000, seed: 1 },
  events: [events(BARE, 11), events(OURS, 15), events(LIST_WATCH, 30), events(BARE, 13)],
  looks: [look(), look({ hasStreamed: true })],
  reconnects: [
    { subject: OURS, reconnects: 1003, connections: 5, seconds: 1, problems: [] },
    { subject: LIST_WATCH, reconnects: 1003, connections: 1005, seconds: 2, problems: [] },
  ],
};

function barRows(figures: EngineFigures): readonly string[] {
  return renderEngineReport(figures)
    .split("\n")
    .filter((line) => /\| (met|MISSED|not judged) *\|$/.test(line))
    .map((row) => row.replaceAll(/ +/g, " "));
}

test("renderEngineReport() shows each bar beside what was measured of ours", () => {
  expect(barRows(FIGURES)).toEqual([
    "| engine: CPU-seconds per 1M events | ≤ 15 | 15.0 | met |",
    "| engine: the same, in times of a bare Node's parsing of that stream | ≤ 1.25 | 1.25 | met |",
    "| engine: peak of a look at 100,000 objects, in times of the memory at work | ≤ 1.2 | 1.20 | met |",
    "| engine: event-loop delay p99 in that look, ms | ≤ 50 | 50.0 | met |",
    "| engine: TCP connections after 1,000 reconnects | ≤ 5 | 5.0 | met |",
  ]);
});

test("renderEngineReport() judges no bar by a smaller input", () => {
  const options = { objects: 20, updates: 20, large: 20, reconnects: 1, seed: 1 };

  const rows = barRows({ ...FIGURES, options });

  expect(rows.filter((row) => row.includes("not judged"))).toHaveLength(5);
});

test("missedEngineBars() goes by the worst of several looks, and by nobody's figures but ours", () => {
  const looks = [look(), look({ hasStreamed: true, peakMb: 130, eventLoopP99Ms: 51 })];

  const missed = missedEngineBars({ ...FIGURES, looks });

  expect(missed).toEqual([
    "BAR MISSED: engine: peak of a look at 100,000 objects, in times of the memory at work: wanted ≤ 1.2, measured 1.30",
    "BAR MISSED: engine: event-loop delay p99 in that look, ms: wanted ≤ 50, measured 51.0",
  ]);
});

test("engineFailures() are what ours lost, and missed bars only when asked to be strict", () => {
  const lost = "Wrong answer: wanted 2 events, got 1";
  const slow = { ...FIGURES, events: [events(BARE, 12), events(OURS, 15.2, [lost])] };
  const others = { ...FIGURES, events: [...FIGURES.events, events(LIST_WATCH, 30, [lost])] };

  expect(engineFailures(slow, { strict: false })).toEqual([lost]);
  expect(engineFailures(slow, { strict: true })).toHaveLength(3);
  expect(engineFailures(others, { strict: true })).toEqual([]);
});

test("renderEngineReport() says in others' rows what they lost, or why they were not measured", () => {
  const lost = "Wrong answer: wanted 2 events, got 1";

  const report = renderEngineReport({
    ...FIGURES,
    events: [...FIGURES.events, events(LIST_WATCH, 30, [lost])],
    looks: [{ subject: LIST_WATCH, failure: "Cannot measure it: out of memory\na stack" }],
  });

  expect(report).toMatch(/\| client-node.* \| 30\.0 +\| 54,321 +\| Wrong answer: wanted 2 events/);
  expect(report).toMatch(/\| client-node.* \| – .*\| Cannot measure it: out of memory +\|/);
});
