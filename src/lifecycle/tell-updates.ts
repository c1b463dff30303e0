import type { Difference } from "../history/change.ts";
import type { ClassifiedDifferences } from "./classify-differences.ts";
import { type Flood, type GuardedEvent, guardUpdates, GUARDED_EVENTS } from "./flood-guard.ts";
import type { Subject } from "./record.ts";
import { hotRecord } from "./records/hot.ts";
import { updatedRecord, type Write } from "./records/updated.ts";
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
  const happened = GUARDED_EVENTS.filter((event) => differencesOf(classified, event).length > 0);
  // So it is with every other write: only a transition, or what ticks.
  if (happened.length === 0) return { flood, records: [], facts: [] };
  const isGuarded = GUARDED_AT[minimumSeverity];
  const verdict = guardUpdates(flood, {
    updates: happened
      .filter((event) => isGuarded.includes(event))
      .map((event) => ({ event, differences: differencesOf(classified, event) })),
    managers: write.managers,
    nowMs: subject.observedAtMs,
  });
  const records = verdict.told.map((event) =>
    updatedRecord(subject, { event, differences: differencesOf(classified, event) }, write),
  );
  const facts: ToldUpdates["facts"][number][] = happened.map((eventName) => ({ eventName }));
  if (verdict.hot !== undefined) {
    records.push(hotRecord(subject, verdict.hot, write.when));
    facts.push({ eventName: "lifeline.object.hot" });
  }
  return { flood: verdict.flood, records, facts };
}

function differencesOf(
  { updated, statusUpdated }: ClassifiedDifferences,
  event: GuardedEvent,
): readonly Difference[] {
  return event === "lifeline.object.updated" ? updated : statusUpdated;
}
