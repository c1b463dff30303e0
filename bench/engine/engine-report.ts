import { markdownTable } from "../../src/util/markdown-table.ts";
import { type Bar, judgeEngineBars } from "../bars.ts";
import type {
  EngineFigures,
  EventsFigures,
  LookFigures,
  Measured,
  ReconnectFigures,
} from "./engine-figures.ts";

/** What the session found of engines, as Markdown. */
export function renderEngineReport(figures: EngineFigures): string {
  const { events, looks, reconnects } = figures;
  const bars = judgeEngineBars(figures).map(({ what, limit, measured, outcome }) => [
    what,
    limit,
    measured,
    outcome,
  ]);
  return [
    markdownTable(["bar", "wanted", "measured", ""], bars),
    renderEvents(events),
    ...(looks.length === 0 ? [] : [renderLooks(looks)]),
    ...(reconnects.length === 0 ? [] : [renderReconnects(reconnects)]),
  ].join("\n");
}

/** Why this session fails; empty if it does not. Others may lose what they like: that is told in their rows. */
export function engineFailures(
  figures: EngineFigures,
  { strict }: { readonly strict: boolean },
): readonly string[] {
  const { events, looks, reconnects } = figures;
  const wrong = [...events, ...looks, ...reconnects]
    .filter(({ subject }) => subject.isOurs)
    .flatMap((row) => (row.failure === undefined ? row.problems : [row.failure]));
  return [...wrong, ...(strict ? missedEngineBars(figures) : [])];
}

/** One sentence for each bar that was missed. */
export function missedEngineBars(figures: EngineFigures): readonly string[] {
  return judgeEngineBars(figures)
    .filter(({ outcome }: Bar) => outcome === "MISSED")
    .map(
      ({ what, limit, measured }) => `BAR MISSED: ${what}: wanted ${limit}, measured ${measured}`,
    );
}

function renderEvents(rows: readonly Measured<EventsFigures>[]): string {
  return markdownTable(
    ["bytes to events", "CPU-seconds per 1M events", "events/s", "told"],
    rows.map((row) =>
      cells(row, ["–", "–"], ({ cpuPerMillion, eventsPerSecond, events }) => [
        cpuPerMillion.toFixed(1),
        grouped(eventsPerSecond),
        `all ${grouped(events)}`,
      ]),
    ),
  );
}

function renderLooks(rows: readonly Measured<LookFigures>[]): string {
  return markdownTable(
    [
      "a look at everything",
      "by",
      "seconds (CPU-seconds)",
      "peak MB",
      "MB at work",
      "event-loop delay p99",
      "told",
    ],
    rows.map((row) =>
      cells(row, ["–", "–", "–", "–", "–"], (look) => [
        look.hasStreamed ? "a stream" : "a list",
        `${look.seconds.toFixed(1)} (${look.cpuSeconds.toFixed(1)})`,
        look.peakMb.toFixed(0),
        look.workMb.toFixed(0),
        `${look.eventLoopP99Ms.toFixed(0)} ms`,
        `all ${grouped(look.objects)}`,
      ]),
    ),
  );
}

function renderReconnects(rows: readonly Measured<ReconnectFigures>[]): string {
  return markdownTable(
    ["watches that end after one event", "TCP connections", "seconds", "told"],
    rows.map((row) =>
      cells(row, ["–", "–"], ({ reconnects, connections, seconds }) => [
        grouped(connections),
        seconds.toFixed(1),
        `all ${grouped(reconnects)}`,
      ]),
    ),
  );
}

/** A row; what was lost, or why nothing was measured, stands in the last column. */
function cells<Figures extends { readonly problems: readonly string[] }>(
  row: Measured<Figures>,
  empty: readonly string[],
  of: (figures: Figures) => readonly string[],
): readonly string[] {
  const { subject } = row;
  if (row.failure !== undefined) return [subject.title, ...empty, firstLine(row.failure)];
  const figures = of(row);
  if (row.problems.length === 0) return [subject.title, ...figures];
  return [subject.title, ...figures.slice(0, -1), row.problems.join("; ")];
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** 12,345 in place of 12345. */
function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
