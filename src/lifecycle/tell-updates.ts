import type { ClassifiedDifferences } from "./classify-differences.ts";
import { type Flood, type GuardedEvent, guardUpdates, GUARDED_EVENTS } from "./flood-guard.ts";
import type { Subject } from "./record.ts";
import { hotRecord } from "./records/hot.ts";
import { updatedRecords, type Write } from "./records/updated.ts";
import type { LogSignal, Severity } from "./signal.ts";

/** By `minimumSeverity`, the records that are sent: only those may flood, and of what is not sent nothing is withheld. */
const GUARDED_AT: Readonly<Record<Severity, readonly GuardedEvent[]>> = {
  DEBUG: GUARDED_EVENTS,
  INFO: ["lifeline.object.updated"],
  WARN: [],
  ERROR: [],
};

export type Updates = {
  readonly classified: ClassifiedDifferences;
  readonly write: Write;
  /** As `passTime` left it. */
  readonly flood: Flood | undefined;
  readonly minimumSeverity: Severity;
};

export type ToldUpdates = {
  readonly flood: Flood | undefined;
  /** `updated` and `status_updated` as far as they are told, and `hot`. */
  readonly records: readonly LogSignal[];
  /** What happened, told or not: it counts all the same. */
  readonly facts: readonly { readonly eventName: GuardedEvent | "lifeline.object.hot" }[];
};

/** What a write updated, as far as the flood guard lets it through. */
export function tellUpdates(subject: Subject, updates: Updates): ToldUpdates {
  const { classified, write, flood, minimumSeverity } = updates;
  const differences = {
    "lifeline.object.updated": classified.updated,
    "lifeline.object.status_updated": classified.statusUpdated,
  };
  const happened = GUARDED_EVENTS.filter((event) => differences[event].length > 0);
  const guarded = GUARDED_AT[minimumSeverity].filter((event) => differences[event].length > 0);
  const verdict = guardUpdates(flood, {
    updates: guarded.map((event) => ({ event, differences: differences[event] })),
    managers: write.managers,
    nowMs: subject.observedAtMs,
  });
  const records = updatedRecords(
    subject,
    {
      updated: verdict.told.includes("lifeline.object.updated") ? classified.updated : [],
      statusUpdated: verdict.told.includes("lifeline.object.status_updated")
        ? classified.statusUpdated
        : [],
    },
    write,
  );
  const hot = verdict.hot === undefined ? [] : [hotRecord(subject, verdict.hot, write.when)];
  return {
    flood: verdict.flood,
    records: [...records, ...hot],
    facts: [
      ...happened.map((eventName) => ({ eventName })),
      ...hot.map(() => ({ eventName: "lifeline.object.hot" }) as const),
    ],
  };
}
