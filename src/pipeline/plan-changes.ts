import type { KindFacts } from "../cluster/kube-object.ts";
import type { PlannedWatch } from "../cluster/plan-watches.ts";
import { formatResource, formatWatchKey } from "../cluster/watch-event.ts";

/** What is known at one moment of what should be watched, and what is. */
export type Situation = {
  /** What the cluster serves and the configuration selects. */
  readonly wanted: readonly PlannedWatch[];
  /** Names (`plural.group`) of all that discovery names, wanted or not. */
  readonly served: ReadonlySet<string>;
  /** Whether discovery could not tell all about a group: what it does not name of it may be served all the same. */
  readonly isUncertain: (group: string) => boolean;
  readonly running: readonly PlannedWatch[];
  /** What the state file remembers objects of, and nobody watches. */
  readonly remembered: readonly PlannedWatch[];
};

/** What is to be done, each watch in one of these at most. */
export type Changes = {
  /** As far as they are allowed, which is to be asked first. */
  readonly start: readonly PlannedWatch[];
  /** Those that run with other facts than the kind now has: another version, other hints. */
  readonly restart: readonly PlannedWatch[];
  /** Their kind is served, but wanted no more. */
  readonly stop: readonly PlannedWatch[];
  /** Discovery does not name their kind, which may mean that it is gone: to be confirmed. */
  readonly vanished: readonly PlannedWatch[];
};

/**
 * Which watches to begin, begin anew and end. A right that has gone away ends no watch: it goes on trying, and what it
 * held stays known. Nor does what discovery can't tell for a moment.
 */
export function planChanges(situation: Situation): Changes {
  const { wanted, served, running, remembered } = situation;
  const runningFacts = new Map(running.map(({ key, facts }) => [formatWatchKey(key), facts]));
  const wantedNames = new Set(wanted.map(({ key }) => formatWatchKey(key)));
  const isServed = ({ key }: PlannedWatch): boolean => served.has(formatResource(key));
  const hasVanished = (watch: PlannedWatch): boolean =>
    !isServed(watch) && !situation.isUncertain(watch.key.group);
  return {
    start: wanted.filter(({ key }) => !runningFacts.has(formatWatchKey(key))),
    restart: wanted.filter(({ key, facts }) => {
      const known = runningFacts.get(formatWatchKey(key));
      return known !== undefined && !isSameKind(known, facts);
    }),
    stop: running.filter((watch) => isServed(watch) && !wantedNames.has(formatWatchKey(watch.key))),
    vanished: [...running, ...remembered].filter(hasVanished),
  };
}

/** Both were made by discovery, field by field in the same order. */
function isSameKind(one: KindFacts, other: KindFacts): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
