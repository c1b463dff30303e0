import { kindIdentity, type Identity } from "./identity.ts";
import { actionOf } from "./record.ts";
import type { CountSignal, EventName } from "./signal.ts";

/** The action of a write that is no news: only ticking fields, bookkeeping or a condition's message moved. */
const TICKED = "ticked";

/**
 * `lifeline.object.changes`: the facts of one Change by action, whether their records are sent or not; a write without
 * any fact counts as `ticked`.
 */
export function countChanges(
  facts: readonly { readonly eventName: EventName }[],
  identity: Identity,
  clusterName: string | undefined,
): readonly CountSignal[] {
  const counts = new Map<string, number>();
  for (const { eventName } of facts) {
    const action = actionOf(eventName);
    counts.set(action, (counts.get(action) ?? 0) + 1);
  }
  if (counts.size === 0) counts.set(TICKED, 1);
  const attributes = kindIdentity(identity, clusterName);
  return [...counts].map(([action, by]) => ({
    type: "count",
    metric: "lifeline.object.changes",
    attributes: { ...attributes, action },
    by,
  }));
}
