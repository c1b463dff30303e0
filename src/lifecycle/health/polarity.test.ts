import { expect, test } from "vitest";
import { conditionPolarity } from "./polarity.ts";
import type { Polarity } from "./polarity.ts";

const WORDS: readonly (readonly [Polarity, string])[] = [
  ["negative", "Stalled Degraded Failed Failing"],
  [
    "negative",
    "Failure ReplicaFailure BackupFailed Error SyncError MemoryPressure NetworkUnavailable",
  ],
  ["negative", "NotReady NotAvailable NotHealthy NotSynced"],
  ["negative", "Unavailable Unhealthy Unready Unreachable Unschedulable Unknown Conflicted"],
  ["negative", "Expired CertificateExpired OverlappingTLSConfig PartiallyInvalid"],
  [
    "neutral",
    "Reconciling Progressing Processing RollingOut ScalingUp ScalingDown Remediating Deleting",
  ],
  ["neutral", "Paused Suspended Updating Upgrading"],
  [
    "positive",
    "Ready Available Succeeded Complete Established NamesAccepted Healthy Synced Accepted",
  ],
  ["positive", "Programmed ResolvedRefs Initialized PodScheduled ContainersReady"],
  ["positive", "ControlPlaneReady EtcdAvailable ClusterHealthy"],
];

test.each(
  WORDS.flatMap(([polarity, types]) => types.split(" ").map((type) => [type, polarity] as const)),
)("conditionPolarity() of %s is %s", (type, polarity) => {
  expect(conditionPolarity(type)).toBe(polarity);
});

test.each([
  ["Notified", "Not that is followed by a small letter"],
  ["NotificationsSent", "the same in a longer word"],
  ["Not", "Not alone"],
  ["NodeNotReady", "a negation in the middle decides nothing, its ending does", "positive"],
  ["ready", "another case"],
  ["ReadyToServe", "a known word in front"],
  ["ErrorBudgetLeft", "a bad word in front"],
  ["UnavailableReplicas", "the same"],
  ["BackupEnabled", "a word that nobody knows"],
  ["", "nothing"],
  ["constructor", "a property of all objects"],
])("conditionPolarity() of %j: %s", (...[type, , polarity = "neutral"]) => {
  expect(conditionPolarity(type)).toBe(polarity);
});
