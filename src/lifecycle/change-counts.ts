import { kindIdentity, type Identity } from "./identity.ts";
import { actionOf } from "./record.ts";
import type { Attributes, CountSignal, EventName } from "./signal.ts";

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
  const attributes = kindIdentity(identity, clusterName);
  const [first, ...others] = facts;
  const action = first === undefined ? TICKED : actionOf(first.eventName);
  if (others.length === 0) return [countOf(attributes, action, 1)];
  const counts = new Map([[action, 1]]);
  for (const { eventName } of others) {
    const other = actionOf(eventName);
    counts.set(other, (counts.get(other) ?? 0) + 1);
  }
  return [...counts].map(([counted, by]) => countOf(attributes, counted, by));
}

function countOf(attributes: Attributes, action: string, by: number): CountSignal {
  return {
    type: "count",
    metric: "lifeline.object.changes",
    attributes: { ...attributes, action },
    by,
  };
}
