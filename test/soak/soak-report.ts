import type { Fault } from "./fault.ts";
import type { KillPoint } from "./victim.ts";

/** What was done in a soak, and what was found. */
export type SoakReport = {
  /** By program: how much there was to tell, how much of it as net changes, and how many records arrived once more. */
  readonly facts: ReadonlyMap<string, number>;
  readonly netFacts: ReadonlyMap<string, number>;
  readonly repetitions: ReadonlyMap<string, number>;
  readonly kills: ReadonlyMap<KillPoint, number>;
  readonly faults: ReadonlyMap<Fault["type"], number>;
  /** How many records one program put aside because they were refused for good. */
  readonly setAside: number;
  /** Of the collector: stopped and started again. */
  readonly collectorStops: number;
  readonly writes: number;
  /** How many events the recorder saw. */
  readonly sightings: number;
  readonly gaps: number;
  /** All that is wrong, one line each. */
  readonly problems: readonly string[];
};

/** Key by key. */
export function sumOf<K>(counts: readonly ReadonlyMap<K, number>[]): ReadonlyMap<K, number> {
  const sum = new Map<K, number>();
  for (const map of counts)
    for (const [key, count] of map) sum.set(key, (sum.get(key) ?? 0) + count);
  return sum;
}

/** Of two episodes, one after the other. */
export function addReports(a: SoakReport, b: SoakReport): SoakReport {
  return {
    facts: sumOf([a.facts, b.facts]),
    netFacts: sumOf([a.netFacts, b.netFacts]),
    repetitions: sumOf([a.repetitions, b.repetitions]),
    kills: sumOf([a.kills, b.kills]),
    faults: sumOf([a.faults, b.faults]),
    setAside: a.setAside + b.setAside,
    collectorStops: a.collectorStops + b.collectorStops,
    writes: a.writes + b.writes,
    sightings: a.sightings + b.sightings,
    gaps: a.gaps + b.gaps,
    problems: [...a.problems, ...b.problems],
  };
}

export function totalOf(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
