import type { Difference } from "../history/change.ts";
import { type FieldPath, formatFieldPath } from "../util/field-path.ts";
import { rememberByName } from "../util/remember-by-name.ts";
import { parseRfc3339Ms } from "../util/rfc3339.ts";
import { ownEntry } from "./memory.ts";

type Ticks = Readonly<Record<string, number>>;

/** The names of docs/contract.md §4, anywhere under status: fields that move without meaning anything. */
const TICKING_NAME = /heartbeat|lastupdate|lastsync|lastprobe|lastchecked|lastrefresh|observedat/i;
/** List elements (`[name=heartbeat]`) are no field names. */
const isTicking = rememberByName(
  (segment) => !segment.startsWith("[") && TICKING_NAME.test(segment),
);

/** So often running must a time change alone until it is known to tick; that time is no news already. */
const LEARNED_AFTER = 3;

/** Bounds of what is remembered about one object's ticks. */
const TICKS_MAX = 16;
const PATH_MAX_LENGTH = 200;

/** Whether a field's name says that it ticks. */
export function isTickingName(path: FieldPath): boolean {
  return path[0] === "status" && path.some((segment, depth) => depth > 0 && isTicking(segment));
}

/** Whether this object's status field has been seen to tick. */
export function isLearnedTick(path: FieldPath, ticks: Ticks): boolean {
  return !isEmpty(ticks) && (ownEntry(ticks, formatFieldPath(path)) ?? 0) >= LEARNED_AFTER;
}

/**
 * What is remembered after a Change whose `differences` (bookkeeping and fields known to tick aside) are these.
 *
 * A time that is the only one of them has changed alone once more; one that changed in company starts over, unless it
 * is learned: that stays. What a Change does not touch keeps its count.
 */
export function countTicks(ticks: Ticks, differences: readonly Difference[]): Ticks {
  const [first, ...others] = differences;
  if (first === undefined) return ticks;
  if (others.length === 0)
    return isTime(first) ? remember(ticks, formatFieldPath(first.path)) : ticks;
  if (isEmpty(ticks)) return ticks;
  const counted = new Set(Object.keys(ticks));
  const forgotten = new Set(
    differences.map(({ path }) => formatFieldPath(path)).filter((path) => counted.has(path)),
  );
  if (forgotten.size === 0) return ticks;
  return Object.fromEntries(Object.entries(ticks).filter(([path]) => !forgotten.has(path)));
}

/** Most objects have none: then no path needs to be spelt out. */
function isEmpty(ticks: Ticks): boolean {
  return Object.keys(ticks).length === 0;
}

function isTime({ path, before, after }: Difference): boolean {
  return (
    path[0] === "status" &&
    parseRfc3339Ms(before) !== undefined &&
    parseRfc3339Ms(after) !== undefined
  );
}

function remember(ticks: Ticks, path: string): Ticks {
  if (path.length > PATH_MAX_LENGTH) return ticks;
  const count = Math.min(LEARNED_AFTER, (ownEntry(ticks, path) ?? 0) + 1);
  const entries = Object.entries(ticks).filter(([known]) => known !== path);
  if (entries.length >= TICKS_MAX) {
    // Make room by forgetting one that is not learned yet; if all are, this one is never learned.
    const oldest = entries.findIndex(([, seen]) => seen < LEARNED_AFTER);
    if (oldest === -1) return ticks;
    entries.splice(oldest, 1);
  }
  entries.push([path, count]);
  return Object.fromEntries(entries);
}
