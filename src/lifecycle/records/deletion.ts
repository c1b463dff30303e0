import type { KubeObject } from "../../cluster/kube-object.ts";
import type { DisappearanceCause } from "../../history/change.ts";
import { fieldAt } from "../../util/json.ts";
import { spellDuration } from "../../util/spell-duration.ts";
import { unreachable } from "../../util/unreachable.ts";
import { deletionRequestedAtMs } from "../deletion-time.ts";
import { eventTime, parseClusterTimeMs } from "../event-time.ts";
import { readFinalizers } from "../finalizers.ts";
import { inSeconds } from "../in-seconds.ts";
import { labelsJson } from "../labels-json.ts";
import { type Subject, makeRecord } from "../record.ts";
import type { Health } from "../health-words.ts";
import type { LogSignal } from "../signal.ts";
import { inSentence } from "./why.ts";

/** `lifeline.object.deleting`: at the time of the request, which is the grace period before the deletionTimestamp. */
export function deletingRecord(subject: Subject, object: KubeObject): LogSignal {
  const finalizers = readFinalizers(object);
  return makeRecord(subject, {
    eventName: "lifeline.object.deleting",
    severity: "INFO",
    when: eventTime(deletionRequestedAtMs(object), subject.observedAtMs),
    sentence: `is being deleted${finalizers.length === 0 ? "" : `, waiting for ${finalizers.map(inSentence).join(", ")}`}`,
    knownBy: "resourceVersion",
    attributes: { "lifeline.finalizers": finalizers.length === 0 ? undefined : finalizers },
  });
}

export type Deletion = {
  readonly object: KubeObject;
  readonly cause: DisappearanceCause;
  readonly finalStateUnknown: boolean;
  readonly lastHealth: Health;
};

/** `lifeline.object.deleted`: at the time observed, for an object does not say when it went. */
export function deletedRecord(subject: Subject, deletion: Deletion): LogSignal {
  const { object, lastHealth, finalStateUnknown } = deletion;
  const createdAtMs = parseClusterTimeMs(fieldAt(object.metadata, "creationTimestamp"));
  const ageMs =
    createdAtMs === undefined ? undefined : Math.max(0, subject.observedAtMs - createdAtMs);
  const age = ageMs === undefined ? "" : ` after ${spellDuration(ageMs)}`;
  return makeRecord(subject, {
    eventName: "lifeline.object.deleted",
    severity: "INFO",
    when: eventTime(undefined, subject.observedAtMs),
    sentence: `${predicateOf(deletion)}${age}, last seen ${lastHealth}`,
    knownBy: "object",
    attributes: {
      "lifeline.health": lastHealth,
      "lifeline.age": inSeconds(ageMs),
      "lifeline.labels": labelsJson(object),
      "lifeline.final_state_unknown": finalStateUnknown ? true : undefined,
    },
  });
}

function predicateOf({ cause, finalStateUnknown }: Deletion): string {
  switch (cause) {
    case "deleted":
      return finalStateUnknown ? "was deleted or left the selection" : "was deleted";
    case "relist":
      return "is gone, deleted while nobody looked,";
    case "kind-gone":
      return "is gone with its kind";
    default:
      return unreachable(cause);
  }
}
