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
  const [first = TICKED, ...others] = facts.map(({ eventName }) => actionOf(eventName));
  if (others.length === 0) return [countOf(attributes, first, 1)];
  const counts = new Map([[first, 1]]);
  for (const action of others) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts].map(([action, by]) => countOf(attributes, action, by));
}

function countOf(attributes: Attributes, action: string, by: number): CountSignal {
  return {
    type: "count",
    metric: "lifeline.object.changes",
    attributes: { ...attributes, action },
    by,
  };
}
