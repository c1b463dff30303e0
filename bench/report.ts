import { markdownTable } from "../src/util/markdown-table.ts";
import { judgeBars } from "./bars.ts";
import type { Figures } from "./figures.ts";
import type { IdleFigures, LargeFigures, Memory, UpdateFigures } from "./measure.ts";
import type { TracesFigures } from "./measure-traces.ts";
import { EARLIER_PEERS, type Peer } from "./peers.ts";
import type { FunctionTime } from "./top-functions.ts";
import type { Comparison } from "./verdict.ts";

/** Regular expressions go by their whole text. */
const NAME_MAX = 80;
const BYTES_PER_MB = 1e6;

/** What the session found, as Markdown: bars, cost, peers, and what arrived. */
export function renderReport(figures: Figures): string {
  const { updates, large, traces } = figures;
  const bars = judgeBars(figures).map(({ what, limit, measured, outcome }) => [
    what,
    limit,
    measured,
    outcome,
  ]);
  const arrived = [
    ...comparisonRows("updates", updates.verdict.comparisons),
    ...(large === undefined ? [] : comparisonRows("large", large.verdict.comparisons)),
    ...(traces === undefined
      ? []
      : [
          ...comparisonRows("with traces", [traces.withTraces.spans]),
          ...comparisonRows("without traces", [traces.without.spans]),
        ]),
  ];
  return [
    markdownTable(["bar", "wanted", "measured", ""], bars),
    markdownTable(["cost", "measured"], costRows(figures)),
    renderPeers(figures),
    markdownTable(["run", "what arrived", "expected", "received"], arrived),
  ].join("\n");
}

/** Why this session fails; empty if it does not. */
export function failures(figures: Figures): readonly string[] {
  const { updates, large, traces, options } = figures;
  return [
    ...updates.verdict.problems,
    ...(large?.verdict.problems ?? []),
    ...(traces?.withTraces.problems ?? []),
    ...(traces?.without.problems ?? []),
    ...(options.strict ? missedBars(figures) : []),
  ];
}

/** One sentence for each bar that was missed. */
export function missedBars(figures: Figures): readonly string[] {
  return judgeBars(figures)
    .filter(({ outcome }) => outcome === "MISSED")
    .map(
      ({ what, limit, measured }) => `BAR MISSED: ${what}: wanted ${limit}, measured ${measured}`,
    );
}

function costRows(figures: Figures): readonly (readonly string[])[] {
  const { updates, baseline, large, idle, traces } = figures;
  const idleRows =
    idle === undefined
      ? []
      : [
          [
            "CPU-seconds from start to the first request",
            idle.start.firstRequestCpuSeconds.toFixed(2),
          ],
          ["idle RSS with 100 objects, MB (peak)", memoryText(idle.memory)],
        ];
  const baselineRow = [
    "CPU-seconds per 1M events of a bare Node that reads, splits and parses that stream, before and after",
    baseline.map((value) => value.toFixed(1)).join(" / "),
  ];
  return [
    ...updateRows(updates),
    baselineRow,
    ...(traces === undefined ? [] : tracesRows(traces)),
    ...(large === undefined ? [] : largeRows(large, idle)),
    ...idleRows,
  ];
}

function updateRows(updates: UpdateFigures): readonly (readonly string[])[] {
  const { delay, events, eventBytes, objects } = updates;
  const delays =
    delay === undefined
      ? []
      : [
          [
            `from the change's bytes written to its record received, p50 / p99 (${delay.changes} changes, 200 a second)`,
            `${whole(delay.p50Ms)} / ${whole(delay.p99Ms)} ms`,
          ],
        ];
  return [
    [
      `events/s (${grouped(events)} updates of ${whole(eventBytes)} bytes, as fast as they are read)`,
      grouped(updates.eventsPerSecond),
    ],
    [
      "CPU-seconds per 1M events, all threads, gauges included (until the last record)",
      `${updates.cpuPerMillion.toFixed(1)} (${updates.cpuPerMillionPlaying.toFixed(1)})`,
    ],
    ["records per event", updates.recordsPerEvent.toFixed(2)],
    ["points sent", grouped(updates.points)],
    ["bytes sent (gzip)", grouped(updates.bytes)],
    ...delays,
    ...eventLoopRows(updates, ""),
    [
      `seconds from start to synced, ${grouped(objects)} objects (CPU-seconds)`,
      syncText(updates.start),
    ],
    [`RSS after the updates, ${grouped(objects)} objects, MB (peak)`, memoryText(updates.memory)],
  ];
}

function largeRows(
  large: LargeFigures,
  idle: IdleFigures | undefined,
): readonly (readonly string[])[] {
  const objects = grouped(large.objects);
  return [
    [`seconds from start to synced, ${objects} objects (CPU-seconds)`, syncText(large.start)],
    [
      `RSS a whole heartbeat after the sync, ${objects} objects, MB (peak)`,
      memoryText(large.memory),
    ],
    [
      `bytes on disk per object (state file and WAL), ${objects} objects`,
      grouped(large.diskBytesPerObject),
    ],
    ...memoryPerObjectRows(large, idle),
    ...eventLoopRows(large, `, ${objects} objects`),
  ];
}

function memoryPerObjectRows(
  large: LargeFigures,
  idle: IdleFigures | undefined,
): readonly (readonly string[])[] {
  if (idle === undefined) return [];
  const ofHeap =
    large.heapBytes === undefined || idle.heapBytes === undefined
      ? "not told"
      : grouped((large.heapBytes - idle.heapBytes) / large.objects);
  return [
    [
      `bytes of memory per object (of these in the JavaScript heap), ${grouped(large.objects)} objects`,
      `${grouped(rssBytesPerObject(large, idle))} (${ofHeap})`,
    ],
  ];
}

function rssBytesPerObject(large: LargeFigures, idle: IdleFigures): number {
  return ((large.memory.rss - idle.memory.rss) * BYTES_PER_MB) / large.objects;
}

function eventLoopRows(
  { eventLoop }: Pick<UpdateFigures, "eventLoop">,
  of: string,
): readonly (readonly string[])[] {
  return [
    [`event-loop delay p99, the worst 15 s${of}`, milliseconds(eventLoop?.p99Ms)],
    [`longest block of the event loop${of}`, milliseconds(eventLoop?.maxMs)],
  ];
}

function tracesRows({
  updates,
  withTraces,
  without,
}: TracesFigures): readonly (readonly string[])[] {
  return [
    [
      `CPU-seconds per 1M events with traces / without, in turns (${grouped(updates)} updates each)`,
      `${withTraces.cpuPerMillion.toFixed(1)} / ${without.cpuPerMillion.toFixed(1)}`,
    ],
  ];
}

/** Ours beside those of this session and those of earlier; what was measured elsewhere says so. */
function renderPeers({ updates, large, livePeer }: Figures): string {
  const us: Peer = {
    name: "kube-lifeline",
    eventsPerSecond: updates.eventsPerSecond,
    cpuPerMillion: updates.cpuPerMillion,
    rss: `${whole(updates.memory.rss)} MB (${whole(updates.memory.peak)})`,
    rssLarge: large === undefined ? "–" : `${whole(large.memory.rss)} MB`,
  };
  const row = (where: string, peer: Peer): readonly string[] => [
    peer.name,
    where,
    grouped(peer.eventsPerSecond),
    whole(peer.cpuPerMillion),
    peer.rss,
    peer.rssLarge,
  ];
  return markdownTable(
    [
      "",
      "measured",
      "events/s",
      "CPU-seconds per 1M events",
      "RSS after the updates (peak)",
      "RSS after the large sync",
    ],
    [
      row("in this session", us),
      ...(livePeer === undefined ? [] : [row("in this session", livePeer)]),
      ...EARLIER_PEERS.map((peer) => row("earlier, on another machine", peer)),
    ],
  );
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

function comparisonRows(
  run: string,
  comparisons: readonly Comparison[],
): readonly (readonly string[])[] {
  return comparisons.map(({ what, wanted, got }) => [run, what, grouped(wanted), grouped(got)]);
}

function syncText(start: LargeFigures["start"]): string {
  return `${start.syncSeconds.toFixed(1)} (${start.syncCpuSeconds.toFixed(1)})`;
}

function memoryText({ rss, peak }: Memory): string {
  return `${whole(rss)} (${whole(peak)})`;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "not told (shorter than 15 s)" : `${whole(value)} ms`;
}

function whole(value: number): string {
  return String(Math.round(value));
}

/** 12,345 in place of 12345. */
function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
