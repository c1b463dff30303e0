import { rememberByName } from "../../util/remember-by-name.ts";

/**
 * What a condition being True means: good (`positive`), bad (`negative`), or merely that something is
 * happening or that nobody told us (`neutral`).
 */
export type Polarity = "positive" | "negative" | "neutral";

const GOOD_WHEN_FALSE: ReadonlySet<string> = new Set([
  "Stalled",
  "Degraded",
  "Failed",
  "Failing",
  "Unavailable",
  "Unhealthy",
  "Unready",
  "Unreachable",
  "Unschedulable",
  "Unknown",
  "Conflicted",
  "OverlappingTLSConfig",
  "PartiallyInvalid",
]);
/** `NotReady`, but not `Notified`. */
const NEGATION = /^Not[A-Z]/;
const GOOD_WHEN_FALSE_ENDING = /(?:Failure|Failed|Error|Pressure|Unavailable|Expired)$/;

const HAPPENING: ReadonlySet<string> = new Set([
  "Reconciling",
  "Progressing",
  "Processing",
  "RollingOut",
  "ScalingUp",
  "ScalingDown",
  "Remediating",
  "Deleting",
  "Paused",
  "Suspended",
  "Updating",
  "Upgrading",
]);

const GOOD_WHEN_TRUE: ReadonlySet<string> = new Set([
  "Ready",
  "Available",
  "Succeeded",
  "Complete",
  "Established",
  "NamesAccepted",
  "Healthy",
  "Synced",
  "Accepted",
  "Programmed",
  "ResolvedRefs",
  "Initialized",
  "PodScheduled",
  "ContainersReady",
]);
const GOOD_WHEN_TRUE_ENDING = /(?:Ready|Available|Healthy)$/;

/** The polarity of a condition type by its name, tested in the order negative, neutral, positive (docs/health.md). */
export const conditionPolarity: (type: string) => Polarity = rememberByName((type) => {
  if (GOOD_WHEN_FALSE.has(type) || NEGATION.test(type) || GOOD_WHEN_FALSE_ENDING.test(type))
    return "negative";
  if (HAPPENING.has(type)) return "neutral";
  if (GOOD_WHEN_TRUE.has(type) || GOOD_WHEN_TRUE_ENDING.test(type)) return "positive";
  return "neutral";
});
