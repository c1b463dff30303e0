import type { KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt } from "../../util/json.ts";
import { cutUtf8 } from "../../util/utf8.ts";
import { isHealthy } from "../health-words.ts";
import type { Memory } from "../memory.ts";
import type { Span, TraceSignal } from "../signal.ts";
import { SPANS_MAX } from "./spans-of.ts";
import { rootName, spanIdOf, traceIdOf } from "./trace-ids.ts";
import { usedMs } from "./work.ts";

/** An object that another one controls, as it is remembered when the other's work ends, and what it controls itself. */
export type FamilyMember = {
  readonly kind: string;
  readonly group: string;
  readonly name: string;
  readonly uid: string;
  readonly memory: Memory;
  readonly children: readonly FamilyMember[];
};

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
 * The owner's trace with a span for each child that worked while it did, which is linked to the child's own trace; below
 * it those of the child's children. Whichever watch told first what: it is read when the owner's work ends.
 */
export function withFamily(trace: TraceSignal, family: readonly FamilyMember[]): TraceSignal {
  const [root, ...stages] = trace.spans;
  const spans = family.flatMap((member) => spansOfMember(member, { trace, parent: root }));
  if (spans.length === 0) return trace;
  return { ...trace, spans: [root, ...[...stages, ...spans].slice(0, SPANS_MAX - 1)] };
}

function spansOfMember(
  member: FamilyMember,
  { trace, parent }: { readonly trace: TraceSignal; readonly parent: Span },
): readonly Span[] {
  const { kind, group, name, uid, memory, children } = member;
  const worked = workedAt(memory);
  if (worked === undefined) return [];
  const began = worked.beganMs ?? parent.startMs;
  const ended = worked.endedMs ?? parent.endMs;
  // What was done before this work began is no part of it.
  if (began < parent.startMs - RESOLUTION_MS && ended <= parent.startMs) return [];
  const startMs = within(parent, began);
  const generation = memory.generation?.value ?? 0;
  const traceId = traceIdOf({ uid, role: "converge", generation, ordinal: "0" });
  const link = { traceId, spanId: spanIdOf(traceId, rootName(kind, "converge"), 0) };
  const span: Span = {
    spanId: spanIdOf(trace.traceId, `child ${uid}`, 0),
    parentSpanId: parent.spanId,
    name: `child ${kind}`,
    startMs,
    endMs: Math.max(startMs, within(parent, ended)),
    attributes: {
      "lifeline.stage": "child",
      "k8s.object.kind": kind,
      "k8s.object.group": group,
      "k8s.object.name": name,
      "k8s.object.uid": uid,
      ...(memory.health === undefined ? {} : { "lifeline.health": memory.health.value }),
    },
    events: [],
    links: [{ ...link, attributes: { "lifeline.role": "converge" } }],
  };
  return [span, ...children.flatMap((child) => spansOfMember(child, { trace, parent: span }))];
}

/**
 * From when to when it last worked, in Unix milliseconds, as far as anybody knows; without an end while it still does.
 * Undefined for what is well and always was: it did nothing that was seen.
 */
function workedAt(
  memory: Memory,
): { readonly beganMs?: number; readonly endedMs?: number } | undefined {
  const { work, generation, health } = memory;
  const open = work?.find(({ role }) => role === "converge");
  if (open !== undefined) return { beganMs: usedMs(open.start) };
  const beganMs = generation?.sinceMs ?? health?.sinceMs;
  if (health === undefined || !isHealthy(health.value))
    return beganMs === undefined ? {} : { beganMs };
  const endedMs = wellSinceMs(memory) ?? beganMs;
  return endedMs === undefined ? undefined : { beganMs: beganMs ?? endedMs, endedMs };
}

/** Of what was well at its first sight its conditions may know. */
function wellSinceMs({ health, conditions }: Memory): number | undefined {
  const turnedMs = conditions.flatMap(({ sinceMs }) => sinceMs ?? []);
  return health?.sinceMs ?? (turnedMs.length === 0 ? undefined : Math.max(...turnedMs));
}

function within({ startMs, endMs }: Span, timeMs: number): number {
  return Math.min(endMs, Math.max(startMs, timeMs));
}
