import { parseRfc3339Ms } from "../util/rfc3339.ts";
import type { AppearanceCause } from "./change.ts";

/** An event of an older object than this is its first that made sense to us; clocks do not differ by as much. */
const EVENT_SLACK_MS = 3_600_000;

/** Our clock and the cluster's may differ by this much before a new object is taken for an old one. */
const CLOCK_SLACK_MS = 60_000;

export type Appearance = {
  /** The watch has completed a look before, in this process or by what its row says. */
  readonly hasHistory: boolean;
  /** The object came with a list, not as an event. */
  readonly inResync: boolean;
  /** An object may come into the view of a selector long after it was created. */
  readonly hasSelector: boolean;
  readonly creationTimestamp: string | undefined;
  /** Unix milliseconds: until when the watch knew of everything in its view. */
  readonly lastLookedAtMs: number | undefined;
};

/** Why an object of which nothing was known is seen now. */
export function decideAppearance(appearance: Appearance): AppearanceCause {
  const { hasHistory, lastLookedAtMs } = appearance;
  if (!hasHistory || lastLookedAtMs === undefined) return "first-look";
  const isPlainEvent = !appearance.inResync && !appearance.hasSelector;
  const createdAtMs = parseRfc3339Ms(appearance.creationTimestamp);
  if (createdAtMs === undefined) return isPlainEvent ? "created" : "entered-view";
  const slackMs = isPlainEvent ? EVENT_SLACK_MS : CLOCK_SLACK_MS;
  return createdAtMs >= lastLookedAtMs - slackMs ? "created" : "entered-view";
}
