import { formatFieldPath } from "../../util/field-path.ts";
import { changeAttributes } from "../change-attributes.ts";
import { eventTime } from "../event-time.ts";
import { type Collapsed, GUARDED_EVENTS, type GuardedEvent, type Held } from "../flood-guard.ts";
import { remainingDifferences } from "../net-differences.ts";
import { makeRecord, type Subject } from "../record.ts";
import type { Attributes, LogSignal } from "../signal.ts";
import { byWrites } from "./hot.ts";
import { namedDifferences, namedManagers, SEVERITY_OF } from "./updated.ts";

/** Tells it from the record that another replica, whose guard did not bite, made of the same write. */
const DETAIL = "collapsed";

/** One `updated` and one `status_updated` for all that were withheld, as far as there are any; of the object as the last write left it. */
export function collapsedRecords(
  subject: Subject,
  collapsed: Collapsed | undefined,
): readonly LogSignal[] {
  if (collapsed === undefined) return [];
  const managers = byWrites(collapsed.writers).map(([manager]) => manager);
  return GUARDED_EVENTS.flatMap((event) => {
    const held = collapsed.held[event];
    return held === undefined ? [] : [collapsedRecord(subject, { event, held, managers })];
  });
}

type Told = {
  readonly event: GuardedEvent;
  readonly held: Held;
  readonly managers: readonly string[];
};

function collapsedRecord(subject: Subject, { event, held, managers }: Told): LogSignal {
  return makeRecord(subject, {
    eventName: event,
    severity: SEVERITY_OF[event],
    when: eventTime(undefined, subject.observedAtMs),
    sentence: `${sentenceOf(held)}${namedManagers(managers)}`,
    detail: DETAIL,
    knownBy: "resourceVersion",
    attributes: { ...netAttributes(held, managers), "lifeline.collapsed": held.count },
  });
}

/** `changed 40 times, in all spec.replicas 3 → 5`. */
function sentenceOf({ count, net }: Held): string {
  const times = `changed ${count} ${count === 1 ? "time" : "times"}`;
  const remaining = remainingDifferences(net);
  if (remaining.length > 0) return `${times}, in all ${namedDifferences(remaining)}`;
  return net.isCut ? times : `${times} and is again as it was`;
}

/** All paths that moved, and of those that did not move back, from where to where. */
function netAttributes({ net }: Held, managers: readonly string[]): Attributes {
  return {
    ...changeAttributes(remainingDifferences(net), managers),
    "lifeline.change.paths": net.entries.map(({ path }) => formatFieldPath(path)),
    ...(net.isCut ? { "lifeline.change.truncated": true } : {}),
  };
}
