import { findCondition } from "../conditions.ts";
import type { Condition } from "../conditions.ts";
import { byCondition } from "./assessment.ts";
import type { Assessment, Subject } from "./assessment.ts";

/** The types that sum an object up; the first that it has is chosen. */
const SUMMARY_TYPES: readonly string[] = [
  "Ready",
  "Succeeded",
  "Available",
  "Established",
  "Healthy",
  "Synced",
];

/** The condition that sums the object up, if one of the known types has a status that means something. */
export function chooseSummary(conditions: readonly Condition[]): Condition | undefined {
  for (const type of SUMMARY_TYPES) {
    const condition = findCondition(conditions, type);
    if (condition !== undefined && isConventional(condition.status)) return condition;
  }
  return undefined;
}

function isConventional(status: string): boolean {
  return status === "True" || status === "False" || status === "Unknown";
}

/** Groups whose summary is False only for failures, and Unknown while work goes on. */
const FALSE_MEANS_FAILED = /(?:^|\.)(?:knative|tekton)\.dev$/;
const FAILURE_REASON = /Error|Failed|Invalid|Degraded|BackOff/;

/**
 * Rule 9: what the summary says. A plain False may be failure or patience: the reason decides, time never does,
 * because many objects wait for people.
 */
export function summaryCondition({ facts, summary }: Subject): Assessment | undefined {
  if (summary === undefined) return undefined;
  if (summary.status === "True") return byCondition("current", summary);
  if (summary.status === "Unknown") return byCondition("progressing", summary);
  const hasFailed = FALSE_MEANS_FAILED.test(facts.group) || FAILURE_REASON.test(summary.reason);
  return byCondition(hasFailed ? "failed" : "progressing", summary);
}
