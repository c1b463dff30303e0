import { isList } from "../../util/json.ts";
import { readTime } from "../../util/row-time.ts";
import {
  type GoneChild,
  type Mark,
  MARKS_MAX,
  type Moment,
  type PastWork,
  type Role,
  type Work,
} from "./work.ts";

const ROLES: readonly Role[] = ["converge", "delete", "disruption"];
const ABOUT: readonly Mark["about"][] = ["condition", "phase", "finalizer", "observe", "health"];
/** More than one object can have under way. */
const WORKS_MAX = 3;

/**
 * As JSON for the row: roles and subjects by their places in the lists above, the start as milliseconds after the
 * origin, other times as milliseconds after the start, a moment with a recorded time as `[observed, recorded, late]`; of
 * a mark without a time what is empty at its end is left out.
 */
export function writeWork(work: readonly Work[] | undefined, memoryOriginMs: number): unknown {
  if (work === undefined || work.length === 0) return undefined;
  return work.map(({ role, generation, of, ordinal, start, managers, marks, leftOut, gone }) => [
    ROLES.indexOf(role),
    generation,
    of,
    ordinal,
    start.observedMs - memoryOriginMs,
    writeMoment(start, start.observedMs),
    managers,
    leftOut,
    marks.map((mark) => writeMark(mark, start.observedMs)),
    ...(gone === undefined ? [] : [gone.map((child) => writeGone(child, memoryOriginMs))]),
  ]);
}

/** What it understands of what an older or a foreign program wrote; work that it does not is given up. */
export function readWork(json: unknown, memoryOriginMs: number): readonly Work[] | undefined {
  if (!isList(json)) return undefined;
  const work: Work[] = [];
  for (const row of json.slice(0, WORKS_MAX)) {
    const one = readOne(row, memoryOriginMs);
    if (one !== undefined) work.push(one);
  }
  return work.length === 0 ? undefined : work;
}

/** As above: the role, the generation, the start's time, and both moments after it. */
export function writePastWork(past: PastWork | undefined, memoryOriginMs: number): unknown {
  if (past === undefined) return undefined;
  const { role, generation, start, end } = past;
  const originMs = start.observedMs;
  const moments = [writeMoment(start, originMs), writeMoment(end, originMs)];
  return [ROLES.indexOf(role), generation, originMs - memoryOriginMs, ...moments];
}

export function readPastWork(json: unknown, memoryOriginMs: number): PastWork | undefined {
  if (!isList(json)) return undefined;
  const [roleAt, generation, startMs, ...moments] = json;
  const role = typeof roleAt === "number" ? ROLES[roleAt] : undefined;
  const originMs = readTime(startMs, memoryOriginMs);
  if (role === undefined || !isInteger(generation) || originMs === undefined) return undefined;
  const [start, end] = moments.map((moment) => readMoment(moment, originMs));
  if (start === undefined || end === undefined) return undefined;
  return { role, generation, start, end };
}

function writeGone(child: GoneChild, memoryOriginMs: number): unknown {
  const { owner, kind, group, name, uid, at, past } = child;
  const when = [at.observedMs - memoryOriginMs, writeMoment(at, at.observedMs)];
  const works = past.map((work) => writePastWork(work, memoryOriginMs));
  return [owner, kind, group, name, uid, ...when, ...works];
}

function writeMark({ about, name, value, reason, at }: Mark, originMs: number): unknown {
  const facts = [ABOUT.indexOf(about), name, value, reason];
  if (at !== undefined) return [...facts, writeMoment(at, originMs)];
  while (facts.at(-1) === "") facts.pop();
  return facts;
}

function writeMoment({ observedMs, recordedMs, isLate }: Moment, originMs: number): unknown {
  const observed = observedMs - originMs;
  if (recordedMs === undefined) return observed;
  const recorded = recordedMs - originMs;
  return isLate === true ? [observed, recorded, 1] : [observed, recorded];
}

function readOne(json: unknown, memoryOriginMs: number): Work | undefined {
  if (!isList(json)) return undefined;
  const [roleAt, generation, of, ordinal, startMs, start, managers, leftOut, marks, gone] = json;
  const role = typeof roleAt === "number" ? ROLES[roleAt] : undefined;
  if (role === undefined || !isInteger(generation) || typeof ordinal !== "string") return undefined;
  const originMs = readTime(startMs, memoryOriginMs);
  if (!isInteger(of) || originMs === undefined) return undefined;
  const startMoment = readMoment(start, originMs);
  if (startMoment === undefined) return undefined;
  return {
    role,
    generation,
    of,
    ordinal,
    start: startMoment,
    managers: isList(managers) ? managers.filter(isText) : [],
    marks: isList(marks) ? readMarks(marks.slice(0, MARKS_MAX), originMs) : [],
    leftOut: isInteger(leftOut) ? leftOut : 0,
    gone: readGoneChildren(gone, memoryOriginMs),
  };
}

function readMarks(json: readonly unknown[], originMs: number): readonly Mark[] {
  const marks: Mark[] = [];
  for (const row of json) {
    const mark = readMark(row, originMs);
    if (mark !== undefined) marks.push(mark);
  }
  return marks;
}

function readGoneChildren(json: unknown, memoryOriginMs: number): Work["gone"] {
  return isList(json) ? json.flatMap((child) => readGone(child, memoryOriginMs) ?? []) : undefined;
}

function readGone(json: unknown, memoryOriginMs: number): GoneChild | undefined {
  if (!isList(json)) return undefined;
  const [owner, kind, group, name, uid, ...rest] = json;
  if (!isText(owner) || !isText(kind) || !isText(group)) return undefined;
  if (!isText(name) || !isText(uid)) return undefined;
  const [goneMs, when, ...works] = rest;
  const originMs = readTime(goneMs, memoryOriginMs);
  const at = originMs === undefined ? undefined : readMoment(when, originMs);
  const past = works.flatMap((work) => readPastWork(work, memoryOriginMs) ?? []);
  return at === undefined ? undefined : { owner, kind, group, name, uid, at, past };
}

function readMark(json: unknown, originMs: number): Mark | undefined {
  if (!isList(json)) return undefined;
  const [aboutAt, name = "", value = "", reason = "", at] = json;
  const about = typeof aboutAt === "number" ? ABOUT[aboutAt] : undefined;
  if (about === undefined || !isText(name) || !isText(value) || !isText(reason)) return undefined;
  if (at === undefined) return { about, name, value, reason, at };
  const moment = readMoment(at, originMs);
  return moment === undefined ? undefined : { about, name, value, reason, at: moment };
}

function readMoment(json: unknown, originMs: number): Moment | undefined {
  const [observed, recorded, late] = isList(json) ? json : [json];
  const observedMs = readTime(observed, originMs);
  if (observedMs === undefined) return undefined;
  if (recorded === undefined)
    return isList(json) ? undefined : { observedMs, recordedMs: undefined, isLate: undefined };
  const recordedMs = readTime(recorded, originMs);
  if (recordedMs === undefined) return undefined;
  return { observedMs, recordedMs, isLate: late === 1 ? true : undefined };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
