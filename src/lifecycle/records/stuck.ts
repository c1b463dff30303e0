import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt } from "../../util/json.ts";
import { spellDuration } from "../../util/spell-duration.ts";
import { cutUtf8 } from "../../util/utf8.ts";
import { type Condition, parseGeneration } from "../conditions.ts";
import { eventTime } from "../event-time.ts";
import type { Assessment } from "../health/assessment.ts";
import { isGood } from "../good-state.ts";
import { inSeconds } from "../in-seconds.ts";
import { presentConditions } from "../present-conditions.ts";
import { type Subject, makeRecord } from "../record.ts";
import type { LogSignal } from "../signal.ts";
import { inSentence, whyOf } from "./why.ts";

const CONDITIONS_MAX = 20;
/** With these a record stays under 48 KiB in all. */
const CONDITION_MAX_BYTES = 512;
/** A sentence names so many; the record has more of them. */
const CONDITIONS_IN_SENTENCE = 3;

export type Stuck = {
  readonly object: KubeObject;
  readonly facts: KindFacts;
  readonly assessment: Assessment;
  readonly heldMs: number;
};

/** `lifeline.object.stuck`: with all that the object itself says about what it waits for. Time brought it. */
export function stuckRecord(subject: Subject, stuck: Stuck): LogSignal {
  const { assessment, heldMs } = stuck;
  const waitsFor = badConditions(stuck.object);
  const lags = laggingGeneration(stuck);
  return makeRecord(subject, {
    eventName: "lifeline.object.stuck",
    severity: "WARN",
    when: eventTime(undefined, subject.observedAtMs),
    sentence: `is stuck, not current for ${spellDuration(heldMs)} and now ${assessment.health}${whyOf(assessment)}${waitingFor(waitsFor)}`,
    knownBy: "generation",
    attributes: {
      "lifeline.health": assessment.health,
      "lifeline.health.reason": assessment.reason || undefined,
      "lifeline.health.message": assessment.message || undefined,
      "lifeline.duration": inSeconds(heldMs),
      "lifeline.stuck.conditions": waitsFor.length === 0 ? undefined : waitsFor.map(spell),
      "lifeline.stuck.observed_generation": lags,
    },
  });
}

/** Those that are not in their good state; of types that are neither good nor bad, those whose controller does not know. */
function badConditions(object: KubeObject): readonly Condition[] {
  return [...presentConditions(object).values()]
    .filter((condition) => !isGood(condition))
    .slice(0, CONDITIONS_MAX);
}

/** `Ready=False (Provisioning): waits for storage`. */
function spell(condition: Condition): string {
  const message = condition.message === "" ? "" : `: ${condition.message}`;
  return cutUtf8(`${brief(condition)}${message}`, CONDITION_MAX_BYTES);
}

function brief({ type, status, reason }: Condition): string {
  return `${inSentence(type)}=${inSentence(status)}${reason === "" ? "" : ` (${inSentence(reason)})`}`;
}

function waitingFor(conditions: readonly Condition[]): string {
  if (conditions.length === 0) return "";
  const more =
    conditions.length > CONDITIONS_IN_SENTENCE
      ? ` and ${conditions.length - CONDITIONS_IN_SENTENCE} more`
      : "";
  return `; has ${conditions.slice(0, CONDITIONS_IN_SENTENCE).map(brief).join(", ")}${more}`;
}

/** The generation that its controller saw last, where that is an older one; where every write bumps it, it says nothing. */
function laggingGeneration({ object, facts }: Stuck): number | undefined {
  const observed = parseGeneration(fieldAt(object.status, "observedGeneration"));
  const generation = parseGeneration(fieldAt(object.metadata, "generation"));
  if (!facts.hasStatusSubresource || observed === undefined || generation === undefined)
    return undefined;
  return observed < generation ? observed : undefined;
}
