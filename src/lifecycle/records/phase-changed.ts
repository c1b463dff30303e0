import { spellDuration } from "../../util/spell-duration.ts";
import { inSeconds } from "../in-seconds.ts";
import type { PhaseTransition } from "../phase-transition.ts";
import { type Subject, makeRecord } from "../record.ts";
import type { LogSignal } from "../signal.ts";
import { inSentence } from "./why.ts";

/** `lifeline.object.phase_changed`. */
export function phaseRecord(subject: Subject, transition: PhaseTransition): LogSignal {
  const { before, after, when, leftAfterMs } = transition;
  return makeRecord(subject, {
    eventName: "lifeline.object.phase_changed",
    severity: "INFO",
    when,
    sentence: sentenceOf(transition),
    detail: after ?? "",
    knownBy: "resourceVersion",
    attributes: {
      "lifeline.phase": after,
      "lifeline.previous_phase": before,
      "lifeline.duration": inSeconds(leftAfterMs),
    },
  });
}

/** `went from phase Pending to Ready after 42 s`. */
function sentenceOf({ before, after, leftAfterMs }: PhaseTransition): string {
  const elapsed = leftAfterMs === undefined ? "" : ` after ${spellDuration(leftAfterMs)}`;
  if (before === undefined) return `entered phase ${inSentence(after ?? "")}`;
  if (after === undefined) return `left phase ${inSentence(before)}${elapsed}`;
  return `went from phase ${inSentence(before)} to ${inSentence(after)}${elapsed}`;
}
