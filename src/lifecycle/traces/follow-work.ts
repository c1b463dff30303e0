import type { AppearanceCause } from "../../history/change.ts";
import { fieldAt, isMap } from "../../util/json.ts";
import { cutUtf8 } from "../../util/utf8.ts";
import { type Condition, parseGeneration } from "../conditions.ts";
import { deletionRequestedAtMs, isDeleting } from "../deletion-time.ts";
import { parseClusterTimeMs } from "../event-time.ts";
import { isAwaited } from "../good-state.ts";
import { CONDITIONS_MAX } from "../memory.ts";
import { readPhase } from "../phase.ts";
import { readFinalizers } from "../finalizers.ts";
import {
  isRecovery,
  notBefore,
  type Mark,
  MARKS_MAX,
  type Moment,
  TAKEN_UP,
  type TraceOutcome,
  usedMs,
  withMark,
  type Work,
} from "./work.ts";
import {
  allMarksOf,
  type EndedWork,
  isInGoodState,
  marksOf,
  momentOf,
  observedGenerationOf,
  showsProgress,
  type Standing,
  type WorkStep,
} from "./work-step.ts";

/** What goes on after a Change, and what it ended. */
export type Followed = {
  readonly work: readonly Work[] | undefined;
  readonly ended: readonly EndedWork[];
};

export type WorkLimits = { readonly maxMs: number };

export type NextStep = WorkStep & {
  /** The conditions and the phase before the write. */
  readonly before: Standing;
  /** What the write began. */
  readonly begins: "generation" | "deletion" | undefined;
};

const NOTHING: Followed = { work: undefined, ended: [] };
const REASON_MAX_BYTES = 128;

/**
 * What begins with an object's first sight. Created: the work of its first generation. Old: only what is evidently in
 * progress, from the times that it recorded; nothing is invented for what was finished before.
 */
export function beginWork(step: WorkStep, cause: AppearanceCause, limits: WorkLimits): Followed {
  if (isDeleting(step.object)) return { work: [deletion({ ...step, isLate: true })], ended: [] };
  if (step.generation === undefined && !isMap(step.object.status)) return NOTHING;
  if (cause === "created")
    return settle([asFound(converge(step, startOfCreated(step)), step)], step, limits);
  const late = { ...step, isLate: true };
  const old = step.health === "failed" ? foundFailed(late) : foundInProgress(late);
  if (old === undefined) return NOTHING;
  const isOver = step.observedAtMs - usedMs(old.start) >= limits.maxMs;
  return isOver ? NOTHING : settle([old], late, limits);
}

/**
 * What goes on after a write (or after mere time), given what went on before it.
 *
 * ```
 *            spec written              health current
 *   nothing ──────────────▶ converge ──────────────────▶ nothing
 *      │ health lost            │     ──spec written──▶ the next converge
 *      │                        │ health failed
 *      └────────────────────────┴────────▶ disruption ──health current──▶ nothing
 *   anything ──deletion requested──▶ delete ──gone──▶
 * ```
 */
export function followWork(
  known: readonly Work[] | undefined,
  step: NextStep,
  limits: WorkLimits,
): Followed {
  const { begins } = step;
  // So it is with most writes.
  if (known === undefined && begins === undefined && !isLost(step)) return NOTHING;
  const kept = step.isLate ? { work: known ?? [], ended: [] } : timeOut(known ?? [], step, limits);
  if (begins === "deletion") {
    const end = deletionMoment(step);
    const ended = kept.work.map((one) => inTime(endOf(one, "deleted", end), limits));
    return { work: [deletion(step)], ended: [...kept.ended, ...ended] };
  }
  if (isDeleting(step.object)) return withEnded(followDeletion(kept.work, step), kept.ended);
  if (begins === "generation") {
    const start = startOfGeneration(step);
    const ended = kept.work.map((one) => inTime(endOf(one, "superseded", start), limits));
    const next = asFound(newGeneration(step, start), step);
    return withEnded(settle([next], step, limits), [...kept.ended, ...ended]);
  }
  return withEnded(goOn(kept.work, step, limits), kept.ended);
}

/** The same generation: what goes on sees what happened, and a loss of health begins a disruption. */
function goOn(known: readonly Work[], step: NextStep, limits: WorkLimits): Followed {
  const marks = known.length === 0 ? [] : allMarksOf(step);
  const marked = known.map((one) => marks.reduce(withMark, one));
  const opened = marked.length === 0 && isLost(step) ? [disruption(step)] : marked;
  return opened.length === 0 ? NOTHING : settle(opened, step, limits);
}

/**
 * The object is gone, and with it all that went on; also a deletion that only its end shows. `wasDeleting`: its request
 * was seen, so that its work, where it is not there any more, has timed out.
 */
export function endWork(
  known: readonly Work[] | undefined,
  step: WorkStep,
  wasDeleting: boolean,
): readonly EndedWork[] {
  const requested = !wasDeleting && isDeleting(step.object);
  const requestedAt = deletionMoment({ ...step, isLate: true });
  const gone = momentOf(undefined, step);
  const ended = (known ?? []).map((one) => endOf(one, "deleted", requested ? requestedAt : gone));
  if (!requested) return ended;
  return [...ended, endOf(deletion({ ...step, isLate: true }), "deleted", gone)];
}

/** When the oldest of it is to end as timed out, in Unix milliseconds; work that shows nothing ends unseen. */
export function workDueAtMs(
  open: readonly Work[] | undefined,
  { maxMs }: WorkLimits,
): number | undefined {
  let dueAtMs: number | undefined;
  for (const one of open ?? []) {
    if (!isTold(one, "timed_out")) continue;
    const endMs = usedMs(one.start) + maxMs;
    dueAtMs = Math.min(endMs, dueAtMs ?? endMs);
  }
  return dueAtMs;
}

/** Whether there is anything to tell: of an object that shows neither transitions nor what its controller observed there is not. */
export function isTold(one: Work, outcome: TraceOutcome): boolean {
  if (isRecovery(one)) return outcome === "current";
  const { role, marks } = one;
  return (
    role !== "converge" || marks.some(({ at, about }) => at !== undefined || about === "observe")
  );
}

function converge(step: WorkStep, start: Moment): Work {
  const phase = step.isLate ? undefined : readPhase(step.object)?.value;
  const { held, moved } = sides({ conditions: step.conditions, phase }, step, start);
  return moved.reduce(withMark, makeWork("converge", step, { start, marks: held }));
}

/** At a first sight: what the object says to have happened since the start is news, the rest was so. */
function sides(
  standing: Standing,
  step: WorkStep,
  start: Moment,
): { readonly held: readonly Mark[]; readonly moved: readonly Mark[] } {
  if (!step.isLate) return { held: startMarks(standing), moved: [] };
  const moved = marksOf(step).filter(
    ({ about, at }) =>
      about === "condition" && at.recordedMs !== undefined && at.recordedMs >= usedMs(start),
  );
  const names = new Set(moved.map(({ name }) => name));
  const held = startMarks(standing).filter(({ name }) => !names.has(name));
  return { held, moved };
}

function newGeneration(step: NextStep, start: Moment): Work {
  const marks = allMarksOf(step);
  const moved = marks.filter(({ at }) => usedMs(at) >= usedMs(start));
  // What happened before the spec was written is how its work found things.
  const held = startMarks(step.before);
  const earlier = marks.filter(({ at }) => usedMs(at) < usedMs(start));
  const asItWas = earlier.reduce<readonly Mark[]>(
    (all, mark) => [
      ...all.filter(({ about, name }) => about !== mark.about || name !== mark.name),
      { ...mark, at: undefined },
    ],
    held,
  );
  return moved.reduce(withMark, makeWork("converge", step, { start, marks: asItWas }));
}

/**
 * Only what spans are made of, and of as many conditions as memory keeps: a row should be short, and is read with every
 * change.
 */
function startMarks({ conditions, phase }: Standing): readonly Mark[] {
  const marks: Mark[] = [];
  for (const { type, status, reason } of conditions.values()) {
    if (marks.length >= CONDITIONS_MAX) break;
    const awaited = isAwaited(type, status);
    // One that is not there counts as not good: of one that is good, this has to be known.
    if (!awaited && !isAwaited(type, "")) continue;
    const why = awaited ? cutUtf8(reason, REASON_MAX_BYTES) : "";
    marks.push({ about: "condition", name: type, value: status, reason: why, at: undefined });
  }
  if (phase !== undefined)
    marks.push({ about: "phase", name: "", value: phase, reason: "", at: undefined });
  return marks;
}

function makeWork(
  role: Work["role"],
  step: WorkStep,
  begun: {
    readonly start: Moment;
    readonly marks: readonly Mark[];
    readonly ordinal?: string;
    readonly of?: number;
  },
): Work {
  return {
    role,
    generation: step.generation ?? 0,
    of: begun.of ?? step.generation ?? 0,
    ordinal: begun.ordinal ?? "0",
    start: begun.start,
    managers: role === "converge" ? (step.specWrite?.managers ?? []) : [],
    // What a row does not hold must not be told as long as nobody restarts.
    marks: begun.marks.slice(0, MARKS_MAX),
    leftOut: 0,
    gone: undefined,
  };
}

function startOfCreated(step: WorkStep): Moment {
  return momentOf(createdAtMs(step), step);
}

/** The cluster's own time: of a first generation its creation, else when anything but the status was written last. */
function startOfFound(step: WorkStep): Moment {
  const isFirst = (step.generation ?? 1) === 1;
  const recordedMs = isFirst ? createdAtMs(step) : step.specWrite?.atMs;
  return momentOf(recordedMs, { ...step, isLate: true });
}

function startOfGeneration(step: WorkStep): Moment {
  return momentOf(step.specWrite?.atMs ?? step.when.happenedAtMs, step);
}

function createdAtMs({ object }: WorkStep): number | undefined {
  return parseClusterTimeMs(fieldAt(object.metadata, "creationTimestamp"));
}

function deletionMoment(step: WorkStep): Moment {
  return momentOf(deletionRequestedAtMs(step.object), step);
}

function deletion(step: WorkStep): Work {
  const marks = readFinalizers(step.object).map(finalizer);
  const generation = parseGeneration(fieldAt(step.object.metadata, "generation"));
  const of = step.generationBefore ?? Math.max(0, (generation ?? 0) - 1);
  return makeWork("delete", { ...step, generation }, { start: deletionMoment(step), marks, of });
}

function finalizer(name: string): Mark {
  return { about: "finalizer", name, value: "", reason: "", at: undefined };
}

function followDeletion(known: readonly Work[], step: WorkStep): Followed {
  const left = new Set(readFinalizers(step.object));
  const at = momentOf(step.when.happenedAtMs, step);
  const next = known.map((one) => {
    if (one.role !== "delete") return one;
    const gone = one.marks.filter(
      (mark) =>
        mark.at === undefined &&
        !left.has(mark.name) &&
        !one.marks.some(({ name, at: since }) => since !== undefined && name === mark.name),
    );
    return gone.reduce((work_, mark) => withMark(work_, { ...mark, at }), one);
  });
  return { work: next.length === 0 ? undefined : next, ended: [] };
}

/** Whether it was well, and is not any more. */
function isLost({ transitions, health }: WorkStep): boolean {
  return (
    transitions.health?.before === "current" &&
    (health === "progressing" || health === "degraded" || health === "failed")
  );
}

/**
 * By the first condition that turned bad, for every replica reads its time; where its controller did not move that, or it
 * has none, by when, or at what version, the object was written.
 */
function disruption(step: NextStep): Work {
  const turned = step.transitions.conditions.find(
    ({ type, before, after }) =>
      after !== undefined && before?.status !== after.status && isAwaited(type, after.status),
  );
  const since = turned?.after?.lastTransitionTime;
  const marks = marksOf(step);
  const start = marks[0]?.at ?? momentOf(step.when.happenedAtMs, step);
  const hasMoved = since !== turned?.before?.lastTransitionTime;
  const ordinal = disruptionOrdinal(hasMoved ? since : undefined, step);
  const begun = makeWork("disruption", step, { start, marks: startMarks(step.before), ordinal });
  return marks.reduce(withMark, begun);
}

function disruptionOrdinal(
  since: string | undefined,
  { object, when, observedAtMs }: WorkStep,
): string {
  const { happenedAtMs } = when;
  const written =
    happenedAtMs === observedAtMs ? object.metadata.resourceVersion : String(happenedAtMs);
  return cutUtf8(since ?? written, REASON_MAX_BYTES);
}

/**
 * The disruption that a failure begins. Its work is over and told, so that of one that stays failed there is no more to
 * tell. By the first condition that is bad, which is all that a replica which did not see the failure has.
 */
function recovery(step: WorkStep, start: Moment): Work {
  const phase = readPhase(step.object)?.value;
  const failed: Mark = { about: "health", name: "", value: "failed", reason: "", at: undefined };
  const marks = [failed, ...startMarks({ conditions: step.conditions, phase })];
  const ordinal = disruptionOrdinal(firstBad(step)?.lastTransitionTime, step);
  return makeWork("disruption", step, { start, marks, ordinal });
}

function firstBad({ conditions }: WorkStep): Condition | undefined {
  return [...conditions.values()].find(({ type, status }) => isAwaited(type, status));
}

function foundInProgress(late: WorkStep): Work | undefined {
  const isOpen = late.health === "progressing" || late.health === "unknown";
  return isOpen ? asFound(converge(late, startOfFound(late)), late) : undefined;
}

/** Failed since its condition turned bad, if it says when: at least that long. */
function foundFailed(late: WorkStep): Work | undefined {
  const sinceMs = parseClusterTimeMs(firstBad(late)?.lastTransitionTime);
  return sinceMs === undefined ? undefined : recovery(late, momentOf(sinceMs, late));
}

/** Ends what the present state ends, and notes that a controller has taken the generation up. */
function settle(known: readonly Work[], step: WorkStep, limits: WorkLimits): Followed {
  // Whoever switched it off is not waiting for it.
  if (step.health === "suspended") return NOTHING;
  const open: Work[] = [];
  const ended: EndedWork[] = [];
  for (const one of known) {
    const observed = one.role === "converge" ? withObserved(one, step) : one;
    const outcome = outcomeOf(observed, step);
    if (outcome === undefined) {
      open.push(observed);
      continue;
    }
    const over = inTime(endOf(observed, outcome, endMoment(step)), limits);
    ended.push(over);
    if (over.outcome === "failed") open.push(recovery(step, over.end));
  }
  const timed = step.isLate ? timeOut(open, step, limits) : { work: open, ended: [] };
  return {
    work: timed.work.length === 0 ? undefined : timed.work,
    ended: [...ended, ...timed.ended],
  };
}

/** Whether its controller says anything of generations, and has taken this one up already at its first sight. */
function asFound(one: Work, step: WorkStep): Work {
  const observed = observedGenerationOf(step);
  if (observed === undefined) return one;
  const value = observed >= (step.generation ?? 0) ? TAKEN_UP : "";
  return withMark(one, { about: "observe", name: "", value, reason: "", at: undefined });
}

function withObserved(one: Work, step: WorkStep): Work {
  const observed = observedGenerationOf(step);
  if (observed === undefined) return one;
  const known = one.marks.findLast(({ about }) => about === "observe");
  const isReached = observed >= (step.generation ?? 0);
  const mark: Mark = { about: "observe", name: "", value: "", reason: "", at: undefined };
  if (isReached && known?.at === undefined && known?.value !== TAKEN_UP)
    return withMark(one, { ...mark, at: momentOf(recordedOf(step), step) });
  return known === undefined ? withMark(one, mark) : one;
}

function outcomeOf(one: Work, step: WorkStep): "current" | "failed" | undefined {
  const { health } = step;
  if (one.role === "disruption") return health === "current" ? "current" : undefined;
  if (one.role === "delete" || (health !== "current" && health !== "failed")) return undefined;
  const observed = observedGenerationOf(step);
  if (observed !== undefined) return observed >= one.generation ? health : undefined;
  const fresh = one.marks.filter(({ at }) => at?.observedMs === step.observedAtMs);
  const isOver = fresh.length > 0 && (showsProgress(step) || fresh.some(isGoodNews(health)));
  return isOver ? health : undefined;
}

/** For work that is well a condition may have been lost and regained unseen. */
function isGoodNews(health: "current" | "failed"): (mark: Mark) => boolean {
  return ({ about, name, value }) =>
    health === "current" && about === "condition" && isInGoodState({ type: name, status: value });
}

function endMoment(step: WorkStep): Moment {
  return momentOf(recordedOf(step), step);
}

/** The last thing that the Change shows to have happened. */
function recordedOf(step: WorkStep): number | undefined {
  const times = allMarksOf(step).flatMap(({ at }) => at.recordedMs ?? []);
  if (step.when.happenedAtMs !== step.observedAtMs) times.push(step.when.happenedAtMs);
  return times.length === 0 ? undefined : Math.max(...times);
}

function timeOut(
  known: readonly Work[],
  { observedAtMs }: WorkStep,
  { maxMs }: WorkLimits,
): { readonly work: readonly Work[]; readonly ended: readonly EndedWork[] } {
  const isOver = ({ start }: Work): boolean => observedAtMs - usedMs(start) >= maxMs;
  if (!known.some(isOver)) return { work: known, ended: [] };
  return {
    work: known.filter((one) => !isOver(one)),
    ended: known.filter(isOver).map((one) => timedOut(one, maxMs)),
  };
}

/** As whoever watched has told it, who knew of nothing that happened later. */
function timedOut(one: Work, maxMs: number): EndedWork {
  const endMs = usedMs(one.start) + maxMs;
  const marks = one.marks.filter(({ at }) => at === undefined || usedMs(at) < endMs);
  const end = momentOf(undefined, { observedAtMs: endMs, isLate: false });
  return endOf({ ...one, marks }, "timed_out", end);
}

/** What came to its end after the longest time, while nobody watched, had timed out by then. */
function inTime(ended: EndedWork, { maxMs }: WorkLimits): EndedWork {
  const isOver = usedMs(ended.end) - usedMs(ended.work.start) >= maxMs;
  return isOver ? timedOut(ended.work, maxMs) : ended;
}

function endOf(one: Work, outcome: EndedWork["outcome"], end: Moment): EndedWork {
  return { work: one, outcome, end: notBefore(one.start, end) };
}

function withEnded(followed: Followed, before: readonly EndedWork[]): Followed {
  return before.length === 0 ? followed : { ...followed, ended: [...before, ...followed.ended] };
}
