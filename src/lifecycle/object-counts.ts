import { kindIdentity } from "./identity.ts";
import type { Health } from "./health-words.ts";
import type { ObjectPoints, Series } from "./signal.ts";
import { METRICS } from "./signal-table.ts";

/** How many objects of a kind in a namespace (none: cluster-scoped) have this health. */
export type CountRow = {
  readonly kind: string;
  readonly group: string;
  readonly namespace?: string;
  readonly health: Health;
  readonly count: number;
};

/**
 * `lifeline.objects`: per kind and namespace one point for each health that any object has; rows that say the same of
 * the same are added up. A health that no object has any more has no point: its series ends.
 */
export function countPoints(
  rows: readonly CountRow[],
  options: { readonly clusterName?: string },
): readonly ObjectPoints[] {
  const groups = new Map<string, { readonly of: CountRow; readonly counts: Map<Health, number> }>();
  for (const row of rows) {
    if (row.count === 0) continue;
    const key = `${row.kind}\0${row.group}\0${row.namespace ?? ""}`;
    const group = groups.get(key) ?? { of: row, counts: new Map<Health, number>() };
    groups.set(key, group);
    group.counts.set(row.health, (group.counts.get(row.health) ?? 0) + row.count);
  }
  return [...groups.values()].map(({ of, counts }) => ({
    identity: kindIdentity(of, options.clusterName),
    series: Array.from(counts.keys(), seriesOf),
    values: [...counts.values()],
  }));
}

function seriesOf(health: Health): Series {
  const metric = "lifeline.objects";
  return { metric, unit: METRICS[metric].unit, attributes: { health } };
}
