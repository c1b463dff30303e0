import { formatRfc3339 } from "../../util/format-rfc3339.ts";
import { cutUtf8 } from "../../util/utf8.ts";
import { hasGoodState, isAwaited } from "../good-state.ts";
import type { Attributes, AttributeValue, Span, SpanEvent, SpanLink } from "../signal.ts";
import { spanIdOf } from "./trace-ids.ts";
import { isRecorded, type Mark, type Moment, TAKEN_UP, usedMs } from "./work.ts";
import type { EndedWork } from "./work-step.ts";

/** docs/contract.md §6. */
export const SPANS_MAX = 500;
const VALUE_MAX_BYTES = 1_024;

/** What of a trace is not in its marks. */
export type TraceFrame = {
  readonly traceId: string;
  readonly rootName: string;
  /** The root's, which records of the work have told already. */
  readonly rootId: string;
  /** Of the root, besides what the marks give. */
  readonly attributes: Attributes;
  readonly links: readonly SpanLink[];
  /** Of a failure: what the object says about it. */
  readonly error?: string;
};

/** A mark at its place in the trace: within the root, and not before the mark before it. */
type PlacedMark = Required<Mark> & { readonly timeMs: number | undefined };
type Edge = { readonly timeMs: number; readonly at: Moment };
type TimedMark = PlacedMark & Edge;

/** All that the spans of work are made of; `conditions` are its marks of these by type. */
type Trace = {
  readonly ended: EndedWork;
  readonly start: Edge;
  readonly end: Edge;
  readonly marks: readonly PlacedMark[];
  readonly conditions: ReadonlyMap<string, readonly PlacedMark[]>;
};

/** A stage of the work, before it has an id; `events` are its reasons. */
type Stage = Pick<Span, "name" | "startMs" | "endMs" | "attributes" | "events">;

/** While they are made. */
type GrowingAttributes = Record<string, AttributeValue>;

/**
 * The spans of work that is over: the root, then one for each stage that it passed. A pure function of what was
 * remembered: no span is negative, none leaves the root, and none is older than the one whose fact came before.
 */
export function spansOf(ended: EndedWork, frame: TraceFrame): readonly [Span, ...Span[]] {
  const trace = place(ended);
  const root: Span = {
    spanId: frame.rootId,
    name: frame.rootName,
    startMs: trace.start.timeMs,
    endMs: trace.end.timeMs,
    attributes: rootAttributes(trace, frame),
    events: rootEvents(trace),
    links: frame.links,
  };
  const error = ended.outcome === "failed" ? frame.error : undefined;
  return [
    error === undefined ? root : { ...root, error: cutUtf8(error, VALUE_MAX_BYTES) },
    ...numbered(stagesOf(trace), frame),
  ];
}

/** Two clocks may disagree. */
function place(ended: EndedWork): Trace {
  const { work, end } = ended;
  const startMs = usedMs(work.start);
  const endMs = Math.max(startMs, usedMs(end));
  let lastMs = startMs;
  const marks = work.marks.map(({ about, name, value, reason, at }): PlacedMark => {
    if (at === undefined) return { about, name, value, reason, at, timeMs: undefined };
    lastMs = Math.min(endMs, Math.max(lastMs, usedMs(at)));
    return { about, name, value, reason, at, timeMs: lastMs };
  });
  return {
    ended,
    start: { timeMs: startMs, at: work.start },
    end: { timeMs: endMs, at: end },
    marks,
    conditions: byName(marks, "condition"),
  };
}

function rootAttributes({ ended, start, end, conditions }: Trace, frame: TraceFrame): Attributes {
  const { outcome, work } = ended;
  const attributes: GrowingAttributes = {
    ...frame.attributes,
    "lifeline.outcome": outcome,
    "lifeline.duration": (end.timeMs - start.timeMs) / 1_000,
  };
  if (work.managers.length > 0) attributes["lifeline.change.managers"] = work.managers;
  const awaited = outcome === "current" ? lastTurned(conditions) : neverTurned(conditions);
  if (awaited !== undefined) attributes["lifeline.waiting_for"] = awaited;
  if (work.leftOut > 0) attributes["lifeline.trace.left_out"] = work.leftOut;
  addTimes(attributes, start.at, end.at);
  return attributes;
}

/** By when they began. */
function stagesOf(trace: Trace): readonly Stage[] {
  const stages: Stage[] = [];
  addObserveStage(stages, trace);
  addConditionStages(stages, trace);
  addPhaseStages(stages, trace);
  addFinalizerStages(stages, trace);
  return stages
    .toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs)
    .slice(0, SPANS_MAX - 1);
}

function addObserveStage(stages: Stage[], { marks, start, end }: Trace): void {
  const all = marks.filter(({ about }) => about === "observe");
  // When it was taken up before its first sight nobody knows.
  if (all.length === 0 || all.some(({ value }) => value === TAKEN_UP)) return;
  const attributes = { "lifeline.stage": "observe" };
  const reached = all.find(isTimed) ?? end;
  stages.push(stageBetween(start, reached, { name: "observe", attributes, events: NO_EVENTS }));
}

/** A condition that is not in its good state, since when, and what it said last and meanwhile. */
type OpenStage = { readonly since: Edge; last: Mark | undefined; readonly events: SpanEvent[] };

/** A span for each time that a condition was not in its good state; one that is not there yet is not in it. */
function addConditionStages(stages: Stage[], { conditions, start, end }: Trace): void {
  for (const [type, marks] of conditions) {
    const first = marks.find(({ at }) => at === undefined);
    let open: OpenStage | undefined;
    if (isAwaited(type, first?.value ?? "")) open = { since: start, last: first, events: [] };
    for (const mark of marks) {
      if (!isTimed(mark)) continue;
      if (!isAwaited(type, mark.value)) {
        if (open !== undefined) stages.push(conditionStage(type, open, mark));
        open = undefined;
      } else if (open === undefined) {
        // What began the span is no event in it.
        open = { since: mark, last: mark, events: [] };
      } else {
        open.last = mark;
        open.events.push(conditionEvent(mark));
      }
    }
    if (open !== undefined) stages.push(conditionStage(type, open, end));
  }
}

function conditionStage(type: string, { since, last, events }: OpenStage, to: Edge): Stage {
  const attributes: GrowingAttributes = {
    "lifeline.stage": "condition",
    "lifeline.condition.type": type,
  };
  if (last !== undefined) addSaid(attributes, last);
  return stageBetween(since, to, { name: `condition ${type}`, attributes, events });
}

/** Each phase that was left, and the one that it was in at the end if that was no moment ago. */
function addPhaseStages(stages: Stage[], { marks, start, end }: Trace): void {
  const its = marks.filter(({ about }) => about === "phase");
  const timed = its.filter(isTimed);
  if (timed.length === 0) return;
  let from: Edge = start;
  let phase = its.find(({ at }) => at === undefined)?.value ?? "";
  for (const mark of timed) {
    if (phase !== "") stages.push(phaseStage(phase, from, mark));
    from = mark;
    phase = mark.value;
  }
  if (phase !== "" && from.timeMs !== end.timeMs) stages.push(phaseStage(phase, from, end));
}

function phaseStage(phase: string, from: Edge, to: Edge): Stage {
  const attributes = { "lifeline.stage": "phase", "lifeline.phase": phase };
  return stageBetween(from, to, { name: `phase ${phase}`, attributes, events: NO_EVENTS });
}

function addFinalizerStages(stages: Stage[], { marks, start, end }: Trace): void {
  for (const [name, its] of byName(marks, "finalizer")) {
    const attributes = { "lifeline.stage": "finalizer", "lifeline.finalizers": [name] };
    const told = { name: `finalizer ${name}`, attributes, events: NO_EVENTS };
    stages.push(stageBetween(start, its.find(isTimed) ?? end, told));
  }
}

/** The attributes are its own from now on. */
function stageBetween(
  from: Edge,
  to: Edge,
  {
    name,
    attributes,
    events,
  }: Pick<Stage, "name" | "events"> & { readonly attributes: GrowingAttributes },
): Stage {
  addTimes(attributes, from.at, to.at);
  return { name, startMs: from.timeMs, endMs: to.timeMs, attributes, events };
}

/** What happened to conditions that have no good state, and so no span, and to a health without conditions. */
function rootEvents({ marks }: Trace): readonly SpanEvent[] {
  const events: SpanEvent[] = [];
  for (const mark of marks) {
    if (!isTimed(mark)) continue;
    if (mark.about === "health") events.push(healthEvent(mark));
    else if (mark.about === "condition" && !hasGoodState(mark.name))
      events.push(conditionEvent(mark));
  }
  return events;
}

function conditionEvent(mark: TimedMark): SpanEvent {
  const attributes: GrowingAttributes = { "lifeline.condition.type": mark.name };
  addSaid(attributes, mark);
  return { timeMs: mark.timeMs, name: "lifeline.object.condition_changed", attributes };
}

function healthEvent({ timeMs, value, reason }: TimedMark): SpanEvent {
  const attributes: GrowingAttributes = { "lifeline.health": value };
  if (reason !== "") attributes["lifeline.health.reason"] = reason;
  return { timeMs, name: "lifeline.object.health_changed", attributes };
}

function addSaid(attributes: GrowingAttributes, { value, reason }: Mark): void {
  if (value !== "") attributes["lifeline.condition.status"] = value;
  if (reason !== "") attributes["lifeline.condition.reason"] = reason;
}

/** What work that came to its goal waited for: the last condition that turned good. */
function lastTurned(conditions: Trace["conditions"]): string | undefined {
  let last: TimedMark | undefined;
  for (const [type, marks] of conditions) {
    const mark = marks.at(-1);
    if (mark === undefined || !isTimed(mark)) continue;
    if (!hasGoodState(type) || isAwaited(type, mark.value)) continue;
    if (last === undefined || mark.timeMs > last.timeMs) last = mark;
  }
  return last?.name;
}

/** What work that did not waited for: those that are not good. */
function neverTurned(conditions: Trace["conditions"]): string | undefined {
  const types: string[] = [];
  for (const [type, marks] of conditions)
    if (isAwaited(type, marks.at(-1)?.value ?? "")) types.push(type);
  return types.length === 0 ? undefined : cutUtf8(types.join(", "), VALUE_MAX_BYTES);
}

const NO_EVENTS: readonly SpanEvent[] = [];
const NO_LINKS: readonly SpanLink[] = [];
const NO_MARKS: Trace["conditions"] = new Map();

/** In the order of their first marks. */
function byName(marks: readonly PlacedMark[], about: Mark["about"]): Trace["conditions"] {
  const its = marks.filter((mark) => mark.about === about);
  // Most work has but conditions.
  return its.length === 0 ? NO_MARKS : Map.groupBy(its, ({ name }) => name);
}

function isTimed(mark: PlacedMark): mark is TimedMark {
  return mark.timeMs !== undefined;
}

/** Children of the same name are told apart by their order. */
function numbered(stages: readonly Stage[], { traceId, rootId }: TraceFrame): readonly Span[] {
  const seen = new Map<string, number>();
  return stages.map(({ name, startMs, endMs, attributes, events }) => {
    const ordinal = seen.get(name) ?? 0;
    seen.set(name, ordinal + 1);
    return {
      spanId: spanIdOf(traceId, name, ordinal),
      parentSpanId: rootId,
      name: cutUtf8(name, VALUE_MAX_BYTES),
      startMs,
      endMs,
      attributes,
      events,
      links: NO_LINKS,
    };
  });
}

/** Which clock the span goes by at either end, which is its own time there, and what the other clock says. */
function addTimes(attributes: GrowingAttributes, start: Moment, end: Moment): void {
  if (isRecorded(start)) {
    attributes["lifeline.start"] = "recorded";
    attributes["lifeline.observed_start"] = formatRfc3339(start.observedMs);
  } else {
    attributes["lifeline.start"] = "observed";
    if (start.recordedMs !== undefined)
      attributes["lifeline.recorded_start"] = formatRfc3339(start.recordedMs);
  }
  if (isRecorded(end)) {
    attributes["lifeline.end"] = "recorded";
    attributes["lifeline.observed_end"] = formatRfc3339(end.observedMs);
  } else {
    attributes["lifeline.end"] = "observed";
    if (end.recordedMs !== undefined)
      attributes["lifeline.recorded_end"] = formatRfc3339(end.recordedMs);
  }
}
