import type { Change } from "../history/change.ts";
import type { Assessment } from "./health/assessment.ts";
import { floodDueAtMs } from "./flood-guard.ts";
import type { Memory } from "./memory.ts";
import type { Outcome, Severity } from "./signal.ts";
import { stuckDueAtMs } from "./stuck.ts";
import { workDueAtMs, type WorkLimits } from "./traces/follow-work.ts";
import type { Sampler } from "./traces/sampler.ts";

export type ChangeOf<Type extends Change["type"]> = Extract<Change, { readonly type: Type }>;

export type InterpretOptions = {
  /** `k8s.cluster.name` of the counters. */
  readonly clusterName?: string;
  /** Nobody sends records below it: `status_updated`, half of all, and `updated` are then counted without being made. By default all are made. */
  readonly minimumSeverity?: Severity;
  /** `LIFELINE_STUCK_AFTER`. By default nothing is ever called stuck. */
  readonly stuckAfterMs?: number;
  /** `LIFELINE_TRACE_MAX`, and which traces are sent. By default there are no traces. */
  readonly traces?: TraceOptions | undefined;
};

export type TraceOptions = WorkLimits & { readonly isSampled: Sampler };

/** An object as one Change leaves it. */
export type Standing = { readonly assessment: Assessment; readonly memory: Memory };

/** The part of an Outcome that the present health and memory give: its wake-up is at the first of all that time brings. */
export function standing(
  { assessment, memory }: Standing,
  { stuckAfterMs, traces }: InterpretOptions,
): Pick<Outcome, "memory" | "health" | "wakeAtMs"> {
  const { health } = assessment;
  let wakeAtMs: number | undefined;
  for (const dueAtMs of [
    assessment.wakeAtMs,
    stuckDueAtMs(memory, { health, stuckAfterMs }),
    floodDueAtMs(memory.flood),
    traces && workDueAtMs(memory.work, traces),
  ])
    if (dueAtMs !== undefined) wakeAtMs = Math.min(dueAtMs, wakeAtMs ?? dueAtMs);
  return wakeAtMs === undefined ? { memory, health } : { memory, health, wakeAtMs };
}
