import type { ReceivedItems, ReceivedPoint } from "../otlp-receiver/received.ts";
import { foldSeries } from "../otlp-receiver/series.ts";
import { renderTable } from "./text-table.ts";

/** What the summary is about: everything that was received, and the database to show gauges of. */
export type SummaryInput = ReceivedItems & {
  readonly database: { readonly namespace: string; readonly name: string };
};

/** Metrics of one object that everybody understands at once, in this order; the others are counted only. */
const SHOWN_METRICS = /^lifeline\.object\.(health|healthy|phase|condition|generation|status\..*)$/;
const IDENTITY = new Set([
  "k8s.object.kind",
  "k8s.object.group",
  "k8s.object.name",
  "k8s.namespace.name",
  "k8s.cluster.name",
]);

/** The end of the demo, in plain lines: what came by signal and name, the series, the gauges of one database. */
export function renderSummary(input: SummaryInput): readonly string[] {
  const { live, ended } = foldSeries(input.points);
  const { namespace, name } = input.database;
  const own = [...live.values()].filter(
    (point) => isOf(point, input.database) && SHOWN_METRICS.test(point.metric),
  );
  return [
    "What the receiver got over OTLP",
    "",
    ...renderTable(["signal", "name", "count"], countRows(input)),
    "",
    `Series: ${live.size} live, ${ended.size} ended by a marker (NoRecordedValue)`,
    "",
    `Gauges of CustomDatabase ${namespace}/${name} at the end`,
    "",
    ...renderTable(["metric", "attributes", "value", "unit"], gaugeRows(own)),
  ];
}

function countRows({ records, points, spans }: ReceivedItems): readonly (readonly string[])[] {
  const rows = [
    ...counted(
      "log record",
      records.map(({ eventName, scope }) => eventName || `(${scope.name})`),
    ),
    ...counted(
      "data point",
      points.map(({ metric }) => metric),
    ),
    ...counted(
      "span",
      spans.map((span) => span.name),
    ),
  ];
  const total = records.length + points.length + spans.length;
  return [...rows, ["all", "", String(total)]];
}

function counted(signal: string, names: readonly string[]): readonly (readonly string[])[] {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { length }]) => [signal, name, String(length)]);
}

function gaugeRows(points: readonly ReceivedPoint[]): readonly (readonly string[])[] {
  return points
    .map(({ metric, attributes, value, unit }) => [
      metric,
      extraAttributes(attributes),
      String(value),
      unit,
    ])
    .toSorted((a, b) => (a.join("\0") < b.join("\0") ? -1 : 1));
}

function extraAttributes(attributes: ReceivedPoint["attributes"]): string {
  return Object.entries(attributes)
    .filter(([name]) => !IDENTITY.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

function isOf(
  { attributes }: ReceivedPoint,
  { namespace, name }: SummaryInput["database"],
): boolean {
  const isObject =
    attributes["k8s.object.kind"] === "CustomDatabase" && attributes["k8s.object.name"] === name;
  return isObject && attributes["k8s.namespace.name"] === namespace;
}
