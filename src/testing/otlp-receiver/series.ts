import type { ReceivedValue } from "./message-fields.ts";
import type { ReceivedPoint } from "./received.ts";

/** What a time series database would hold: per series its newest point. */
export type Series = {
  /** Those whose newest point has a value, by key. */
  readonly live: ReadonlyMap<string, ReceivedPoint>;
  /** Those whose newest point is an end marker, by key. */
  readonly ended: ReadonlyMap<string, ReceivedPoint>;
};

/** Identifies a series: resource, metric and attributes, in the order of their names. */
export function seriesKey({ resource, metric, attributes }: ReceivedPoint): string {
  return JSON.stringify([metric, sorted(resource), sorted(attributes)]);
}

/** Folds points in the order of arrival; throws when a series' time goes backwards, as Prometheus refuses that. */
export function foldSeries(points: readonly ReceivedPoint[]): Series {
  const live = new Map<string, ReceivedPoint>();
  const ended = new Map<string, ReceivedPoint>();
  for (const point of points) {
    const key = seriesKey(point);
    const previous = live.get(key) ?? ended.get(key);
    if (previous !== undefined && previous.timeUnixNano > point.timeUnixNano) {
      throw new Error(`Time goes backwards in series ${key}`);
    }
    (point.isEnd ? live : ended).delete(key);
    (point.isEnd ? ended : live).set(key, point);
  }
  return { live, ended };
}

function sorted(
  attributes: Readonly<Record<string, ReceivedValue>>,
): readonly (readonly [string, string])[] {
  return Object.entries(attributes)
    .map(([name, value]) => [name, JSON.stringify(value, spelledOut)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** JSON knows no bigint. */
function spelledOut(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
