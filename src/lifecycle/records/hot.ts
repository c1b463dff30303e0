import { spellDuration } from "../../util/spell-duration.ts";
import type { EventTime } from "../event-time.ts";
import type { Hot, Writers } from "../flood-guard.ts";
import { inSeconds } from "../in-seconds.ts";
import { makeRecord, type Subject } from "../record.ts";
import type { LogSignal } from "../signal.ts";
import { inSentence } from "./why.ts";

/** A sentence names so many; the record has more of them. */
const WRITERS_IN_SENTENCE = 4;

/** `lifeline.object.hot`: the write that was one too many. */
export function hotRecord(subject: Subject, hot: Hot, when: EventTime): LogSignal {
  const writers = byWrites(hot.writers);
  return makeRecord(subject, {
    eventName: "lifeline.object.hot",
    severity: "WARN",
    when,
    sentence: `changes all the time, ${hot.records} times within ${spellDuration(hot.withinMs)}${spell(writers)}; from now on one record tells the changes of 10 min`,
    knownBy: "resourceVersion",
    attributes: {
      "lifeline.hot.records": hot.records,
      "lifeline.duration": inSeconds(hot.withinMs),
      "lifeline.change.managers":
        writers.length === 0 ? undefined : writers.map(([manager]) => manager),
    },
  });
}

/** Who wrote most comes first. */
export function byWrites(writers: Writers): Writers {
  return writers.toSorted(([, a], [, b]) => b - a);
}

/** `, lately by kubectl/Apply (6), operator/Update (5)`. */
function spell(writers: Writers): string {
  if (writers.length === 0) return "";
  const named = writers
    .slice(0, WRITERS_IN_SENTENCE)
    .map(([manager, writes]) => `${inSentence(manager)} (${writes})`);
  return `, lately by ${named.join(", ")}`;
}
