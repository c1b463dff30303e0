import type { Change } from "../../history/change.ts";
import type { Memory } from "../memory.ts";
import { isTold } from "./follow-work.ts";
import { type GoneChild, usedMs, type Work } from "./work.ts";
import { type EndedWork, momentOf, pastOf } from "./work-step.ts";

/** More than that of one owner's are counted, not told: its row must stay short. */
const GONE_MAX = 20;

/** What owners' traces tell of an object that this Change shows to be gone, given what is remembered of it. */
export function goneChild(
  child: Omit<GoneChild, "at" | "past">,
  gone: {
    readonly change: Pick<Change, "observedAtMs" | "isLate">;
    readonly memory: Memory;
    readonly ended: readonly EndedWork[];
  },
): GoneChild {
  const { done } = gone.memory;
  const { observedAtMs, isLate = false } = gone.change;
  const last = gone.ended.filter(
    ({ work, outcome }) => work.role !== "disruption" && isTold(work, outcome),
  );
  return {
    ...child,
    at: momentOf(undefined, { observedAtMs, isLate }),
    past: [...(done === undefined ? [] : [done]), ...last.map(pastOf)],
  };
}

/**
 * The memory of an object that controls it, from whose trace the child would else be missing; undefined where no work on
 * a generation goes on in which the child was still there. The same twice is once: a crash may tell it again.
 */
export function withGoneChild(memory: Memory, child: GoneChild): Memory | undefined {
  const index = (memory.work ?? []).findIndex(({ role }) => role === "converge");
  const one = memory.work?.[index];
  if (one === undefined || usedMs(child.at) < usedMs(one.start)) return undefined;
  const known = one.gone ?? [];
  if (known.some(({ uid }) => uid === child.uid)) return undefined;
  const past = child.past.filter(({ end }) => usedMs(end) > usedMs(one.start));
  const next: Work =
    known.length < GONE_MAX
      ? { ...one, gone: [...known, { ...child, past }] }
      : { ...one, leftOut: one.leftOut + 1 };
  return { ...memory, work: memory.work?.with(index, next) };
}
