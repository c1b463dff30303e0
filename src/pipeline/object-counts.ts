import { type Health, HEALTHS } from "../lifecycle/health-words.ts";
import type { Touched } from "./commit.ts";
import { healthOf } from "./health-of.ts";

/**
 * How many objects there are by watch, namespace and health, kept in step with the commits: counting 100,000 rows for
 * every export would read the whole file.
 */
export class ObjectCounts {
  readonly #byWatch = new Map<number, Map<string, Map<Health, number>>>();

  /** Begins anew from what the store counted. */
  reset(
    rows: Iterable<{
      readonly watchId: number;
      readonly namespace: string;
      readonly health: string;
      readonly count: number;
    }>,
  ): void {
    this.#byWatch.clear();
    for (const row of rows) this.#add(row, healthOf(row), row.count);
  }

  apply(touched: readonly Touched[]): void {
    for (const touch of touched) {
      const { before, healthAfter, namespace } = touch;
      if (before?.watchId === touch.watchId && before.health === healthAfter) continue;
      if (before !== undefined)
        this.#add({ watchId: before.watchId, namespace }, before.health, -1);
      if (healthAfter !== undefined) this.#add(touch, healthAfter, 1);
    }
  }

  /** Objects of one watch by health. */
  byHealth(watchId: number): Readonly<Record<Health, number>> {
    // `fromEntries` forgets the keys that it was given.
    const sums = Object.fromEntries(HEALTHS.map((health) => [health, 0])) as Record<Health, number>;
    for (const counts of this.#byWatch.get(watchId)?.values() ?? []) {
      for (const [health, count] of counts) sums[health] += count;
    }
    return sums;
  }

  /** Every group that has at least one object. */
  *entries(): Generator<{
    readonly watchId: number;
    readonly namespace: string;
    readonly health: Health;
    readonly count: number;
  }> {
    for (const [watchId, namespaces] of this.#byWatch) {
      for (const [namespace, counts] of namespaces) {
        for (const [health, count] of counts) yield { watchId, namespace, health, count };
      }
    }
  }

  #add(
    place: { readonly watchId: number; readonly namespace: string },
    health: Health,
    by: number,
  ): void {
    const namespaces = getOrAdd(
      this.#byWatch,
      place.watchId,
      () => new Map<string, Map<Health, number>>(),
    );
    const counts = getOrAdd(namespaces, place.namespace, () => new Map<Health, number>());
    const count = (counts.get(health) ?? 0) + by;
    if (count > 0) counts.set(health, count);
    else counts.delete(health);
    if (counts.size === 0) namespaces.delete(place.namespace);
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
