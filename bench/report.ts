import { markdownTable } from "../src/util/markdown-table.ts";
import type { BenchOptions } from "./bench-arguments.ts";
import type { Tally } from "./otlp-sink.ts";
import type { FunctionTime } from "./top-functions.ts";

/** What was read from the program's process while it worked; memory in megabytes (10⁶ bytes). */
export type Measured = {
  readonly startCpuSeconds: number;
  readonly syncSeconds: number;
  readonly syncCpuSeconds: number;
  readonly idleRssMb: number;
  readonly idlePeakMb: number;
  readonly eventsPerSecond: number;
  readonly cpuPerMillion: number;
  readonly rssMb: number;
  readonly peakMb: number;
};

type Results = {
  readonly options: BenchOptions;
  readonly measured: Measured;
  readonly tally: Tally;
  readonly expected: Expected;
  readonly eventBytes: number;
};

/** What the stream means: records by EventName, and gauges of objects that are live at its end. */
export type Expected = {
  readonly records: ReadonlyMap<string, number>;
  readonly objectSeries: number;
};

/** Regular expressions go by their whole text. */
const NAME_MAX = 80;

/** Two tables in Markdown: what it cost, and what arrived. */
export function renderReport({ options, measured, tally, expected, eventBytes }: Results): string {
  const records = sum(tally.records);
  const { objects, updates } = options;
  const cost = [
    [
      `events/s (${updates} updates of ${Math.round(eventBytes)} bytes)`,
      whole(measured.eventsPerSecond),
    ],
    ["CPU-seconds per 1M events, all threads", measured.cpuPerMillion.toFixed(1)],
    ["records per event", (records / updates).toFixed(2)],
    ["points received", whole(tally.points)],
    ["bytes received (gzip)", whole(tally.bytes)],
    ["CPU-seconds from start to the first request", measured.startCpuSeconds.toFixed(2)],
    [`seconds from start to synced (${objects} objects)`, measured.syncSeconds.toFixed(2)],
    ["CPU-seconds from start to synced", measured.syncCpuSeconds.toFixed(2)],
    [
      "RSS when idle after the sync, MB (peak so far)",
      memory(measured.idleRssMb, measured.idlePeakMb),
    ],
    ["RSS after the updates, MB (peak)", memory(measured.rssMb, measured.peakMb)],
  ];
  const counts = compare(tally, expected).map(({ what, wanted, got }) => [
    what,
    String(wanted),
    String(got),
  ]);
  return `${markdownTable(["cost", "measured"], cost)}\n${markdownTable(["what", "expected", "received"], counts)}\n`;
}

/** Why what arrived is not what the stream means; empty if it is. */
export function verdict(tally: Tally, expected: Expected): readonly string[] {
  const wrong = compare(tally, expected)
    .filter(({ wanted, got }) => wanted !== got)
    .map(({ what, wanted, got }) => `Wrong answer: wanted ${wanted} of ${what}, got ${got}`);
  const repeated =
    tally.repeatedUids === 0 ? [] : [`Wrong answer: ${tally.repeatedUids} records came twice`];
  const complaints = tally.complaints.map((text) => `The program complains: ${text}`);
  return [...wrong, ...repeated, ...complaints];
}

function compare(
  tally: Tally,
  expected: Expected,
): readonly { readonly what: string; readonly wanted: number; readonly got: number }[] {
  const names = [...new Set([...expected.records.keys(), ...tally.records.keys()])].toSorted();
  return [
    ...names.map((name) => ({
      what: `records ${name}`,
      wanted: expected.records.get(name) ?? 0,
      got: tally.records.get(name) ?? 0,
    })),
    { what: "live series of objects", wanted: expected.objectSeries, got: tally.objectSeries },
  ];
}

/** Where the time went, and where the whole profile is. */
export function renderTopFunctions(functions: readonly FunctionTime[], path: string): string {
  const rows = functions.map(({ name, selfMs, share }) => [
    name.length > NAME_MAX ? `${name.slice(0, NAME_MAX)}…` : name,
    whole(selfMs),
    `${(share * 100).toFixed(1)} %`,
  ]);
  return `${markdownTable(["function", "self ms", "share"], rows)}\nThe whole profile: ${path}\n`;
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function whole(value: number): string {
  return String(Math.round(value));
}

function memory(now: number, peak: number): string {
  return `${whole(now)} (${whole(peak)})`;
}
