import { createHash } from "node:crypto";
import { type Gadget, healthOf, SPEC_PATHS, STATUS_PATHS, type ValuePath } from "./gadget.ts";

/** One thing that happened to a gadget, and what its record must say. */
export type Fact = {
  /** `log.record.uid`, computed here on its own (docs/contract.md §4). */
  readonly recordUid: string;
  readonly objectUid: string;
  readonly name: string;
  readonly action: string;
  /** What the record must have; `undefined`: what it must not have. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** `lifeline.change.diff`, in any order. */
  readonly diff?: readonly ValueChange[];
  /** Timestamp in Unix milliseconds, where the object itself states it. */
  readonly timeMs?: number;
};

type ValueChange = { readonly path: string; readonly before?: unknown; readonly after?: unknown };

/** How often `status.checkedAt` changed alone; three times running and it is known to tick. */
export type Ticks = number;
const LEARNED_AFTER = 3;

/** What a first look tells of one that stands there. */
export function observedFact(gadget: Gadget): Fact {
  return versioned(gadget, "observed", { attributes: { "lifeline.health": healthOf(gadget) } });
}

/** What is told of one that was created while somebody looked, or was supposed to: all that it has by then. */
export function createdFacts(gadget: Gadget): readonly Fact[] {
  const { phase, ready, isDeleting } = gadget;
  const health = healthOf(gadget);
  const attributes = { "lifeline.health": health };
  const created = factOf(gadget, {
    action: "created",
    recordUid: uidOf([gadget.uid, "created", ""]),
    attributes,
  });
  const facts: Fact[] = [{ ...created, timeMs: gadget.createdAtMs }];
  if (ready !== undefined) facts.push(conditionFact(gadget, undefined));
  if (phase !== undefined) facts.push(phaseFact(gadget, undefined));
  if (health === "failed" || health === "degraded") facts.push(healthFact(gadget, undefined));
  if (isDeleting) facts.push(versioned(gadget, "deleting", { attributes: {} }));
  return facts;
}

/** What is told of one that is gone; `last` as it was known, or as the event of its end showed it. */
export function deletedFact(
  last: Gadget,
  how: { readonly health: string; readonly seen: boolean },
): Fact {
  return factOf(last, {
    action: "deleted",
    recordUid: uidOf([last.uid, "deleted", ""]),
    attributes: {
      "lifeline.health": how.health,
      "lifeline.final_state_unknown": how.seen ? undefined : true,
    },
  });
}

/** What one write, or several that are told as one, means; nothing where nothing moved that is anybody's news. */
export function changedFacts(
  before: Gadget,
  after: Gadget,
  ticks: Ticks,
): { readonly facts: readonly Fact[]; readonly ticks: Ticks } {
  const facts: Fact[] = [];
  const updated = changesOf(SPEC_PATHS, before, after);
  if (updated.length > 0) facts.push(updateFact(after, "updated", updated));
  const status = changesOf(STATUS_PATHS, before, after);
  const ticked = countTicks(before, after, ticks);
  const told = status.filter(({ path }) => path !== "status.checkedAt" || ticked.isTold);
  if (told.length > 0) facts.push(updateFact(after, "status_updated", told));
  if (after.isDeleting && !before.isDeleting)
    facts.push(versioned(after, "deleting", { attributes: {} }));
  if (!isSameCondition(before.ready, after.ready)) facts.push(conditionFact(after, before));
  if (before.phase !== after.phase) facts.push(phaseFact(after, before));
  if (healthOf(before) !== healthOf(after)) facts.push(healthFact(after, before));
  return { facts, ticks: ticked.ticks };
}

function countTicks(
  before: Gadget,
  after: Gadget,
  ticks: Ticks,
): { readonly ticks: Ticks; readonly isTold: boolean } {
  const [from, to] = [before.values["status.checkedAt"], after.values["status.checkedAt"]];
  if (from === to) return { ticks, isTold: false };
  if (ticks >= LEARNED_AFTER) return { ticks, isTold: false };
  if (hasCompany(before, after)) return { ticks: 0, isTold: true };
  // A time that came or went did not tick.
  if (from === undefined || to === undefined) return { ticks, isTold: true };
  return { ticks: ticks + 1, isTold: ticks + 1 < LEARNED_AFTER };
}

/** Whether anything but `status.checkedAt` moved with it; what is known to tick by its name is no company. */
function hasCompany(before: Gadget, after: Gadget): boolean {
  const others: readonly ValuePath[] = [...SPEC_PATHS, "status.units"];
  return (
    changesOf(others, before, after).length > 0 ||
    before.phase !== after.phase ||
    before.conditions !== after.conditions
  );
}

function changesOf(
  paths: readonly ValuePath[],
  { values: before }: Gadget,
  { values: after }: Gadget,
): readonly ValueChange[] {
  return paths
    .filter((path) => before[path] !== after[path])
    .map((path) => changeOf(path, before[path], after[path]));
}

/** A side that was not there has no key. */
function changeOf(path: ValuePath, before: unknown, after: unknown): ValueChange {
  if (before === undefined) return { path, after };
  return after === undefined ? { path, before } : { path, before, after };
}

function isSameCondition(before: Gadget["ready"], after: Gadget["ready"]): boolean {
  return before?.status === after?.status && before?.reason === after?.reason;
}

function updateFact(after: Gadget, action: string, diff: readonly ValueChange[]): Fact {
  return { ...versioned(after, action, { attributes: {} }), diff };
}

function conditionFact(after: Gadget, before: Gadget | undefined): Fact {
  return versioned(after, "condition_changed", {
    detail: "Ready",
    attributes: {
      "lifeline.condition.type": "Ready",
      "lifeline.condition.status": after.ready?.status,
      "lifeline.condition.previous_status": before?.ready?.status,
      "lifeline.condition.reason": after.ready?.reason,
    },
  });
}

function phaseFact(after: Gadget, before: Gadget | undefined): Fact {
  return versioned(after, "phase_changed", {
    detail: after.phase ?? "",
    attributes: { "lifeline.phase": after.phase, "lifeline.previous_phase": before?.phase },
  });
}

function healthFact(after: Gadget, before: Gadget | undefined): Fact {
  const health = healthOf(after);
  return versioned(after, "health_changed", {
    detail: health,
    attributes: {
      "lifeline.health": health,
      "lifeline.previous_health": before && healthOf(before),
    },
  });
}

/** One that is known by the write that brought it. */
function versioned(
  gadget: Gadget,
  action: string,
  { detail = "", attributes }: { readonly detail?: string } & Pick<Fact, "attributes">,
): Fact {
  const recordUid = uidOf([gadget.uid, String(gadget.version), action, detail]);
  return factOf(gadget, { action, recordUid, attributes });
}

function factOf(
  { uid, name, version }: Gadget,
  { action, recordUid, attributes }: Pick<Fact, "action" | "recordUid" | "attributes">,
): Fact {
  return {
    recordUid,
    objectUid: uid,
    name,
    action,
    attributes: {
      "k8s.object.name": name,
      "k8s.object.uid": uid,
      "k8s.object.resource_version": String(version),
      "lifeline.action": action,
      "lifeline.collapsed": undefined,
      ...attributes,
    },
  };
}

function uidOf(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 32);
}
