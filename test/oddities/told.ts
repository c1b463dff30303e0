import { textAttribute } from "../support/text-attribute.ts";
import type { Collector } from "../testbed/collector.ts";
import type { LogEntry, MetricPoint } from "../testbed/otlp-json.ts";

const STATUS_FIELD = "lifeline.object.status.";

/** What the collector received from the process that runs under one cluster name, by object name. */
export type Told = {
  /** Its records in order of arrival; of one action, or all. */
  records(name: string, action?: string): readonly LogEntry[];
  /** The names of the objects that records of these actions are about, in order of arrival. */
  names(...actions: readonly string[]): readonly string[];
  /** The names of the objects that have a live series of a metric, sorted. */
  liveNames(metric: string): readonly string[];
  /** The last point of each series of a metric, without the series that have ended. */
  gauges(name: string, metric: string): readonly MetricPoint[];
  /** `lifeline.object.status.<field>` by field: value and unit. */
  statusGauges(name: string): Readonly<Record<string, unknown>>;
};

export function toldTo(collector: Collector, clusterName: string): Told {
  const logs = (): readonly LogEntry[] =>
    collector.received
      .logs()
      .filter(
        ({ resource, scope }) =>
          resource["k8s.cluster.name"] === clusterName && scope.name === "kube-lifeline",
      );
  const live = (isWanted: (point: MetricPoint) => boolean): readonly MetricPoint[] => {
    const latest = new Map<string, MetricPoint>();
    for (const point of collector.received.points()) {
      if (point.attributes["k8s.cluster.name"] === clusterName && isWanted(point))
        latest.set(JSON.stringify([point.name, point.attributes]), point);
    }
    return [...latest.values()].filter(({ flags }) => flags === 0);
  };
  const liveOf = (name: string): readonly MetricPoint[] =>
    live(({ attributes }) => attributes["k8s.object.name"] === name);
  return {
    records: (name, action) =>
      logs().filter(
        ({ attributes }) =>
          attributes["k8s.object.name"] === name &&
          (action === undefined || attributes["lifeline.action"] === action),
      ),
    names: (...actions) =>
      logs()
        .map(({ attributes }) => attributes)
        .filter((attributes) => attributes["k8s.object.name"] !== undefined)
        .filter((attributes) => actions.includes(textAttribute({ attributes }, "lifeline.action")))
        .map((attributes) => textAttribute({ attributes }, "k8s.object.name")),
    liveNames: (metric) =>
      live((point) => point.name === metric)
        .map(({ attributes }) => textAttribute({ attributes }, "k8s.object.name"))
        .toSorted(),
    gauges: (name, metric) => liveOf(name).filter((point) => point.name === metric),
    statusGauges: (name) =>
      Object.fromEntries(
        liveOf(name)
          .filter((point) => point.name.startsWith(STATUS_FIELD))
          .map((point) => [point.name.slice(STATUS_FIELD.length), [point.value, point.unit]]),
      ),
  };
}
