import type { Point } from "../../lifecycle/signal.ts";
import type { GaugeObject } from "../encode-metrics.ts";
import { type LineOptions, renderLine, type Span, type Style } from "./line.ts";
import { objectName } from "./object-name.ts";

const STATUS_FIELD = "lifeline.object.status.";

const HEALTH_STYLES: Readonly<Record<string, Style>> = {
  current: "green",
  degraded: "yellow",
  failed: "red",
};

/**
 * One object's gauges for people, without the line's end: health, phase, conditions, fields of the status; what
 * only machines want (info, times, generations) is left out. An object without points has ended.
 */
export function formatPointsLine(object: GaugeObject, options: LineOptions): string {
  const namespace = object.identity["k8s.namespace.name"];
  const name = objectName(object.identity, namespace === undefined ? undefined : String(namespace));
  const spans: Span[] = [
    { text: "gauges  ", style: "cyan" },
    { text: `${name}  `, style: "bold" },
  ];
  if (object.points.length === 0) spans.push({ text: "ended", style: "dim" });
  for (const span of object.points.map(spanOf).filter((each) => each !== undefined))
    spans.push(span, { text: " ", style: "plain" });
  return renderLine(spans, options);
}

function spanOf(point: Point): Span | undefined {
  const { metric, attributes, value } = point;
  switch (metric) {
    case "lifeline.object.health": {
      const health = String(attributes["health"]);
      return { text: `health=${health}`, style: HEALTH_STYLES[health] ?? "plain" };
    }
    case "lifeline.object.phase":
      return { text: `phase=${String(attributes["phase"])}`, style: "plain" };
    case "lifeline.object.condition":
      return {
        text: `${String(attributes["condition"])}=${String(attributes["status"])}`,
        style: "plain",
      };
    default:
      return metric.startsWith(STATUS_FIELD)
        ? { text: `${metric.slice(STATUS_FIELD.length)}=${value}`, style: "plain" }
        : undefined;
  }
}
