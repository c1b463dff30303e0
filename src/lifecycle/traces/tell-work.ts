import type { KubeObject } from "../../cluster/kube-object.ts";
import { cutUtf8 } from "../../util/utf8.ts";
import type { Assessment } from "../health/assessment.ts";
import { type Identity, identityAt, kindIdentity } from "../identity.ts";
import type {
  Attributes,
  AttributeValue,
  DurationSignal,
  SpanLink,
  TraceContext,
  TraceSignal,
} from "../signal.ts";
import { contextLinks } from "./context-links.ts";
import { isTold } from "./follow-work.ts";
import type { Sampler } from "./sampler.ts";
import { spansOf } from "./spans-of.ts";
import { rootName, spanIdOf, traceIdOf } from "./trace-ids.ts";
import { type Role, usedMs, type Work } from "./work.ts";
import type { EndedWork } from "./work-step.ts";

const VALUE_MAX_BYTES = 1_024;

/** What ended, and the object as it was then. */
export type WorkEnd = {
  readonly object: KubeObject;
  readonly identity: Identity;
  readonly assessment: Pick<Assessment, "health" | "reason" | "message">;
  readonly clusterName: string | undefined;
  readonly finalStateUnknown?: boolean;
};

/** The trace of that work, and how long it took; nothing of work that showed nothing, or that was over when it began. */
export function tellWork(
  ended: EndedWork,
  about: WorkEnd,
  isSampled: Sampler,
): readonly (TraceSignal | DurationSignal)[] {
  const { work, outcome, end } = ended;
  const tookMs = usedMs(end) - usedMs(work.start);
  // What was over at its first sight says nothing of how long it took.
  if (!isTold(work, outcome) || (outcome === "current" && tookMs <= 0)) return [];
  const { identity } = about;
  const trace = contextOf(identity, work, isSampled);
  const signals: (TraceSignal | DurationSignal)[] = [];
  if (work.role === "converge" && outcome !== "timed_out")
    signals.push(convergence(ended, about, trace));
  if (trace.isSampled) signals.push(traceOf(ended, about, trace));
  return signals;
}

/** The trace that a record belongs to: of what goes on, else of the generation that it is about. */
export function recordContext(
  identity: Identity,
  of: { readonly work: readonly Work[] | undefined; readonly generation: number | undefined },
  isSampled: Sampler,
): TraceContext {
  const work = of.work?.find(({ role }) => role !== "converge") ?? of.work?.[0];
  return contextOf(identity, work ?? convergeOf(of.generation), isSampled);
}

function contextOf(
  { uid, kind }: Identity,
  { role, generation, ordinal }: Pick<Work, "role" | "generation" | "ordinal">,
  isSampled: Sampler,
): TraceContext {
  const traceId = traceIdOf({ uid, role, generation, ordinal });
  const spanId = spanIdOf(traceId, rootName(kind, role), 0);
  return { traceId, spanId, isSampled: isSampled(traceId) };
}

function convergeOf(generation: number | undefined): {
  readonly role: Role;
  readonly generation: number;
  readonly ordinal: string;
} {
  return { role: "converge", generation: generation ?? 0, ordinal: "0" };
}

function convergence(
  { work, outcome, end }: EndedWork,
  { identity, clusterName }: WorkEnd,
  trace: TraceContext,
): DurationSignal {
  const endMs = usedMs(end);
  return {
    type: "duration",
    metric: "lifeline.object.convergence.duration",
    attributes: {
      ...kindIdentity({ kind: identity.kind, group: identity.group }, clusterName),
      outcome,
    },
    durationMs: Math.max(0, endMs - usedMs(work.start)),
    atMs: endMs,
    ...(trace.isSampled ? { trace } : {}),
  };
}

function traceOf(ended: EndedWork, about: WorkEnd, { traceId, spanId }: TraceContext): TraceSignal {
  const { identity, object } = about;
  const { role, gone } = ended.work;
  const spans = spansOf(ended, {
    traceId,
    rootName: rootName(identity.kind, role),
    rootId: spanId,
    attributes: rootAttributes(ended, about),
    links: [...generationLink(ended.work, identity), ...contextLinks(object)],
    error: about.assessment.message,
  });
  const { namespace } = identity;
  return {
    type: "trace",
    traceId,
    spans,
    ...(namespace === undefined ? {} : { namespace }),
    ...(gone === undefined ? {} : { gone }),
  };
}

function rootAttributes({ work, outcome }: EndedWork, about: WorkEnd): Attributes {
  const { identity, assessment, finalStateUnknown } = about;
  const generation = work.generation === 0 ? undefined : work.generation;
  return {
    ...identityAt(identity, generation),
    "lifeline.role": work.role,
    // What the object looks like once another generation has begun is that one's.
    ...(outcome === "superseded" ? {} : healthOf(assessment)),
    ...(finalStateUnknown === true ? { "lifeline.final_state_unknown": true } : {}),
  };
}

function healthOf({ health, reason }: WorkEnd["assessment"]): Record<string, AttributeValue> {
  return {
    "lifeline.health": health,
    ...(reason === "" ? {} : { "lifeline.health.reason": cutUtf8(reason, VALUE_MAX_BYTES) }),
  };
}

/** A deletion or a disruption points at the work of the generation that it happened to. */
function generationLink(work: Work, identity: Identity): readonly SpanLink[] {
  if (work.role === "converge") return [];
  const { traceId, spanId } = contextOf(identity, convergeOf(work.of), () => true);
  return [{ traceId, spanId, attributes: { "lifeline.role": "converge" } }];
}
