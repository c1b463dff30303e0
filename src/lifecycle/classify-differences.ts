import type { Difference } from "../history/change.ts";
import { isMap } from "../util/json.ts";
import type { Phase } from "./phase.ts";
import { countTicks, isLearnedTick, isTickingName } from "./ticking.ts";

/** What the differences of one Change are, as far as news goes (docs/contract.md §4). */
export type ClassifiedDifferences = {
  /** Anything but status and bookkeeping: `updated`. */
  readonly updated: readonly Difference[];
  /** Status beyond conditions, phase and ticking fields: `status_updated`. */
  readonly statusUpdated: readonly Difference[];
  /** The next `Memory.ticks`. */
  readonly ticks: Readonly<Record<string, number>>;
};

export type ClassifyOptions = {
  readonly ticks: Readonly<Record<string, number>>;
  /** Of either side of the Change. */
  readonly phase: { readonly before: Phase | undefined; readonly after: Phase | undefined };
};

/** Fields that the API server keeps for itself; a deletion has its own record. */
const BOOKKEEPING: ReadonlySet<string> = new Set([
  "resourceVersion",
  "managedFields",
  "generation",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
]);

type Class = "bookkeeping" | "updated" | "told" | "ticking" | "status";

/** Sorts a Change's differences by the record that tells them; conditions and phase have their own records. */
export function classifyDifferences(
  differences: readonly Difference[],
  options: ClassifyOptions,
): ClassifiedDifferences {
  const updated: Difference[] = [];
  const status: Difference[] = [];
  const news: Difference[] = [];
  const isWholeStatus = differences.some(({ path }) => path.length === 1 && path[0] === "status");
  for (const difference of isWholeStatus ? differences.flatMap(withoutWholeStatus) : differences) {
    const its = classOf(difference, options);
    if (its === "bookkeeping" || its === "ticking") continue;
    news.push(difference);
    if (its === "updated") updated.push(difference);
    else if (its === "status") status.push(difference);
  }
  const ticks = countTicks(options.ticks, news);
  return {
    updated,
    statusUpdated:
      ticks === options.ticks ? status : status.filter(({ path }) => !isLearnedTick(path, ticks)),
    ticks,
  };
}

/** A status that came or went as a whole is one difference; what it holds is sorted field by field. */
function withoutWholeStatus(difference: Difference): readonly Difference[] {
  const { path, before, after } = difference;
  if (path.length !== 1 || path[0] !== "status") return [difference];
  if (isMap(after) && isAbsent(before))
    return Object.entries(after).map(([field, value]) => ({
      path: ["status", field],
      before: undefined,
      after: value,
    }));
  if (isMap(before) && isAbsent(after))
    return Object.entries(before).map(([field, value]) => ({
      path: ["status", field],
      before: value,
      after: undefined,
    }));
  return [difference];
}

function classOf(difference: Difference, options: ClassifyOptions): Class {
  const [root, field = ""] = difference.path;
  if (root === "apiVersion" || root === "kind") return "bookkeeping";
  if (root === "metadata") return BOOKKEEPING.has(field) ? "bookkeeping" : "updated";
  if (root !== "status") return "updated";
  if (isTickingName(difference.path) || isLearnedTick(difference.path, options.ticks))
    return "ticking";
  return isTold(difference, options) ? "told" : "status";
}

/** Whether `condition_changed` or `phase_changed` speaks of it, or would if it were worth a word (a message alone is not). */
function isTold({ path, before, after }: Difference, options: ClassifyOptions): boolean {
  const [, field = "", element] = path;
  if (field === "conditions")
    return element === undefined
      ? isConditionList(before) && isConditionList(after)
      : element.startsWith("[type=");
  const isPhase = field === options.phase.before?.field || field === options.phase.after?.field;
  return path.length === 2 && isPhase && isScalar(before) && isScalar(after);
}

function isConditionList(value: unknown): boolean {
  return (
    isAbsent(value) ||
    (Array.isArray(value) &&
      value.every((entry) => isMap(entry) && typeof entry["type"] === "string"))
  );
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isScalar(value: unknown): boolean {
  return typeof value === "string" || isAbsent(value);
}
