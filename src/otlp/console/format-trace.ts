import type { Span as TraceSpan, TraceSignal } from "../../lifecycle/signal.ts";
import { formatDuration } from "../../util/format-duration.ts";
import {
  cell,
  columnsOf,
  firstColumns,
  type LineOptions,
  renderLine,
  type Span,
  type Style,
} from "./line.ts";
import { objectName } from "./object-name.ts";
import { printable } from "./printable.ts";

/** Without a terminal lines are as wide as this, whatever reads them: the same trace always looks the same. */
const PLAIN_COLUMNS = 100;
const NAME_COLUMNS_MAX = 40;
/** Enough to tell one kind of span from another. */
const NAME_COLUMNS_MIN = 10;
const BAR_COLUMNS_MIN = 10;
const DURATION_COLUMNS = 8;
/** What stands around a bar: its two edges, and the spaces beside them. */
const EDGE_COLUMNS = 4;
const INDENT = "  ";

const OUTCOME_STYLES: Readonly<Record<string, Style>> = {
  current: "green",
  deleted: "green",
  failed: "red",
  timed_out: "yellow",
  superseded: "yellow",
};

/**
 * A finished trace for people, as lines without their ends: what it was about and how it ended, then one bar per stage,
 * each where it stands in the time of the whole.
 */
export function formatTrace(trace: TraceSignal, options: LineOptions): readonly string[] {
  const [root] = trace.spans;
  const width = options.width ?? PLAIN_COLUMNS;
  const rows = rowsOf(trace.spans, nameRoom(width));
  const nameColumns = Math.max(...rows.map(({ label }) => columnsOf(label)));
  const barColumns = Math.max(
    BAR_COLUMNS_MIN,
    width - nameColumns - DURATION_COLUMNS - EDGE_COLUMNS,
  );
  const bars = rows.map((row) => {
    const { left, length } = placeOf(row.span, root, barColumns);
    const fill = length === 0 ? "▏" : "━".repeat(length);
    const spans: Span[] = [
      { text: cell(row.label, nameColumns), style: row.depth === 0 ? "bold" : "plain" },
      { text: `│${" ".repeat(left)}`, style: "dim" },
      { text: fill, style: styleOf(row.span, root) },
      { text: " ".repeat(Math.max(0, barColumns - left - Math.max(1, length))), style: "plain" },
      { text: "│ ", style: "dim" },
      { text: shortDuration(row.span.endMs - row.span.startMs), style: "plain" },
    ];
    return renderLine(spans, options);
  });
  return [renderLine(titleOf(trace), options), ...bars];
}

function titleOf({ spans: [root], namespace }: TraceSignal): readonly Span[] {
  const { attributes } = root;
  const outcome = text(attributes["lifeline.outcome"]);
  const waitingFor = text(attributes["lifeline.waiting_for"]);
  const reason = text(attributes["lifeline.health.reason"]);
  const why = [
    reason === "" ? "" : ` (${reason})`,
    waitingFor === "" ? "" : `, ${outcome === "current" ? "last" : "waiting for"} ${waitingFor}`,
  ].join("");
  const generation = attributes["k8s.object.generation"];
  return [
    { text: "trace ", style: "cyan" },
    { text: objectName(attributes, namespace), style: "bold" },
    { text: ` ${text(attributes["lifeline.role"])}`, style: "plain" },
    { text: typeof generation === "number" ? ` generation ${generation}` : "", style: "dim" },
    { text: " → ", style: "dim" },
    { text: outcome, style: OUTCOME_STYLES[outcome] ?? "plain" },
    { text: why, style: "plain" },
  ];
}

type Row = { readonly span: TraceSpan; readonly depth: number; readonly label: string };

/** Each span under its parent, in the order of the trace. */
function rowsOf(spans: TraceSignal["spans"], nameColumns: number): readonly Row[] {
  const children = Map.groupBy(spans, ({ parentSpanId }) => parentSpanId);
  const below = (span: TraceSpan, depth: number): readonly Row[] => [
    { span, depth, label: labelOf(span, depth, nameColumns) },
    ...(children.get(span.spanId) ?? []).flatMap((child) => below(child, depth + 1)),
  ];
  return below(spans[0], 0);
}

/** On a narrow terminal names give way to the bars. */
function nameRoom(width: number): number {
  const left = width - BAR_COLUMNS_MIN - DURATION_COLUMNS - EDGE_COLUMNS;
  return Math.min(NAME_COLUMNS_MAX, Math.max(NAME_COLUMNS_MIN, left));
}

/** Made printable here, for what is printable may be longer. */
function labelOf({ name, attributes }: TraceSpan, depth: number, columns: number): string {
  const child =
    text(attributes["lifeline.stage"]) === "child" ? text(attributes["k8s.object.name"]) : "";
  const label = `${INDENT.repeat(depth)}${printable(`${name} ${child}`.trimEnd())}`;
  return columnsOf(label) <= columns ? label : `${firstColumns(label, columns - 1)}…`;
}

/** Where a bar begins and how long it is, in columns; 0 for one that is shorter than a column. */
function placeOf(
  span: TraceSpan,
  root: TraceSpan,
  columns: number,
): { readonly left: number; readonly length: number } {
  const tookMs = Math.max(1, root.endMs - root.startMs);
  const toColumn = (timeMs: number): number =>
    Math.round(((timeMs - root.startMs) / tookMs) * columns);
  const start = toColumn(span.startMs);
  const left = Math.min(columns - 1, start);
  return { left, length: Math.min(columns - left, toColumn(span.endMs) - start) };
}

function styleOf(span: TraceSpan, root: TraceSpan): Style {
  if (span === root) return OUTCOME_STYLES[text(root.attributes["lifeline.outcome"])] ?? "plain";
  return span.attributes["lifeline.stage"] === "phase" ? "dim" : "cyan";
}

/** `700ms`, `12.3s`, and from a minute on as people say it. */
function shortDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`;
  return durationMs < 60_000 ? `${(durationMs / 1_000).toFixed(1)}s` : formatDuration(durationMs);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
