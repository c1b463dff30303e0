import type { KubeObject } from "../../cluster/kube-object.ts";
import { formatRfc3339 } from "../../util/format-rfc3339.ts";
import { fieldAt } from "../../util/json.ts";
import { cutUtf8 } from "../../util/utf8.ts";
import { isHealthy } from "../health-words.ts";
import type { Memory } from "../memory.ts";
import type { Attributes, AttributeValue, Span, SpanLink, TraceSignal } from "../signal.ts";
import { SPANS_MAX } from "./spans-of.ts";
import { rootName, spanIdOf, traceIdOf } from "./trace-ids.ts";
import {
  type GoneChild,
  isRecorded,
  isRecovery,
  type Moment,
  type PastWork,
  type Role,
  usedMs,
  type Work,
} from "./work.ts";

/** An object that another one controls, as it is remembered when the other's work ends, and what it controls itself. */
export type FamilyMember = Named & {
  readonly memory: Memory;
  readonly children: readonly FamilyMember[];
};

type Named = Pick<GoneChild, "kind" | "group" | "name" | "uid">;

/** The same, or one that is gone. */
type Relative = Named & {
  readonly health: string | undefined;
  /** When it was gone; absent for those that are there. */
  readonly goneAt: Moment | undefined;
  readonly stretches: readonly Stretch[];
  readonly children: Relative[];
};

/** A time that a span begins or ends at, and what the span says of it. */
type Edge = { readonly timeMs: number; readonly says: Attributes };

/** A while that a member worked, and in which trace of its own that is told; without an end while it still does. */
type Stretch = {
  readonly role: Role;
  readonly generation: number;
  readonly ordinal: string;
  readonly start: Edge | undefined;
  readonly end: Edge | undefined;
};

/** A part of the owner's work. */
type Extent = { readonly start: Edge; readonly end: Edge };

/** The spans of a member and of all below it, its own first. */
type Branch = Extent & { readonly spans: readonly Span[] };

/** Kubernetes' own times are whole seconds, cut: what was made by this work may seem a moment older than it. */
const RESOLUTION_MS = 2_000;
/** As a name of Kubernetes at the longest. */
const UID_MAX_BYTES = 128;

/** The UID of the owner that controls the object, empty where none does. */
export function controllerUid(object: KubeObject): string {
  const references: unknown = object.metadata.ownerReferences;
  if (!Array.isArray(references)) return "";
  const controller: unknown = references.find((one) => fieldAt(one, "controller") === true);
  const uid = fieldAt(controller, "uid");
  return typeof uid === "string" ? cutUtf8(uid, UID_MAX_BYTES) : "";
}

/** Whether a trace tells of the family: only the work on a generation has others work for it. */
export function hasFamily({ spans: [root] }: TraceSignal): boolean {
  return root.attributes["lifeline.role"] === "converge";
}

/**
 * The owner's trace with a span for each child that worked while it did, or whose children did, which is linked to the
 * child's own traces; below it those of the child's children. Whichever watch told first what: it is read when the
 * owner's work ends.
 */
export function withFamily(told: TraceSignal, family: readonly FamilyMember[]): TraceSignal {
  const { gone = [], ...trace } = told;
  const [root, ...stages] = trace.spans;
  const spans = branchesOf(relativesOf(family, gone), { trace, parent: root }).flatMap(
    (branch) => branch.spans,
  );
  if (spans.length === 0) return trace;
  return { ...trace, spans: [root, ...[...stages, ...spans].slice(0, SPANS_MAX - 1)] };
}

/** Those that are gone below whom they belonged to, where that is known still. */
function relativesOf(
  family: readonly FamilyMember[],
  gone: readonly GoneChild[],
): readonly Relative[] {
  const byUid = new Map<string, Relative>();
  const relatives = family.map((member) => living(member, byUid));
  const lost = gone
    .filter(({ uid }) => !byUid.has(uid))
    .map(({ owner, at, past, ...named }) => {
      const about = { health: undefined, goneAt: at, stretches: past.map(pastStretch) };
      return { owner, relative: { ...named, ...about, children: [] } };
    });
  for (const { relative } of lost) byUid.set(relative.uid, relative);
  for (const { owner, relative } of lost) (byUid.get(owner)?.children ?? relatives).push(relative);
  return relatives;
}

function living(
  { kind, group, name, uid, memory, children }: FamilyMember,
  byUid: Map<string, Relative>,
): Relative {
  const relative: Relative = {
    kind,
    group,
    name,
    uid,
    health: memory.health?.value,
    goneAt: undefined,
    stretches: stretchesOf(memory),
    children: children.map((child) => living(child, byUid)),
  };
  byUid.set(uid, relative);
  return relative;
}

type Place = { readonly trace: TraceSignal; readonly parent: Pick<Span, "spanId"> };

/** In the order in which they began, for the first are told of those that are too many. */
function branchesOf(members: readonly Relative[], place: Place): readonly Branch[] {
  return members
    .flatMap((member) => branchOf(member, place) ?? [])
    .toSorted((a, b) => a.start.timeMs - b.start.timeMs);
}

function branchOf(member: Relative, { trace, parent }: Place): Branch | undefined {
  const { kind, group, name, uid, health, goneAt } = member;
  const spanId = spanIdOf(trace.traceId, `child ${uid}`, 0);
  const below = branchesOf(member.children, { trace, parent: { spanId } });
  const [root] = trace.spans;
  const stretches = member.stretches.flatMap((stretch) => {
    const extent = within(root, stretch);
    return extent === undefined ? [] : [{ ...stretch, ...extent }];
  });
  const end = goneAt === undefined ? [] : [endOf(root, goneAt)];
  const extent = hull([...stretches, ...below, ...end]);
  if (extent === undefined) return undefined;
  const span: Span = {
    spanId,
    parentSpanId: parent.spanId,
    name: `child ${kind}`,
    startMs: extent.start.timeMs,
    endMs: extent.end.timeMs,
    attributes: {
      "lifeline.stage": "child",
      "k8s.object.kind": kind,
      "k8s.object.group": group,
      "k8s.object.name": name,
      "k8s.object.uid": uid,
      ...(health === undefined ? {} : { "lifeline.health": health }),
      ...(goneAt === undefined ? {} : { "lifeline.gone": true }),
      ...extent.start.says,
      ...extent.end.says,
    },
    events: [],
    links: stretches.map((stretch) => linkTo(stretch, member)),
  };
  return { ...extent, spans: [span, ...below.flatMap(({ spans }) => spans)] };
}

function linkTo(
  { role, generation, ordinal }: Stretch,
  { uid, kind }: Pick<FamilyMember, "uid" | "kind">,
): SpanLink {
  const traceId = traceIdOf({ uid, role, generation, ordinal });
  const spanId = spanIdOf(traceId, rootName(kind, role), 0);
  return { traceId, spanId, attributes: { "lifeline.role": role } };
}

/** When it worked last, as far as anybody knows. None of what is well and always was: it did nothing that was seen. */
function stretchesOf(memory: Memory): readonly Stretch[] {
  const done = memory.done === undefined ? [] : [pastStretch(memory.done)];
  const open = (memory.work ?? []).filter((one) => !isRecovery(one)).map(openStretch);
  if (open.length > 0) return [...done, ...open];
  const isWell = memory.health !== undefined && isHealthy(memory.health.value);
  if (isWell && done.length > 0) return done;
  return recordedStretch(memory, { isWell, start: done.at(-1)?.start });
}

function pastStretch({ role, generation, start, end }: PastWork): Stretch {
  const edges = { start: edgeAt("start", start), end: edgeAt("end", end) };
  return { role, generation, ordinal: "0", ...edges };
}

function openStretch({ role, generation, ordinal, start }: Work): Stretch {
  return { role, generation, ordinal, start: edgeAt("start", start), end: undefined };
}

/** Of what nobody saw begin or end, what is remembered otherwise; what is not well is not done. */
function recordedStretch(
  memory: Memory,
  { isWell, start }: { readonly isWell: boolean; readonly start: Edge | undefined },
): readonly Stretch[] {
  const { generation, health } = memory;
  const began = start ?? recordedAt("start", generation?.sinceMs ?? health?.sinceMs);
  const of = { role: "converge", generation: generation?.value ?? 0, ordinal: "0" } as const;
  if (!isWell) return [{ ...of, start: began, end: undefined }];
  const endMs = wellSinceMs(memory) ?? began?.timeMs;
  if (endMs === undefined) return [];
  const end = recordedAt("end", endMs);
  return [{ ...of, start: began ?? recordedAt("start", endMs), end }];
}

/** Of what was well at its first sight its conditions may know. */
function wellSinceMs({ health, conditions }: Memory): number | undefined {
  const turnedMs = conditions.flatMap(({ sinceMs }) => sinceMs ?? []);
  return health?.sinceMs ?? (turnedMs.length === 0 ? undefined : Math.max(...turnedMs));
}

/** What of it falls into the owner's work: what was done before that began is no part of it. */
function within(root: Span, { start, end }: Stretch): Extent | undefined {
  const began = start ?? edgeOf(root, "start");
  const ended = end ?? edgeOf(root, "end");
  if (began.timeMs < root.startMs - RESOLUTION_MS && ended.timeMs <= root.startMs) return undefined;
  const from = clipped(root, began, "start");
  const to = clipped(root, ended, "end");
  return { start: from, end: to.timeMs < from.timeMs ? { ...to, timeMs: from.timeMs } : to };
}

/** That it went is all that is known of one whose deletion nobody saw requested. */
function endOf(root: Span, at: Moment): Extent {
  return {
    start: clipped(root, edgeAt("start", at), "start"),
    end: clipped(root, edgeAt("end", at), "end"),
  };
}

/** What was there before begins with the owner's work, and what goes on after it ends with that. */
function clipped(root: Span, edge: Edge, side: Side): Edge {
  if (edge.timeMs < root.startMs) return { ...edgeOf(root, side), timeMs: root.startMs };
  if (edge.timeMs <= root.endMs) return edge;
  // A start behind the end is of a clock that runs ahead.
  return { ...(side === "end" ? edgeOf(root, side) : edge), timeMs: root.endMs };
}

/** From the first to the last of what it did, and of what was done for it. */
function hull(extents: readonly Extent[]): Extent | undefined {
  const [first, ...others] = extents;
  if (first === undefined) return undefined;
  let { start, end } = first;
  for (const other of others) {
    if (other.start.timeMs < start.timeMs) ({ start } = other);
    if (other.end.timeMs > end.timeMs) ({ end } = other);
  }
  return { start, end };
}

type Side = "start" | "end";

/** By which clock it is, and what the other one says. */
function edgeAt(side: Side, moment: Moment): Edge {
  const recorded = isRecorded(moment);
  const otherMs = recorded ? moment.observedMs : moment.recordedMs;
  const other = `lifeline.${recorded ? "observed" : "recorded"}_${side}`;
  return {
    timeMs: usedMs(moment),
    says: {
      [`lifeline.${side}`]: recorded ? "recorded" : "observed",
      ...(otherMs === undefined ? {} : { [other]: formatRfc3339(otherMs) }),
    },
  };
}

/** What an object says of itself, or what is remembered of it: mostly whole seconds. */
function recordedAt(side: Side, timeMs: number | undefined): Edge | undefined {
  return timeMs === undefined ? undefined : { timeMs, says: { [`lifeline.${side}`]: "recorded" } };
}

function edgeOf({ startMs, endMs, attributes }: Span, side: Side): Edge {
  const names = [`lifeline.${side}`, `lifeline.observed_${side}`, `lifeline.recorded_${side}`];
  const says: Record<string, AttributeValue> = {};
  for (const name of names) {
    const value = attributes[name];
    if (value !== undefined) says[name] = value;
  }
  return { timeMs: side === "start" ? startMs : endMs, says };
}
