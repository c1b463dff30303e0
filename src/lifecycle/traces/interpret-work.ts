import type { KubeObject } from "../../cluster/kube-object.ts";
import type { Assessment } from "../health/assessment.ts";
import type { InterpretOptions } from "../fold.ts";
import type { Identity } from "../identity.ts";
import type { Memory } from "../memory.ts";
import type { Subject } from "../record.ts";
import type { DurationSignal, TraceContext, TraceSignal } from "../signal.ts";
import { controllerUid } from "./family.ts";
import { isTold } from "./follow-work.ts";
import { recordContext, tellWork } from "./tell-work.ts";
import { isRecovery, type Work } from "./work.ts";
import { type EndedWork, pastOf } from "./work-step.ts";

/** What a Change does to the work that an object's traces will tell. */
export type WorkStory = {
  /** `Memory.work` from now on. */
  readonly work: readonly Work[] | undefined;
  readonly ended: readonly EndedWork[];
};

export const NO_WORK: WorkStory = { work: undefined, ended: [] };

/** What the records of the Change belong to: what goes on after it, else what it ended; but nothing that may never be told. */
export function workOfRecords({ work, ended }: WorkStory): readonly Work[] | undefined {
  // So it is with most Changes.
  if (work === undefined && ended.length === 0) return undefined;
  const goesOn = work?.filter((one) => !isRecovery(one)) ?? [];
  if (goesOn.length > 0) return goesOn;
  return ended
    .filter((one) => one.outcome === "current" || !isRecovery(one.work))
    .map((one) => one.work);
}

/** `Memory.done` from now on: whoever is controlled is told of in its owner's trace, too. */
export function rememberDone(
  known: Memory["done"],
  ended: readonly EndedWork[],
  object: KubeObject,
): Memory["done"] {
  // So it is with most Changes.
  if (ended.length === 0 || controllerUid(object) === "") return known;
  const last = ended.findLast(
    ({ work, outcome }) => work.role === "converge" && isTold(work, outcome),
  );
  return last === undefined ? known : pastOf(last);
}

/** The traces of what a Change ended, and how long that took. */
export function tellEnded(
  ended: readonly EndedWork[],
  about: {
    readonly object: KubeObject;
    readonly identity: Identity;
    readonly assessment: Pick<Assessment, "health" | "reason" | "message">;
    readonly finalStateUnknown?: boolean;
  },
  { traces, clusterName }: InterpretOptions,
): readonly (TraceSignal | DurationSignal)[] {
  if (traces === undefined || ended.length === 0) return [];
  return ended.flatMap((one) => tellWork(one, { ...about, clusterName }, traces.isSampled));
}

/** Hashed once, and only for those who have something to tell. */
export function traceOfRecords(
  identity: Identity,
  of: { readonly work?: readonly Work[] | undefined; readonly generation?: Memory["generation"] },
  { traces }: InterpretOptions,
): Subject["trace"] {
  if (traces === undefined) return undefined;
  let context: TraceContext | undefined;
  return () =>
    (context ??= recordContext(
      identity,
      { work: of.work, generation: of.generation?.value },
      traces.isSampled,
    ));
}
