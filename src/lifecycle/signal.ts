import type { Change } from "../history/change.ts";
import type { Health } from "./health-words.ts";
import type { Memory } from "./memory.ts";

/** The pure fold: what one Change means, given what is remembered of the object (and of its controller owner). */
export type Interpret = (change: Change, memory: Memory | undefined, owner?: Memory) => Outcome;

export type Outcome = {
  readonly memory: Memory;
  /** The object's health after the Change; kept in its row, counted by `lifeline.objects`. */
  readonly health: Health;
  readonly signals: readonly Signal[];
  /** Unix milliseconds at which an `elapsed` Change is wanted even if nothing happens. */
  readonly wakeAtMs?: number;
};

export type Signal = LogSignal | CountSignal;

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
  readonly metric: "lifeline.object.changes";
  readonly attributes: Attributes;
  readonly by: number;
};

/** Attributes in seconds: always doubles, so that a duration that happens to be whole does not change its type. */
export const DOUBLE_ATTRIBUTES: ReadonlySet<string> = new Set([
  "lifeline.duration",
  "lifeline.age",
]);

/** Integers are sent as `int_value` (but for `DOUBLE_ATTRIBUTES`), other numbers as `double_value`, lists as arrays of strings. */
export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One gauge data point without its time: the series is the metric's name and all attributes. */
export type Point = {
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
  /** Besides the identity that all points of the object share. */
  readonly attributes: Attributes;
};

/** All points of one object: `identity` is kind, group, namespace, name (and cluster). */
export type ObjectPoints = { readonly identity: Attributes; readonly points: readonly Point[] };
