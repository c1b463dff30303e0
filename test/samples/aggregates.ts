import type { KubeObject } from "../../src/cluster/kube-object.ts";
import type { MetricPoint } from "../testbed/otlp-json.ts";
import { CLUSTER_NAME, groupOf, isEnd, keyOf } from "./expect-points.ts";
import { milliseconds } from "./expect-records.ts";
import type { Played } from "./play.ts";

/** Values by series. */
export type Counts = Readonly<Record<string, number>>;

/** docs/contract.md §5: `lifeline.objects` counts by kind, group, namespace, health. */
export function expectedObjects(played: readonly Played[]): Counts {
  const living = new Map<string, Played>();
  for (const one of played) {
    const { uid } = one.object.metadata;
    if (one.gone) living.delete(uid);
    else living.set(uid, one);
  }
  return tally(
    [...living.values()].map(({ object, shown }) =>
      keyOf({
        name: "lifeline.objects",
        unit: "{object}",
        attributes: { ...kindOf(object), health: shown?.health },
      }),
    ),
  );
}

/** docs/contract.md §5: `lifeline.object.changes` counts by kind, group, namespace, action; what is no news counts as well. */
export function expectedChanges(played: readonly Played[]): Counts {
  return tally(
    played.flatMap(({ step, object }) => {
      const ticks = Array.from({ length: step.ticks ?? 0 }, () => "ticked");
      return [...step.records.map(({ action }) => action), ...ticks].map((action) =>
        keyOf({
          name: "lifeline.object.changes",
          unit: "{change}",
          attributes: { ...kindOf(object), action },
        }),
      );
    }),
  );
}

/** What each process said first after that time (Unix milliseconds): it sends all its counts of a metric at once. */
export function firstCountsAfter(points: readonly MetricPoint[], afterMs: number): Counts {
  const firstTimes = new Map<unknown, bigint>();
  const found: MetricPoint[] = [];
  for (const point of points) {
    if (milliseconds(point.timeUnixNano) < afterMs) continue;
    const kind = point.attributes["k8s.object.kind"];
    const time = firstTimes.get(kind) ?? point.timeUnixNano;
    firstTimes.set(kind, time);
    if (point.timeUnixNano === time && !isEnd(point)) found.push(point);
  }
  return countsOf(found);
}

/** What was said last of each series that has not ended. */
export function lastCounts(points: readonly MetricPoint[]): Counts {
  const last = new Map(points.map((point) => [keyOf(point), point]));
  return countsOf([...last.values()].filter((point) => !isEnd(point)));
}

function countsOf(points: readonly MetricPoint[]): Counts {
  return Object.fromEntries(points.map((point) => [keyOf(point), point.value ?? Number.NaN]));
}

function kindOf({ kind, apiVersion, metadata }: KubeObject): Readonly<Record<string, unknown>> {
  return {
    "k8s.object.kind": kind,
    "k8s.object.group": groupOf(apiVersion),
    "k8s.namespace.name": metadata.namespace,
    "k8s.cluster.name": CLUSTER_NAME,
  };
}

function tally(keys: readonly string[]): Counts {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}
