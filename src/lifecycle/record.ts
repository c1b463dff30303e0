import { rememberByName } from "../util/remember-by-name.ts";
import { unreachable } from "../util/unreachable.ts";
import { cutUtf8 } from "../util/utf8.ts";
import type { EventTime } from "./event-time.ts";
import { type Identity, nameForPeople, recordIdentity } from "./identity.ts";
import { recordUid } from "./record-uid.ts";
import type {
  AttributeValue,
  Attributes,
  EventName,
  LogSignal,
  Severity,
  TraceContext,
} from "./signal.ts";

/** docs/contract.md §4: a record is at most 48 KiB in all, which these bounds add up to less than. */
const VALUE_MAX_BYTES = 1_024;
const SENTENCE_MAX_BYTES = 640;
const BODY_MAX_BYTES = 1_024;

/** JSON in one string: bounded by those who make them, for a cut one would not parse. */
const JSON_ATTRIBUTES: ReadonlySet<string> = new Set(["lifeline.change.diff", "lifeline.labels"]);

/** The object that records of one Change are about, prepared once for all of them. */
export type Subject = {
  readonly identity: Identity;
  readonly name: string;
  readonly attributes: Attributes;
  readonly observedAtMs: number;
  /** The trace that its records belong to; asked for where there are any. Absent: they belong to none. */
  readonly trace?: (() => TraceContext) | undefined;
};

/** One fact about an object, before it is a record. */
export type Fact = {
  readonly eventName: EventName;
  readonly severity: Severity;
  readonly when: EventTime;
  /** What follows the object's name: `became Ready=True (DatabaseAvailable) after 42 s`. */
  readonly sentence: string;
  /** The condition type, the phase or the health: what tells apart two facts of one write. */
  readonly detail?: string;
  /**
   * What the fact is known by, besides the object and the action. `object`: it happens once in its life, and a relist
   * sees it at another resourceVersion. `generation`: time alone brought it.
   */
  readonly knownBy: "resourceVersion" | "object" | "generation";
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
};

export function createSubject(
  identity: Identity,
  observedAtMs: number,
  trace?: Subject["trace"],
): Subject {
  return {
    identity,
    name: nameForPeople(identity),
    attributes: recordIdentity(identity),
    observedAtMs,
    trace,
  };
}

/** The record of one fact, within the bounds of docs/contract.md §4; attributes that are `undefined` are left out. */
export function makeRecord(subject: Subject, fact: Fact): LogSignal {
  const { identity, observedAtMs } = subject;
  const { eventName, severity, when } = fact;
  const record: Writable<LogSignal> = {
    type: "log",
    eventName,
    severity,
    timeMs: when.timeMs,
    observedTimeMs: observedAtMs,
    body: bodyOf(subject, fact.sentence),
    attributes: attributesOf(subject, fact),
  };
  const trace = subject.trace?.();
  if (identity.namespace !== undefined) record.namespace = identity.namespace;
  if (trace !== undefined) record.trace = trace;
  return record;
}

type Writable<Data> = { -readonly [Name in keyof Data]: Data[Name] };

function bodyOf({ name, identity }: Subject, sentence: string): string {
  const said = cutUtf8(sentence, SENTENCE_MAX_BYTES);
  return cutUtf8(`${name} ${said}, at resourceVersion ${identity.resourceVersion}`, BODY_MAX_BYTES);
}

function attributesOf({ attributes: shared, identity }: Subject, fact: Fact): Attributes {
  const action = actionOf(fact.eventName);
  const attributes: Record<string, AttributeValue> = {
    ...shared,
    "lifeline.action": action,
    "log.record.uid": recordUid(uidParts(identity, fact, action)),
  };
  if (fact.when.original !== undefined)
    attributes["lifeline.event_time"] = bounded("lifeline.event_time", fact.when.original);
  for (const name in fact.attributes) {
    const value = fact.attributes[name];
    if (value !== undefined) attributes[name] = bounded(name, value);
  }
  return attributes;
}

/** `lifeline.action`: the last part of the EventName, for stores that drop EventNames. */
export const actionOf: (eventName: EventName) => string = rememberByName((eventName) =>
  eventName.slice(eventName.lastIndexOf(".") + 1),
);

function uidParts(identity: Identity, fact: Fact, action: string): readonly string[] {
  const detail = fact.detail ?? "";
  switch (fact.knownBy) {
    case "resourceVersion":
      return [identity.uid, identity.resourceVersion, action, detail];
    case "generation":
      return [identity.uid, String(identity.generation ?? ""), action, detail];
    case "object":
      return [identity.uid, action, detail];
    default:
      return unreachable(fact.knownBy);
  }
}

function bounded(name: string, value: AttributeValue): AttributeValue {
  if (typeof value !== "string" || JSON_ATTRIBUTES.has(name)) return value;
  return cutUtf8(value, VALUE_MAX_BYTES);
}
