import type { RecordRow, Severity, When } from "./story.ts";

/** Rows of the table in docs/contract.md §4, in its order, each with the severity that stands there. */

/** The health is more than docs/contract.md promises; docs/signals.md has it. */
export function created(health: string, labels?: Labels): RecordRow {
  return {
    action: "created",
    severity: "INFO",
    when: { type: "creationTimestamp" },
    detail: "",
    attributes: { "lifeline.health": health, ...labelsOf(labels) },
  };
}

type Labels = Readonly<Record<string, string>>;

function labelsOf(labels: Labels | undefined): Readonly<Record<string, unknown>> {
  return labels === undefined ? {} : { "lifeline.labels": labels };
}

export type Change = {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
};

export type Written = { readonly by: string; readonly changes: readonly Change[] };

export function updated(written: Written): RecordRow {
  return changeRow("updated", "INFO", written);
}

export function statusUpdated(written: Written): RecordRow {
  return changeRow("status_updated", "DEBUG", written);
}

function changeRow(action: string, severity: Severity, { by, changes }: Written): RecordRow {
  return {
    action,
    severity,
    when: { type: "managedFields" },
    detail: "",
    attributes: {
      "lifeline.change.paths": changes.map(({ path }) => path),
      "lifeline.change.diff": changes,
      "lifeline.change.managers": [by],
    },
  };
}

export type Transition = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message?: string;
  readonly lastTransitionTime: string;
  /** What it was, and since when; absent for a condition that appeared. */
  readonly left?: { readonly status: string; readonly since: string };
  /** Its lastTransitionTime is earlier than the one before. */
  readonly disbelieved?: true;
  readonly severity?: Severity;
};

export function conditionChanged(transition: Transition): RecordRow {
  const { type, status, reason, message, left, lastTransitionTime } = transition;
  return {
    action: "condition_changed",
    severity: transition.severity ?? "INFO",
    when: {
      type: transition.disbelieved === true ? "disbelieved" : "lastTransitionTime",
      time: lastTransitionTime,
    },
    detail: type,
    attributes: {
      "lifeline.condition.type": type,
      "lifeline.condition.status": status,
      "lifeline.condition.reason": reason,
      ...(message === undefined ? {} : { "lifeline.condition.message": message }),
      ...(left === undefined ? {} : { "lifeline.condition.previous_status": left.status }),
    },
    ...(left === undefined ? {} : { duration: { type: "time", time: left.since } }),
  };
}

/** The reason alone: DEBUG, at the time of the write, for nothing has transitioned. */
export function reasonChanged(
  condition: Pick<Transition, "type" | "status" | "reason" | "message">,
): RecordRow {
  const row = conditionChanged({ ...condition, lastTransitionTime: "" });
  return {
    ...row,
    severity: "DEBUG",
    when: { type: "managedFields" },
    attributes: { ...row.attributes, "lifeline.condition.previous_status": condition.status },
  };
}

/** What was left, and the step that had brought it. */
export type Left = { readonly word: string; readonly since: string };

export function phaseChanged(phase: string, left?: Left): RecordRow {
  return {
    action: "phase_changed",
    severity: "INFO",
    when: { type: "managedFields" },
    detail: phase,
    attributes: {
      "lifeline.phase": phase,
      ...(left === undefined ? {} : { "lifeline.previous_phase": left.word }),
    },
    ...(left === undefined ? {} : { duration: { type: "step", step: left.since } }),
  };
}

export type HealthRow = {
  /** As the condition or the phase says it; a pattern's match where the word is ours to choose. */
  readonly reason: unknown;
  readonly left: Left;
  readonly when?: When;
};

export function healthChanged(health: string, { reason, left, when }: HealthRow): RecordRow {
  return {
    action: "health_changed",
    severity: HEALTH_SEVERITY[health] ?? "INFO",
    when: when ?? { type: "managedFields" },
    detail: health,
    attributes: {
      "lifeline.health": health,
      "lifeline.previous_health": left.word,
      "lifeline.health.reason": reason,
    },
    duration: { type: "step", step: left.since },
  };
}

const HEALTH_SEVERITY: Readonly<Record<string, Severity>> = { failed: "ERROR", degraded: "WARN" };

export function deleting(finalizers: readonly string[]): RecordRow {
  return {
    action: "deleting",
    severity: "INFO",
    when: { type: "deletion-request" },
    detail: "",
    attributes: { "lifeline.finalizers": finalizers },
  };
}

/** An object does not say when it went: the time is the time observed. Its age is reckoned by the one who compares. */
export function deleted(lastHealth: string, labels?: Labels): RecordRow {
  return {
    action: "deleted",
    severity: "INFO",
    when: { type: "observed" },
    detail: "",
    attributes: { "lifeline.health": lastHealth, ...labelsOf(labels) },
  };
}
