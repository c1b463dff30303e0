import type { EventName } from "./signal.ts";

/** `stable` from version 1.0 on: then a change of it is a breaking change. */
type Stability = "experimental" | "stable";

export type LogDescription = {
  readonly description: string;
  /** As users read it: the rule, where there is more than one. */
  readonly severity: string;
  /** Besides those in `COMMON_RECORD_ATTRIBUTES`. */
  readonly attributes: readonly string[];
  readonly stability: Stability;
};

export type MetricDescription = {
  readonly kind: "gauge" | "counter" | "histogram";
  /** In UCUM, as OpenTelemetry wants it; empty for none. */
  readonly unit: string;
  readonly description: string;
  /** Besides those in `OBJECT_SERIES_ATTRIBUTES` or, for counts, `SUM_SERIES_ATTRIBUTES`. */
  readonly attributes: readonly string[];
  /** `cluster`: not even by namespace, for a histogram is many series. */
  readonly of: "object" | "kind" | "cluster";
  readonly stability: Stability;
};

export type MetricName =
  | "lifeline.object.info"
  | "lifeline.object.created_time"
  | "lifeline.object.deletion_time"
  | "lifeline.object.generation"
  | "lifeline.object.observed_generation"
  | "lifeline.object.condition"
  | "lifeline.object.condition.transition_time"
  | "lifeline.object.phase"
  | "lifeline.object.health"
  | "lifeline.object.healthy"
  | "lifeline.object.status.<field>"
  | "lifeline.objects"
  | "lifeline.object.changes"
  | "lifeline.object.transitions"
  | "lifeline.object.phase.duration"
  | "lifeline.object.convergence.duration";

/** Upper bounds of the buckets of durations, in seconds (docs/contract.md §5). */
export const DURATION_BOUNDS_S: readonly number[] = [
  1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400,
];

const CHANGE = [
  "lifeline.change.paths",
  "lifeline.change.diff",
  "lifeline.change.truncated",
  "lifeline.change.managers",
];

const EXPERIMENTAL = { stability: "experimental" } as const;

/** All log records that the program makes, in the order of docs/contract.md §4: the source of docs/signals.md. */
export const LOG_RECORDS: Readonly<Record<EventName, LogDescription>> = {
  "lifeline.object.created": {
    description:
      "First seen, and created while or after we last looked. What it was born with is told beside it: its conditions, its phase, a bad health.",
    severity: "INFO",
    attributes: ["lifeline.health", "lifeline.labels"],
    ...EXPERIMENTAL,
  },
  "lifeline.object.updated": {
    description:
      "Anything but status and bookkeeping changed: spec (or data, rules and the like), labels, annotations, owners, finalizers.",
    severity: "INFO",
    attributes: CHANGE,
    ...EXPERIMENTAL,
  },
  "lifeline.object.status_updated": {
    description: "The status changed beyond conditions, phase and ticking fields.",
    severity: "DEBUG",
    attributes: CHANGE,
    ...EXPERIMENTAL,
  },
  "lifeline.object.condition_changed": {
    description:
      "A condition appeared, went, or changed its status or its reason. Of a type that stands twice in the list, the first entry counts.",
    severity:
      "WARN if it turned from good to bad at an unchanged generation, DEBUG if only the reason changed, else INFO",
    attributes: [
      "lifeline.condition.type",
      "lifeline.condition.status",
      "lifeline.condition.previous_status",
      "lifeline.condition.reason",
      "lifeline.condition.message",
      "lifeline.duration",
    ],
    ...EXPERIMENTAL,
  },
  "lifeline.object.phase_changed": {
    description: "`status.phase`, or where there is none `status.state`, changed.",
    severity: "INFO",
    attributes: ["lifeline.phase", "lifeline.previous_phase", "lifeline.duration"],
    ...EXPERIMENTAL,
  },
  "lifeline.object.health_changed": {
    description: "The derived health changed, be it by a write or by time alone.",
    severity: "ERROR for failed, WARN for degraded, else INFO",
    attributes: [
      "lifeline.health",
      "lifeline.previous_health",
      "lifeline.health.reason",
      "lifeline.duration",
    ],
    ...EXPERIMENTAL,
  },
  "lifeline.object.stuck": {
    description:
      "It has been progressing, degraded or failed, and not current or suspended in between, for `LIFELINE_STUCK_AFTER` since its generation began or, if that was later, since it was last current or suspended; of what was so at a first look, since then. Once per generation.",
    severity: "WARN",
    attributes: [
      "lifeline.health",
      "lifeline.health.reason",
      "lifeline.health.message",
      "lifeline.duration",
      "lifeline.stuck.conditions",
      "lifeline.stuck.observed_generation",
    ],
    ...EXPERIMENTAL,
  },
  "lifeline.object.deleting": {
    description: "Deletion was requested.",
    severity: "INFO",
    attributes: ["lifeline.finalizers"],
    ...EXPERIMENTAL,
  },
  "lifeline.object.deleted": {
    description: "The object is gone.",
    severity: "INFO",
    attributes: [
      "lifeline.health",
      "lifeline.age",
      "lifeline.labels",
      "lifeline.final_state_unknown",
    ],
    ...EXPERIMENTAL,
  },
  "lifeline.object.observed": {
    description:
      "Present at a first look, or come into view later (a selector, a right) though old.",
    severity: "INFO",
    attributes: ["lifeline.health", "lifeline.health.reason"],
    ...EXPERIMENTAL,
  },
  "lifeline.object.hot": {
    description:
      "The flood guard bites: more than 20 `updated` and `status_updated` records that would be sent within 10 minutes. From now on one collapsed record of each kind tells what happens in 10 minutes, until there are at most 20 in 10 minutes. Conditions, phases and health are told as ever.",
    severity: "WARN",
    attributes: ["lifeline.hot.records", "lifeline.duration", "lifeline.change.managers"],
    ...EXPERIMENTAL,
  },
  "lifeline.synced": {
    description:
      "A kind's look is complete: the first after a start, or after `lifeline.watch.stale`. It is about a watch: of the common attributes it has the kind, the group, the action and the uid.",
    severity: "INFO",
    attributes: [
      "lifeline.watch.key",
      "lifeline.watch.position",
      "lifeline.shard",
      "lifeline.synced.objects",
      "lifeline.synced.health.current",
      "lifeline.synced.health.progressing",
      "lifeline.synced.health.degraded",
      "lifeline.synced.health.failed",
      "lifeline.synced.health.suspended",
      "lifeline.synced.health.terminating",
      "lifeline.synced.health.unknown",
      "lifeline.synced.observed",
      "lifeline.synced.observed_withheld",
      "lifeline.synced.created",
      "lifeline.synced.updated",
      "lifeline.synced.status_updated",
      "lifeline.synced.condition_changed",
      "lifeline.synced.phase_changed",
      "lifeline.synced.health_changed",
      "lifeline.synced.deleting",
      "lifeline.synced.deleted",
    ],
    ...EXPERIMENTAL,
  },
  "lifeline.watch.stale": {
    description:
      "A watch has given no sign of life (an event, a bookmark, a page of a list, the answer that it is open) for 5 minutes, so that the gauges of its objects, and their counts, are not sent until there is one. Once, until its next complete look, which `lifeline.synced` tells with what changed since. About a watch, like that.",
    severity: "WARN",
    attributes: [
      "lifeline.watch.key",
      "lifeline.watch.position",
      "lifeline.shard",
      "lifeline.duration",
      "lifeline.watch.error",
    ],
    ...EXPERIMENTAL,
  },
};

const GAUGE = { kind: "gauge", of: "object", stability: "experimental" } as const;

/** All metrics about objects, in the order of docs/contract.md §5: the source of docs/signals.md and of each point's unit. */
export const METRICS: Readonly<Record<MetricName, MetricDescription>> = {
  "lifeline.object.info": {
    unit: "{object}",
    description: "Always 1.",
    attributes: ["api_version", "owner_kind", "owner_name"],
    ...GAUGE,
  },
  "lifeline.object.created_time": {
    unit: "s",
    description: "When it was created, in Unix time.",
    attributes: [],
    ...GAUGE,
  },
  "lifeline.object.deletion_time": {
    unit: "s",
    description:
      "When its deletion was requested, in Unix time: the deletionTimestamp less the grace period.",
    attributes: [],
    ...GAUGE,
  },
  "lifeline.object.generation": {
    unit: "{generation}",
    description: "`metadata.generation`.",
    attributes: [],
    ...GAUGE,
  },
  "lifeline.object.observed_generation": {
    unit: "{generation}",
    description: "`status.observedGeneration`.",
    attributes: [],
    ...GAUGE,
  },
  "lifeline.object.condition": {
    unit: "{condition}",
    description: "1 for the status that the condition has now.",
    attributes: ["condition", "status"],
    ...GAUGE,
  },
  "lifeline.object.condition.transition_time": {
    unit: "s",
    description: "The condition's lastTransitionTime, in Unix time.",
    attributes: ["condition"],
    ...GAUGE,
  },
  "lifeline.object.phase": {
    unit: "{object}",
    description: "1 for the phase that it is in now.",
    attributes: ["phase"],
    ...GAUGE,
  },
  "lifeline.object.health": {
    unit: "{object}",
    description: "1 for the health that it has now.",
    attributes: ["health"],
    ...GAUGE,
  },
  "lifeline.object.healthy": {
    unit: "{object}",
    description: "1 if its health is current or suspended, else 0; always there.",
    attributes: [],
    ...GAUGE,
  },
  "lifeline.object.status.<field>": {
    unit: "",
    description:
      "A number, quantity or time (then the unit is `s`, the value Unix time) at the top of the status or in a printer column; at most 10.",
    attributes: [],
    ...GAUGE,
  },
  "lifeline.objects": {
    kind: "gauge",
    of: "kind",
    unit: "{object}",
    description: "How many objects there are, by health.",
    attributes: ["health"],
    ...EXPERIMENTAL,
  },
  "lifeline.object.changes": {
    kind: "counter",
    of: "kind",
    unit: "{change}",
    description:
      "What happened to objects, by the `lifeline.action` of the records that tell it, whether those are sent or not; a write that is no news (only ticking fields, bookkeeping or a condition's message moved) counts as `ticked`.",
    attributes: ["action"],
    ...EXPERIMENTAL,
  },
  "lifeline.object.transitions": {
    kind: "counter",
    of: "kind",
    unit: "{transition}",
    description:
      "How often a phase, a health or a condition became `to`; `dimension` is `phase`, `health` or the condition's type.",
    attributes: ["dimension", "to"],
    ...EXPERIMENTAL,
  },
  "lifeline.object.phase.duration": {
    kind: "histogram",
    of: "cluster",
    unit: "s",
    description: "Time spent in a phase that was left, where it is known since when it held.",
    attributes: ["phase"],
    ...EXPERIMENTAL,
  },
  "lifeline.object.convergence.duration": {
    kind: "histogram",
    of: "cluster",
    unit: "s",
    description:
      "From a generation's start to its end, by `outcome`: current, failed, superseded or deleted. Its exemplars name traces.",
    attributes: ["outcome"],
    ...EXPERIMENTAL,
  },
};
