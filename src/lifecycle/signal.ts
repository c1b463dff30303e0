import type { Change } from "../history/change.ts";
import type { Health } from "./health-words.ts";
import type { Memory } from "./memory.ts";
import type { GoneChild } from "./traces/work.ts";
import type { EndedWork } from "./traces/work-step.ts";

/** The pure fold: what one Change means, given what is remembered of the object. */
export type Interpret = (change: Change, memory: Memory | undefined) => Outcome;

export type Outcome = {
  readonly memory: Memory;
  /** The object's health after the Change; kept in its row, counted by `lifeline.objects`. */
  readonly health: Health;
  readonly signals: readonly Signal[];
  /** Unix milliseconds at which an `elapsed` Change is wanted even if nothing happens. */
  readonly wakeAtMs?: number;
  /** Of an object that is gone: the work that ended with it, for the traces of its owners; absent where there are no traces. */
  readonly ended?: readonly EndedWork[];
};

export type Signal = LogSignal | TraceSignal | CountSignal | DurationSignal;

/** Which trace a record belongs to, known before that trace is sent. Ids in lower-case hex. */
export type TraceContext = {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
};

/** One log record, in the shape of OTLP's data model but for encoding. */
export type LogSignal = {
  readonly type: "log";
  /** Static, such as `lifeline.object.created`: never with values in it. */
  readonly eventName: EventName;
  readonly severity: Severity;
  /** Unix milliseconds: when it happened by the cluster's clock, else as observed (docs/contract.md §4). */
  readonly timeMs: number;
  /** Unix milliseconds: when we saw it; fixed once. */
  readonly observedTimeMs: number;
  /** One sentence for people. */
  readonly body: string;
  /** The object's namespace: an attribute of the OTLP resource, not of the record. */
  readonly namespace?: string;
  readonly attributes: Attributes;
  readonly trace?: TraceContext;
};

/** One finished piece of work, sampled: all of its spans, the root first. */
export type TraceSignal = {
  readonly type: "trace";
  readonly traceId: string;
  /** The object's namespace: an attribute of the OTLP resource. */
  readonly namespace?: string;
  readonly spans: readonly [Span, ...Span[]];
  /** The children that went meanwhile, until `withFamily` made spans of them. */
  readonly gone?: readonly GoneChild[];
};

/** One span, in the shape of OTLP's data model but for encoding; of kind INTERNAL. Times in Unix milliseconds. */
export type Span = {
  readonly spanId: string;
  /** Absent for the root. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  /** Status Error with this message; absent: Unset. */
  readonly error?: string;
};

export type SpanEvent = {
  readonly timeMs: number;
  readonly name: EventName;
  readonly attributes: Attributes;
};

export type SpanLink = {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
};

export type EventName =
  | "lifeline.object.created"
  | "lifeline.object.updated"
  | "lifeline.object.status_updated"
  | "lifeline.object.condition_changed"
  | "lifeline.object.phase_changed"
  | "lifeline.object.health_changed"
  | "lifeline.object.stuck"
  | "lifeline.object.deleting"
  | "lifeline.object.deleted"
  | "lifeline.object.observed"
  | "lifeline.object.hot"
  | "lifeline.synced"
  | "lifeline.watch.stale";

/** OpenTelemetry's SeverityText; the numbers are 5, 9, 13 and 17. */
export type Severity = "DEBUG" | "INFO" | "WARN" | "ERROR";

/** Adds to one of our own cumulative counters, in the commit that the Change belongs to. */
export type CountSignal = {
  readonly type: "count";
  readonly metric: "lifeline.object.changes" | "lifeline.object.transitions";
  readonly attributes: Attributes;
  readonly by: number;
};

/** Adds to one of our own cumulative histograms, in the commit that the Change belongs to. */
export type DurationSignal = {
  readonly type: "duration";
  readonly metric: "lifeline.object.phase.duration" | "lifeline.object.convergence.duration";
  readonly attributes: Attributes;
  readonly durationMs: number;
  /** Unix milliseconds at which it was over. */
  readonly atMs: number;
  /** The trace that tells it, where there is one. */
  readonly trace?: TraceContext;
};

/** Attributes in seconds: always doubles, so that a duration that happens to be whole does not change its type. */
export const DOUBLE_ATTRIBUTES: ReadonlySet<string> = new Set([
  "lifeline.duration",
  "lifeline.age",
]);

/** Integers are sent as `int_value` (but for `DOUBLE_ATTRIBUTES`), other numbers as `double_value`, lists as arrays of strings. */
export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What is measured, and what tells it apart from all else that is measured of the same object. */
export type Series = {
  readonly metric: string;
  readonly unit: string;
  /** Besides the identity that all series of the object share. */
  readonly attributes: Attributes;
};

/** One gauge data point without its time. */
export type Point = Series & { readonly value: number };

/**
 * All series of one object, and the value of each at the same place: of thousands of objects they are held for seconds, and
 * most series are one and the same for all. `identity` is kind, group, namespace, name (and cluster).
 */
export type ObjectPoints = {
  readonly identity: Attributes;
  readonly series: readonly Series[];
  readonly values: readonly number[];
};
