import { spellDuration } from "../../util/spell-duration.ts";
import type { HealthTransition } from "../health-transition.ts";
import { inSeconds } from "../in-seconds.ts";
import { type Subject, makeRecord } from "../record.ts";
import type { Health } from "../health-words.ts";
import type { LogSignal, Severity } from "../signal.ts";
import { whyOf } from "./why.ts";

/** `lifeline.object.health_changed`. */
export function healthRecord(subject: Subject, transition: HealthTransition): LogSignal {
  const { before, after, when, leftAfterMs, byTimeAlone } = transition;
  return makeRecord(subject, {
    eventName: "lifeline.object.health_changed",
    severity: severityOf(after.health),
    when,
    sentence: sentenceOf(transition),
    detail: after.health,
    knownBy: byTimeAlone ? "generation" : "resourceVersion",
    attributes: {
      "lifeline.health": after.health,
      "lifeline.previous_health": before,
      "lifeline.health.reason": after.reason || undefined,
      "lifeline.duration": inSeconds(leftAfterMs),
    },
  });
}

function severityOf(health: Health): Severity {
  if (health === "failed") return "ERROR";
  return health === "degraded" ? "WARN" : "INFO";
}

/** `is now failed after 3 min 20 s of progressing (CrashLoopBackOff): back-off restarting container`. */
function sentenceOf({ before, after, leftAfterMs }: HealthTransition): string {
  const held =
    before === undefined || leftAfterMs === undefined
      ? ""
      : ` after ${spellDuration(leftAfterMs)} of ${before}`;
  return `is now ${after.health}${held}${whyOf(after)}`;
}
