import type { KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt } from "../../util/json.ts";
import { eventTime, parseClusterTimeMs } from "../event-time.ts";
import type { Assessment } from "../health/assessment.ts";
import { labelsJson } from "../labels-json.ts";
import { type Subject, makeRecord } from "../record.ts";
import type { LogSignal } from "../signal.ts";
import { whyOf } from "./why.ts";

/** `lifeline.object.created`: known by the object alone, for a relist sees it at another resourceVersion. */
export function createdRecord(
  subject: Subject,
  object: KubeObject,
  assessment: Assessment,
): LogSignal {
  const createdAtMs = parseClusterTimeMs(fieldAt(object.metadata, "creationTimestamp"));
  return makeRecord(subject, {
    eventName: "lifeline.object.created",
    severity: "INFO",
    when: eventTime(createdAtMs, subject.observedAtMs),
    sentence: "was created",
    knownBy: "object",
    attributes: { "lifeline.health": assessment.health, "lifeline.labels": labelsJson(object) },
  });
}

/** `lifeline.object.observed`: nothing happened but that we see it, so its time is the time observed. */
export function observedRecord(
  subject: Subject,
  cause: "first-look" | "entered-view",
  assessment: Assessment,
): LogSignal {
  const { health } = assessment;
  return makeRecord(subject, {
    eventName: "lifeline.object.observed",
    severity: "INFO",
    when: eventTime(undefined, subject.observedAtMs),
    sentence: `${cause === "first-look" ? "is" : "came into view,"} ${health}${whyOf(assessment)}`,
    knownBy: "resourceVersion",
    attributes: {
      "lifeline.health": health,
      "lifeline.health.reason": assessment.reason || undefined,
    },
  });
}
