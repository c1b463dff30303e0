export type AttributeDescription = {
  readonly type: "string" | "int" | "double" | "boolean" | "string[]";
  readonly description: string;
};

/** On every log record about an object, as far as the object has them. */
export const COMMON_RECORD_ATTRIBUTES: readonly string[] = [
  "k8s.object.kind",
  "k8s.object.group",
  "k8s.object.api_version",
  "k8s.object.name",
  "k8s.object.uid",
  "k8s.object.resource_version",
  "k8s.object.generation",
  "lifeline.owner.kind",
  "lifeline.owner.name",
  "lifeline.action",
  "lifeline.event_time",
  "lifeline.collapsed",
  "log.record.uid",
];

/** On every series; `k8s.cluster.name` where it is known. */
export const KIND_SERIES_ATTRIBUTES: readonly string[] = [
  "k8s.object.kind",
  "k8s.object.group",
  "k8s.namespace.name",
  "k8s.cluster.name",
];

/** On every sum over the objects of a kind: of one shard, where there are several. */
export const SUM_SERIES_ATTRIBUTES: readonly string[] = [
  ...KIND_SERIES_ATTRIBUTES,
  "lifeline.shard",
];

/** On every series about an object. */
export const OBJECT_SERIES_ATTRIBUTES: readonly string[] = [
  ...KIND_SERIES_ATTRIBUTES,
  "k8s.object.name",
];

/** What each attribute holds, for docs/signals.md; those like `k8s.pod.name` are OpenTelemetry's own. */
export const ATTRIBUTES: Readonly<Record<string, AttributeDescription>> = {
  "k8s.object.kind": { type: "string", description: "`CustomDatabase`" },
  "k8s.object.group": { type: "string", description: "The API group; empty for the core group" },
  "k8s.object.api_version": { type: "string", description: "`custom.example.com/v1`" },
  "k8s.object.name": { type: "string", description: "`metadata.name`" },
  "k8s.object.uid": { type: "string", description: "`metadata.uid`" },
  "k8s.object.resource_version": { type: "string", description: "`metadata.resourceVersion`" },
  "k8s.object.generation": { type: "int", description: "`metadata.generation`" },
  "k8s.namespace.name": {
    type: "string",
    description: "The object's namespace; of records it is an attribute of the resource",
  },
  "k8s.cluster.name": { type: "string", description: "The cluster's name, where it is known" },
  "lifeline.owner.kind": { type: "string", description: "Kind of the owner that controls it" },
  "lifeline.owner.name": { type: "string", description: "Name of the owner that controls it" },
  "lifeline.action": {
    type: "string",
    description: "The last part of the EventName, for stores that drop EventNames",
  },
  "lifeline.event_time": {
    type: "string",
    description:
      "When it happened by the cluster's clock (RFC 3339), where that is too old, too new or not believed and the record says when it was observed",
  },
  "lifeline.collapsed": {
    type: "int",
    description:
      "How many changes it stands for, where they were not told one by one. Of 10 minutes of a flood: then the paths are all that moved (at most 20), and the diff is from before the first to after the last, for those that are not again as they were. Or because what waited for the collector left them no room: then all records of the one net change have it",
  },
  "log.record.uid": {
    type: "string",
    description: "The same for the same fact, from any replica at any time",
  },
  "lifeline.labels": { type: "string", description: "The object's labels, as one JSON object" },
  "lifeline.health": {
    type: "string",
    description: "current, progressing, degraded, failed, suspended, terminating or unknown",
  },
  "lifeline.previous_health": {
    type: "string",
    description: "The health that was left; absent for an object that was born in bad health",
  },
  "lifeline.health.reason": { type: "string", description: "Why, in one word" },
  "lifeline.health.message": {
    type: "string",
    description: "Why, in a sentence that holds the controller's own message; at most 1 KiB",
  },
  "lifeline.duration": {
    type: "double",
    description:
      "Seconds spent in the state that was left (absent where nobody knows); of `stuck` those spent so far, of `hot` those that the records took, of `stale` those without a sign of life, of a trace's root all that it took",
  },
  "lifeline.age": { type: "double", description: "Seconds since its creation" },
  "lifeline.final_state_unknown": {
    type: "boolean",
    description:
      "true if only a relist showed that it is gone, it went with its kind, or selectors are in use: leaving the selection looks the same",
  },
  "lifeline.finalizers": { type: "string[]", description: "What it waits for (at most 20)" },
  "lifeline.condition.type": { type: "string", description: "`Ready`" },
  "lifeline.condition.status": { type: "string", description: "Absent if the condition went" },
  "lifeline.condition.previous_status": {
    type: "string",
    description: "Absent if the condition appeared",
  },
  "lifeline.condition.reason": {
    type: "string",
    description: "Its reason now; of one that went, its last",
  },
  "lifeline.condition.message": { type: "string", description: "Likewise; at most 1 KiB" },
  "lifeline.phase": { type: "string", description: "Absent if there is none any more" },
  "lifeline.previous_phase": { type: "string", description: "Absent if there was none" },
  "lifeline.change.paths": {
    type: "string[]",
    description: "Where it changed, such as `spec.replicas` (at most 20)",
  },
  "lifeline.change.diff": {
    type: "string",
    description:
      'One JSON list `[{"path","before","after"}]` of at most 16 KiB; a side that was not there has no key',
  },
  "lifeline.change.truncated": {
    type: "boolean",
    description: "true if paths or diff had to leave out or cut something",
  },
  "lifeline.change.managers": {
    type: "string[]",
    description:
      "Of `hot` and collapsed records those who took turns, the busiest first. Who, as `manager/operation[/subresource]`: a program's name for itself, not an authenticated user",
  },
  "lifeline.hot.records": {
    type: "int",
    description:
      "How many records came within `lifeline.duration`, the first that is withheld included",
  },
  "lifeline.stuck.conditions": {
    type: "string[]",
    description: "Conditions that are not good, as `Ready=False (Reason): message` (at most 20)",
  },
  "lifeline.stuck.observed_generation": {
    type: "int",
    description: "The generation that its controller saw last, if that is an older one",
  },
  "lifeline.watch.key": { type: "string", description: "Which watch" },
  "lifeline.watch.position": {
    type: "string",
    description:
      "The resourceVersion at which the look is complete; of `stale` the last one up to which everything is known, absent before the first",
  },
  "lifeline.watch.error": {
    type: "string",
    description:
      "What failed last since the last sign of life; absent if nothing did; at most 1 KiB",
  },
  "lifeline.shard": {
    type: "string",
    description: "Which share of the objects, as `LIFELINE_SHARD` says it; absent without",
  },
  "lifeline.synced.objects": { type: "int", description: "How many objects there are" },
  "lifeline.synced.health.current": { type: "int", description: "How many are current" },
  "lifeline.synced.health.progressing": { type: "int", description: "How many are progressing" },
  "lifeline.synced.health.degraded": { type: "int", description: "How many are degraded" },
  "lifeline.synced.health.failed": { type: "int", description: "How many failed" },
  "lifeline.synced.health.suspended": { type: "int", description: "How many are suspended" },
  "lifeline.synced.health.terminating": { type: "int", description: "How many are terminating" },
  "lifeline.synced.health.unknown": { type: "int", description: "Of how many nobody knows" },
  "lifeline.synced.observed": {
    type: "int",
    description: "Without history: how many `observed` records were sent",
  },
  "lifeline.synced.observed_withheld": {
    type: "int",
    description: "Without history: how many of them LIFELINE_INITIAL held back",
  },
  "lifeline.synced.created": {
    type: "int",
    description: "With history: net changes since, by their action",
  },
  "lifeline.synced.updated": { type: "int", description: "Likewise" },
  "lifeline.synced.status_updated": { type: "int", description: "Likewise" },
  "lifeline.synced.condition_changed": { type: "int", description: "Likewise" },
  "lifeline.synced.phase_changed": { type: "int", description: "Likewise" },
  "lifeline.synced.health_changed": { type: "int", description: "Likewise" },
  "lifeline.synced.deleting": { type: "int", description: "Likewise" },
  "lifeline.synced.deleted": { type: "int", description: "Likewise" },
  api_version: { type: "string", description: "As `k8s.object.api_version`" },
  owner_kind: { type: "string", description: "As `lifeline.owner.kind`" },
  owner_name: { type: "string", description: "As `lifeline.owner.name`" },
  condition: { type: "string", description: "The condition's type" },
  status: { type: "string", description: "The condition's status" },
  phase: { type: "string", description: "The phase" },
  health: { type: "string", description: "As `lifeline.health`" },
  action: {
    type: "string",
    description: "As `lifeline.action`, or `ticked` for a write that is no news",
  },
  dimension: { type: "string", description: "`phase`, `health` or the condition's type" },
  to: { type: "string", description: "What it became" },
  outcome: { type: "string", description: "As `lifeline.outcome`" },
  "lifeline.role": {
    type: "string",
    description:
      "What the trace is about: `converge`, `delete` or `disruption`; of a link, what it points at",
  },
  "lifeline.stage": {
    type: "string",
    description: "What the span is: `observe`, `condition`, `phase`, `child` or `finalizer`",
  },
  "lifeline.outcome": {
    type: "string",
    description: "How it ended: `current`, `failed`, `superseded`, `deleted` or `timed_out`",
  },
  "lifeline.waiting_for": {
    type: "string",
    description:
      "The last condition to turn good; where it ended otherwise, the conditions that did not, separated by commas",
  },
  "lifeline.trace.left_out": {
    type: "int",
    description:
      "How many transitions had no room, because there were more than 100, or children that are gone, more than 20",
  },
  "lifeline.gone": {
    type: "boolean",
    description: "True of a child that was gone before its owner's work ended",
  },
  "lifeline.start": {
    type: "string",
    description:
      "By which clock the span begins: `observed`, or `recorded` by the cluster where nobody watched",
  },
  "lifeline.end": { type: "string", description: "Likewise, how it ends" },
  "lifeline.observed_start": {
    type: "string",
    description: "When its begin was seen (RFC 3339), where the span goes by what was recorded",
  },
  "lifeline.recorded_start": {
    type: "string",
    description:
      "When it began by the cluster's clock (RFC 3339, whole seconds), where an object says so and the span goes by what was observed",
  },
  "lifeline.observed_end": { type: "string", description: "Likewise, its end" },
  "lifeline.recorded_end": { type: "string", description: "Likewise, its end" },
  "lifeline.link.annotation": {
    type: "string",
    description: "The annotation that names the trace which the link points at",
  },
};
