import { fieldAt, type JsonMap } from "../../util/json.ts";
import { unreachable } from "../../util/unreachable.ts";
import type { SimulatedCluster } from "../simulated-api-server/simulated-cluster.ts";
import { formatTime } from "../simulated-api-server/written-object.ts";
import type { ConditionState, StoryStep } from "./story-step.ts";

/** Does to the cluster what the step says; conditions get a new lastTransitionTime only when their status turns. */
export function applyStep(cluster: SimulatedCluster, step: StoryStep, nowMs: number): void {
  switch (step.type) {
    case "chapter":
      return;
    case "create": {
      const { spec, ...metadata } = step.input;
      const { resource, ...identity } = step.ref;
      cluster.create(resource, { metadata: { ...identity, ...metadata }, spec }, step.writer);
      return;
    }
    case "update":
      cluster.update(step.ref, step.patch, step.writer);
      return;
    case "status": {
      const object = cluster.get(step.ref);
      const present = conditionsOf(object?.status);
      const stamp = { time: formatTime(nowMs), observedGeneration: object?.metadata.generation };
      const conditions =
        step.conditions.length === 0 ? {} : { conditions: turned(present, step.conditions, stamp) };
      cluster.patchStatus(step.ref, { ...step.status, ...conditions }, step.writer);
      return;
    }
    case "delete":
      cluster.delete(step.ref, step.writer);
      return;
    default:
      unreachable(step);
  }
}

type Stamp = { readonly time: string; readonly observedGeneration: number | undefined };

/** The conditions that are there, those that are reported now replaced or added. */
function turned(
  present: readonly unknown[],
  reported: readonly ConditionState[],
  stamp: Stamp,
): readonly JsonMap[] {
  const byType = new Map(present.map((condition) => [fieldAt(condition, "type"), condition]));
  for (const { type, ...state } of reported) {
    const before = byType.get(type);
    const isSame = fieldAt(before, "status") === state.status;
    const lastTransitionTime = isSame ? fieldAt(before, "lastTransitionTime") : stamp.time;
    const { observedGeneration } = stamp;
    byType.set(type, { type, ...state, lastTransitionTime, observedGeneration });
  }
  return [...byType.values()].filter((condition): condition is JsonMap => condition !== undefined);
}

function conditionsOf(status: unknown): readonly unknown[] {
  const conditions = fieldAt(status, "conditions");
  return Array.isArray(conditions) ? conditions : [];
}
