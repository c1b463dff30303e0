import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt } from "../../util/json.ts";
import { spellDuration } from "../../util/spell-duration.ts";
import type { ConditionTransition } from "../condition-transitions.ts";
import { type Condition, parseGeneration } from "../conditions.ts";
import { conditionPolarity } from "../health/polarity.ts";
import { inSeconds } from "../in-seconds.ts";
import { type Subject, makeRecord } from "../record.ts";
import type { LogSignal, Severity } from "../signal.ts";
import { inSentence } from "./why.ts";

/** What a transition is judged against. */
export type Sides = {
  /** Absent for a created object. */
  readonly before?: KubeObject;
  readonly after: KubeObject;
  readonly facts: KindFacts;
  /** Whether the same Change holds a difference outside of status and metadata. */
  readonly specChanged: boolean;
  /** Whether the object had conditions before: a negative one that was absent among others was good. */
  readonly hadConditions: boolean;
};

/** `lifeline.object.condition_changed` for one transition. */
export function conditionRecord(
  subject: Subject,
  transition: ConditionTransition,
  sides: Sides,
): LogSignal {
  const { type, before, after, leftAfterMs } = transition;
  const stated = after ?? before;
  return makeRecord(subject, {
    eventName: "lifeline.object.condition_changed",
    severity: severityOf(transition, sides),
    when: transition.when,
    sentence: sentenceOf(transition),
    detail: type,
    knownBy: "resourceVersion",
    attributes: {
      "lifeline.condition.type": type,
      "lifeline.condition.status": after?.status,
      "lifeline.condition.previous_status": before?.status,
      "lifeline.condition.reason": stated?.reason || undefined,
      "lifeline.condition.message": stated?.message || undefined,
      "lifeline.duration": inSeconds(leftAfterMs),
    },
  });
}

/** `became Ready=True (DatabaseAvailable) after 42 s`. */
function sentenceOf({ type, before, after, leftAfterMs }: ConditionTransition): string {
  const elapsed = leftAfterMs === undefined ? "" : ` after ${spellDuration(leftAfterMs)}`;
  const name = inSentence(type);
  if (after === undefined)
    return `lost condition ${name}${before === undefined ? "" : `=${inSentence(before.status)}`}${elapsed}`;
  const reason = after.reason === "" ? "" : ` (${inSentence(after.reason)})`;
  const state = `${name}=${inSentence(after.status)}${reason}`;
  if (before?.status !== after.status) return `became ${state}${elapsed}`;
  return `is still ${state}, before for reason ${inSentence(before.reason) || "unknown"}`;
}

/** WARN for good to bad at an unchanged generation; a reason alone is DEBUG (docs/contract.md §4). */
function severityOf(transition: ConditionTransition, sides: Sides): Severity {
  const { before, after } = transition;
  if (before !== undefined && before.status === after?.status) return "DEBUG";
  return turnedBad(transition, sides) && isSameGeneration(transition, sides) ? "WARN" : "INFO";
}

/** From good to bad; Unknown is neither, and what went is not bad. */
function turnedBad({ type, before, after }: ConditionTransition, sides: Sides): boolean {
  const polarity = conditionPolarity(type);
  if (polarity === "neutral") return false;
  const [good, bad] = polarity === "positive" ? ["True", "False"] : ["False", "True"];
  const wasGood =
    before === undefined ? polarity === "negative" && sides.hadConditions : before.status === good;
  return wasGood && after?.status === bad;
}

/**
 * Whether both sides speak of one generation: the condition's own, else the status', else the object's. What turns bad
 * because the spec moved on is on its way, not broken. Where every write bumps the generation, only the spec can tell.
 */
function isSameGeneration({ before, after }: ConditionTransition, sides: Sides): boolean {
  if (!sides.facts.hasStatusSubresource) return !sides.specChanged;
  return (
    sides.before === undefined ||
    generationOf(before, sides.before) === generationOf(after, sides.after)
  );
}

function generationOf(condition: Condition | undefined, object: KubeObject): number | undefined {
  return (
    condition?.observedGeneration ??
    parseGeneration(fieldAt(object.status, "observedGeneration")) ??
    parseGeneration(fieldAt(object.metadata, "generation"))
  );
}
