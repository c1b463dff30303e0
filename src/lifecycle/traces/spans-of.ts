import { formatRfc3339 } from "../../util/format-rfc3339.ts";
import { cutUtf8 } from "../../util/utf8.ts";
import { hasGoodState, isAwaited } from "../good-state.ts";
import type { Attributes, AttributeValue, Span, SpanEvent, SpanLink } from "../signal.ts";
import { spanIdOf } from "./trace-ids.ts";
import { isRecorded, type Mark, type Moment, TAKEN_UP, usedMs, type Work } from "./work.ts";
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

type TimedMark = Mark & { readonly at: Moment; readonly timeMs: number };

/** A stage of the work, before it has an id; `events` are its reasons. */
type Stage = {
  readonly name: string;
  readonly startMs: number;
  readonly start: Moment;
  readonly endMs: number;
  readonly end: Moment;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
};

/**
 * The spans of work that is over: the root, then one for each stage that it passed. A pure function of what was
 * remembered: no span is negative, none leaves the root, and none is older than the one whose fact came before.
 */
export function spansOf(ended: EndedWork, frame: TraceFrame): readonly [Span, ...Span[]] {
  const { work, outcome } = ended;
  const startMs = usedMs(work.start);
  const endMs = Math.max(startMs, usedMs(ended.end));
  const marks = inOrder(work, { startMs, endMs });
  const stages = [
    ...observeStages(ended, marks, endMs),
    ...conditionStages(ended, marks, { startMs, endMs }),
    ...phaseStages(ended, marks, { startMs, endMs }),
    ...finalizerStages(ended, marks, { startMs, endMs }),
  ].toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const root: Span = {
    spanId: frame.rootId,
    name: frame.rootName,
    startMs,
    endMs,
    attributes: {
      ...frame.attributes,
      "lifeline.outcome": outcome,
      "lifeline.duration": (endMs - startMs) / 1_000,
      ...optional(
        "lifeline.change.managers",
        work.managers.length === 0 ? undefined : work.managers,
      ),
      ...optional("lifeline.waiting_for", waitingFor(ended, marks)),
      ...optional("lifeline.trace.left_out", work.leftOut === 0 ? undefined : work.leftOut),
      ...times(work.start, ended.end),
    },
    events: rootEvents(marks),
    links: frame.links,
    ...(outcome === "failed" && frame.error !== undefined
      ? { error: cutUtf8(frame.error, VALUE_MAX_BYTES) }
      : {}),
  };
  return [root, ...numbered(stages.slice(0, SPANS_MAX - 1), frame.traceId, frame.rootId)];
}

/** Each mark not before the one before it, nor outside of the root: two clocks may disagree. */
function inOrder(
  { marks }: Work,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): readonly (Mark & { readonly timeMs: number | undefined })[] {
  let lastMs = startMs;
  return marks.map((mark) => {
    if (mark.at === undefined) return { ...mark, timeMs: undefined };
    lastMs = Math.min(endMs, Math.max(lastMs, usedMs(mark.at)));
    return { ...mark, timeMs: lastMs };
  });
}

type Ordered = ReturnType<typeof inOrder>;
type Window = { readonly startMs: number; readonly endMs: number };

function observeStages(ended: EndedWork, marks: Ordered, endMs: number): readonly Stage[] {
  const all = marks.filter(({ about }) => about === "observe");
  // When it was taken up before its first sight nobody knows.
  if (all.length === 0 || all.some(({ value }) => value === TAKEN_UP)) return [];
  const reached = all.find(isTimed);
  const { start } = ended.work;
  return [
    {
      name: "observe",
      startMs: usedMs(start),
      start,
      endMs: reached?.timeMs ?? endMs,
      end: reached?.at ?? ended.end,
      attributes: { "lifeline.stage": "observe" },
      events: [],
    },
  ];
}

/** A span for each time that a condition was not in its good state; one that is not there yet is not in it. */
function conditionStages(ended: EndedWork, marks: Ordered, window: Window): readonly Stage[] {
  const stages: Stage[] = [];
  for (const [type, its] of groups(marks, "condition")) {
    const first = its.find(({ at }) => at === undefined);
    let open: OpenStage | undefined;
    if (isAwaited(type, first?.value ?? "")) {
      const since = { timeMs: window.startMs, at: ended.work.start };
      open = { since, marks: first === undefined ? [] : [first] };
    }
    for (const mark of its.filter(isTimed)) {
      if (isAwaited(type, mark.value)) {
        open ??= { since: mark, marks: [] };
        open.marks.push(mark);
      } else if (open !== undefined) {
        stages.push(conditionStage(type, open, mark));
        open = undefined;
      }
    }
    const end = { timeMs: window.endMs, at: ended.end };
    if (open !== undefined) stages.push(conditionStage(type, open, end));
  }
  return stages;
}

type Edge = { readonly timeMs: number; readonly at: Moment };
/** A condition that is not in its good state, and what it said meanwhile. */
type OpenStage = { readonly since: Edge; readonly marks: Ordered[number][] };

function conditionStage(type: string, { since, marks }: OpenStage, to: Edge): Stage {
  return {
    name: `condition ${type}`,
    startMs: since.timeMs,
    start: since.at,
    endMs: to.timeMs,
    end: to.at,
    attributes: conditionAttributes(type, marks),
    // What began the span is no event in it.
    events: marks.filter(isTimed).flatMap((mark) => (mark === since ? [] : conditionEvent(mark))),
  };
}

function conditionAttributes(type: string, held: readonly Mark[]): Attributes {
  const last = held.at(-1);
  return {
    "lifeline.stage": "condition",
    "lifeline.condition.type": type,
    ...optional("lifeline.condition.status", last?.value || undefined),
    ...optional("lifeline.condition.reason", last?.reason || undefined),
  };
}

/** Each phase that was left, and the one that it was in at the end if that was no moment ago. */
function phaseStages(ended: EndedWork, marks: Ordered, window: Window): readonly Stage[] {
  const its = marks.filter(({ about }) => about === "phase");
  const timed = its.filter(isTimed);
  if (timed.length === 0) return [];
  const initial = its.find(({ at }) => at === undefined);
  const steps = [
    { value: initial?.value ?? "", timeMs: window.startMs, at: ended.work.start },
    ...timed,
    { value: "", timeMs: window.endMs, at: ended.end },
  ];
  return steps.slice(0, -1).flatMap((from, index) => {
    const to = steps[index + 1] ?? from;
    const isLast = index === steps.length - 2;
    if (from.value === "" || (isLast && to.timeMs === from.timeMs)) return [];
    return [
      {
        name: `phase ${from.value}`,
        startMs: from.timeMs,
        start: from.at,
        endMs: to.timeMs,
        end: to.at,
        attributes: { "lifeline.stage": "phase", "lifeline.phase": from.value },
        events: [],
      },
    ];
  });
}

function finalizerStages(ended: EndedWork, marks: Ordered, window: Window): readonly Stage[] {
  return groups(marks, "finalizer").map(([name, its]) => {
    const gone = its.find(isTimed);
    return {
      name: `finalizer ${name}`,
      startMs: window.startMs,
      start: ended.work.start,
      endMs: gone?.timeMs ?? window.endMs,
      end: gone?.at ?? ended.end,
      attributes: { "lifeline.stage": "finalizer", "lifeline.finalizers": [name] },
      events: [],
    };
  });
}

/** What happened to conditions that have no good state, and so no span, and to a health without conditions. */
function rootEvents(marks: Ordered): readonly SpanEvent[] {
  return marks.filter(isTimed).flatMap((mark) => {
    if (mark.about === "health") return [healthEvent(mark)];
    const isNeutral = mark.about === "condition" && !hasGoodState(mark.name);
    return isNeutral ? [conditionEvent(mark)] : [];
  });
}

function conditionEvent(mark: TimedMark): SpanEvent {
  return {
    timeMs: mark.timeMs,
    name: "lifeline.object.condition_changed",
    attributes: {
      "lifeline.condition.type": mark.name,
      ...optional("lifeline.condition.status", mark.value || undefined),
      ...optional("lifeline.condition.reason", mark.reason || undefined),
    },
  };
}

function healthEvent(mark: TimedMark): SpanEvent {
  return {
    timeMs: mark.timeMs,
    name: "lifeline.object.health_changed",
    attributes: {
      "lifeline.health": mark.value,
      ...optional("lifeline.health.reason", mark.reason || undefined),
    },
  };
}

/** Of work that came to its goal the last condition that turned good, else those that never did. */
function waitingFor({ outcome }: EndedWork, marks: Ordered): string | undefined {
  const all = groups(marks, "condition");
  if (outcome !== "current") {
    const bad = all.filter(([type, its]) => isAwaited(type, its.at(-1)?.value ?? ""));
    const names = bad.map(([type]) => type).join(", ");
    return names === "" ? undefined : cutUtf8(names, VALUE_MAX_BYTES);
  }
  const good = all.flatMap(([type, its]) => {
    const last = its.at(-1);
    return last !== undefined && isTimed(last) && hasGoodState(type) && !isAwaited(type, last.value)
      ? [last]
      : [];
  });
  return good.toSorted((a, b) => b.timeMs - a.timeMs)[0]?.name;
}

/** By name, in the order of their first marks. */
function groups(
  marks: Ordered,
  about: Mark["about"],
): readonly (readonly [name: string, marks: Ordered])[] {
  const its = marks.filter((mark) => mark.about === about);
  // Most work has but conditions.
  return its.length === 0 ? [] : [...Map.groupBy(its, ({ name }) => name)];
}

function isTimed(mark: Ordered[number]): mark is TimedMark {
  return mark.timeMs !== undefined;
}

/** Children of the same name are told apart by their order. */
function numbered(
  stages: readonly Stage[],
  traceId: string,
  parentSpanId: string,
): readonly Span[] {
  const seen = new Map<string, number>();
  return stages.map((stage) => {
    const ordinal = seen.get(stage.name) ?? 0;
    seen.set(stage.name, ordinal + 1);
    return {
      spanId: spanIdOf(traceId, stage.name, ordinal),
      parentSpanId,
      name: cutUtf8(stage.name, VALUE_MAX_BYTES),
      startMs: stage.startMs,
      endMs: Math.max(stage.startMs, stage.endMs),
      attributes: { ...stage.attributes, ...times(stage.start, stage.end) },
      events: stage.events,
      links: [],
    };
  });
}

/** Which clock the span goes by at either end, which is its own time there, and what the other clock says. */
function times(start: Moment, end: Moment): Attributes {
  const starts = isRecorded(start) ? RECORDED_START : OBSERVED_START;
  const ends = isRecorded(end) ? RECORDED_END : OBSERVED_END;
  const attributes: Record<string, AttributeValue> = {};
  for (const [at, { clock, word, other }] of [
    [start, starts],
    [end, ends],
  ] as const) {
    attributes[clock] = word;
    const otherMs = word === "recorded" ? at.observedMs : at.recordedMs;
    if (otherMs !== undefined) attributes[other] = formatRfc3339(otherMs);
  }
  return attributes;
}

const OBSERVED_START = {
  clock: "lifeline.start",
  word: "observed",
  other: "lifeline.recorded_start",
};
const RECORDED_START = {
  clock: "lifeline.start",
  word: "recorded",
  other: "lifeline.observed_start",
};
const OBSERVED_END = { clock: "lifeline.end", word: "observed", other: "lifeline.recorded_end" };
const RECORDED_END = { clock: "lifeline.end", word: "recorded", other: "lifeline.observed_end" };

function optional(
  name: string,
  value: AttributeValue | undefined,
): Readonly<Record<string, AttributeValue>> {
  return value === undefined ? {} : { [name]: value };
}
