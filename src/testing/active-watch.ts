import type { ActiveWatch } from "../pipeline/active-watch.ts";
import { DATABASE_KIND, NOW_MS } from "./kube-change.ts";

/** A watch of databases that has just begun, without history, with what the test wants different. */
export function createActiveWatch(fields: Partial<ActiveWatch> = {}): ActiveWatch {
  return {
    id: 1,
    kindId: 1,
    name: "customdatabases.custom.example.com",
    key: { group: DATABASE_KIND.group, resource: DATABASE_KIND.resource },
    facts: DATABASE_KIND,
    includes: () => true,
    isOurs: () => true,
    startedAtMs: NOW_MS,
    hadHistory: false,
    position: undefined,
    reached: undefined,
    lookedAtMs: undefined,
    resync: undefined,
    resyncIsBlind: false,
    state: "syncing",
    phase: "starting",
    phases: new Set(),
    events: 0,
    lastSignAtMs: undefined,
    unheardSinceMs: undefined,
    isBehind: false,
    lastError: undefined,
    missingSinceMs: NOW_MS,
    staleAt: undefined,
    netChanges: {},
    firstLook: { told: 0, withheld: 0 },
    ...fields,
  };
}
