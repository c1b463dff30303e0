import type { KindFacts } from "../cluster/kube-object.ts";
import { spellDuration } from "../util/spell-duration.ts";
import { cutUtf8 } from "../util/utf8.ts";
import { type Health, HEALTHS } from "./health-words.ts";
import { inSeconds } from "./in-seconds.ts";
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

/** What is known when a watch has given no sign of life for too long. */
export type StaleFacts = Pick<
  SyncFacts,
  "watchKey" | "kind" | "namespace" | "shard" | "observedAtMs"
> & {
  /** The last resourceVersion up to which everything is known; empty where there never was one. */
  readonly position: string;
  readonly silentMs: number;
  /** What failed last since the last sign of life; undefined: nothing did, it is silent. */
  readonly error: string | undefined;
};

const EVENT_NAME = "lifeline.synced";
const STALE_NAME = "lifeline.watch.stale";
const ERROR_IN_BODY_MAX_BYTES = 640;
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

/**
 * `lifeline.watch.stale`: nobody knows how the objects stand. The same watch at the same position gives the same
 * `log.record.uid`, also after a restart.
 */
export function interpretStale(facts: StaleFacts): LogSignal {
  const action = actionOf(STALE_NAME);
  return {
    type: "log",
    eventName: STALE_NAME,
    severity: "WARN",
    timeMs: facts.observedAtMs,
    observedTimeMs: facts.observedAtMs,
    body: cutUtf8(staleBodyOf(facts), BODY_MAX_BYTES),
    ...(facts.namespace === undefined ? {} : { namespace: facts.namespace }),
    attributes: {
      "k8s.object.kind": facts.kind.kind,
      "k8s.object.group": facts.kind.group,
      ...(facts.position === "" ? {} : { "lifeline.watch.position": facts.position }),
      "lifeline.action": action,
      "log.record.uid": recordUid([facts.watchKey, facts.position, action]),
      "lifeline.watch.key": cutUtf8(facts.watchKey, BODY_MAX_BYTES),
      ...(facts.shard === undefined ? {} : { "lifeline.shard": facts.shard }),
      "lifeline.duration": inSeconds(facts.silentMs),
      ...(facts.error === undefined
        ? {}
        : { "lifeline.watch.error": cutUtf8(facts.error, BODY_MAX_BYTES) }),
    },
  };
}

/** `CustomDatabase: no sign of life for 5 min, since resourceVersion 1234, …: …; nobody knows how its objects stand` */
function staleBodyOf(facts: StaleFacts): string {
  const since = facts.position === "" ? "" : `, since resourceVersion ${facts.position}`;
  const why =
    facts.error === undefined
      ? "nothing failed, the API server is silent"
      : `last error: ${cutUtf8(facts.error, ERROR_IN_BODY_MAX_BYTES)}`;
  return (
    `${facts.kind.kind}: no sign of life${whereOf(facts)} for ${spellDuration(facts.silentMs)}${since}; ${why}; ` +
    "their gauges are not sent until there is one"
  );
}

function whereOf({ namespace, shard }: Pick<SyncFacts, "namespace" | "shard">): string {
  const place = namespace === undefined ? "" : ` in namespace ${namespace}`;
  return shard === undefined ? place : `${place} in shard ${shard}`;
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
  const what = `${objects} ${objects === 1 ? "object" : "objects"}${whereOf(facts)}${healths.join("")}`;
  return `${facts.kind.kind}: ${look} ${what}; ${story}, at resourceVersion ${facts.position}`;
}

function countObjects({ byHealth }: SyncFacts): number {
  return HEALTHS.reduce((sum, health) => sum + byHealth[health], 0);
}
