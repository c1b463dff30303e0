import type { KindFacts } from "../cluster/kube-object.ts";
import { cutUtf8 } from "../util/utf8.ts";
import { type Health, HEALTHS } from "./health-words.ts";
import { actionOf } from "./record.ts";
import { recordUid } from "./record-uid.ts";
import type { AttributeValue, LogSignal } from "./signal.ts";

/** What is known when a watch has its first complete picture of a kind, or has it again after a restart. */
export type SyncFacts = {
  /** As `formatWatchKey` says it. */
  readonly watchKey: string;
  readonly kind: KindFacts;
  /** Of a watch that covers one namespace. */
  readonly namespace?: string;
  /** Of a watch that covers one share of the objects: which, such as `0/3`. */
  readonly shard?: string;
  /** The resourceVersion at which the picture is complete. */
  readonly position: string;
  readonly observedAtMs: number;
  /** Whether earlier state was there to compare with: then net changes count, else what a first look sent. */
  readonly withHistory: boolean;
  readonly byHealth: Readonly<Record<Health, number>>;
  /** By action, as `lifeline.object.changes` counts: what differs from the earlier state. */
  readonly netChanges: Readonly<Record<string, number>>;
  /** `observed` records that were sent, and those that `LIFELINE_INITIAL` held back. */
  readonly observedTold: number;
  readonly observedWithheld: number;
};

/** The facts that can have happened while nobody looked; attribute names are static, so these are all. */
const NET_ACTIONS = [
  "created",
  "updated",
  "status_updated",
  "condition_changed",
  "phase_changed",
  "health_changed",
  "deleting",
  "deleted",
] as const;

const EVENT_NAME = "lifeline.synced";
const BODY_MAX_BYTES = 1_024;

/** `lifeline.synced`: a kind's look is complete. The same watch at the same position gives the same `log.record.uid`. */
export function interpretSync(facts: SyncFacts): LogSignal {
  const action = actionOf(EVENT_NAME);
  return {
    type: "log",
    eventName: EVENT_NAME,
    severity: "INFO",
    timeMs: facts.observedAtMs,
    observedTimeMs: facts.observedAtMs,
    body: cutUtf8(bodyOf(facts), BODY_MAX_BYTES),
    ...(facts.namespace === undefined ? {} : { namespace: facts.namespace }),
    attributes: {
      "k8s.object.kind": facts.kind.kind,
      "k8s.object.group": facts.kind.group,
      "lifeline.watch.position": facts.position,
      "lifeline.action": action,
      "log.record.uid": recordUid([facts.watchKey, facts.position, action]),
      "lifeline.watch.key": cutUtf8(facts.watchKey, BODY_MAX_BYTES),
      ...(facts.shard === undefined ? {} : { "lifeline.shard": facts.shard }),
      "lifeline.synced.objects": countObjects(facts),
      ...healthCounts(facts),
      ...storyCounts(facts),
    },
  };
}

function healthCounts({ byHealth }: SyncFacts): Record<string, AttributeValue> {
  const counts: Record<string, AttributeValue> = {};
  for (const health of HEALTHS) counts[`lifeline.synced.health.${health}`] = byHealth[health];
  return counts;
}

/** Counts of net changes, or of `observed` records. */
function storyCounts(facts: SyncFacts): Record<string, AttributeValue> {
  if (!facts.withHistory) {
    return {
      "lifeline.synced.observed": facts.observedTold,
      "lifeline.synced.observed_withheld": facts.observedWithheld,
    };
  }
  const counts: Record<string, AttributeValue> = {};
  for (const action of NET_ACTIONS)
    counts[`lifeline.synced.${action}`] = facts.netChanges[action] ?? 0;
  return counts;
}

/** `CustomDatabase: first look at 120 objects, 115 current, 5 failed; 5 told one by one, at resourceVersion 1234`. */
function bodyOf(facts: SyncFacts): string {
  const { withHistory, byHealth, netChanges } = facts;
  const objects = countObjects(facts);
  const place = facts.namespace === undefined ? "" : ` in namespace ${facts.namespace}`;
  const where = facts.shard === undefined ? place : `${place} in shard ${facts.shard}`;
  const healths = HEALTHS.filter((health) => byHealth[health] > 0).map(
    (health) => `, ${byHealth[health]} ${health}`,
  );
  const net = ["created", "updated", "deleted"].map(
    (action) => `${netChanges[action] ?? 0} ${action}`,
  );
  const story = withHistory
    ? `since the last look ${net.join(", ")}`
    : `${facts.observedTold} of them told one by one`;
  const look = withHistory ? "looked again at" : "first look at";
  const what = `${objects} ${objects === 1 ? "object" : "objects"}${where}${healths.join("")}`;
  return `${facts.kind.kind}: ${look} ${what}; ${story}, at resourceVersion ${facts.position}`;
}

function countObjects({ byHealth }: SyncFacts): number {
  return HEALTHS.reduce((sum, health) => sum + byHealth[health], 0);
}
