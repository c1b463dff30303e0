/** One kind of span: the source of docs/signals.md. */
type SpanDescription = {
  /** As users read it; `<…>` is from the object. */
  readonly name: string;
  readonly when: string;
  readonly attributes: readonly string[];
};

const TIMES = [
  "lifeline.start",
  "lifeline.observed_start",
  "lifeline.recorded_start",
  "lifeline.end",
  "lifeline.observed_end",
  "lifeline.recorded_end",
];

const ROOT = [
  "lifeline.role",
  "lifeline.outcome",
  "lifeline.duration",
  "lifeline.health",
  "lifeline.health.reason",
  "lifeline.waiting_for",
  "lifeline.trace.left_out",
  "lifeline.final_state_unknown",
];

/** On every span. */
export const COMMON_SPAN_ATTRIBUTES: readonly string[] = TIMES;

/** All spans that the program makes, roots first. */
export const SPANS: readonly SpanDescription[] = [
  {
    name: "<Kind> converge",
    when: "The root of the work on a generation: from its first sight until it is current, failed, superseded, deleted or timed out.",
    attributes: [...ROOT, "lifeline.change.managers"],
  },
  {
    name: "<Kind> delete",
    when: "The root of a deletion: from its request until the object is gone. Linked to the generation's.",
    attributes: ROOT,
  },
  {
    name: "<Kind> disruption",
    when: "The root of a loss of health at the same generation: until it is current again; after work that failed, from the failure on, and only if it recovers. Linked to the generation's.",
    attributes: ROOT,
  },
  {
    name: "observe",
    when: "Until `status.observedGeneration` says that the controller has taken the generation up; not where that was so at its first sight.",
    attributes: ["lifeline.stage"],
  },
  {
    name: "condition <Type>",
    when: "Each time that a condition was not in its good state, or not there yet; its reasons are events.",
    attributes: [
      "lifeline.stage",
      "lifeline.condition.type",
      "lifeline.condition.status",
      "lifeline.condition.reason",
    ],
  },
  {
    name: "phase <Phase>",
    when: "A phase that was passed.",
    attributes: ["lifeline.stage", "lifeline.phase"],
  },
  {
    name: "child <Kind>",
    when: "An object that it controls (and below, one that this controls), of the kinds that are watched, which worked meanwhile, or whose own did; linked to that one's own traces.",
    attributes: [
      "lifeline.stage",
      "k8s.object.kind",
      "k8s.object.group",
      "k8s.object.name",
      "k8s.object.uid",
      "lifeline.health",
      "lifeline.gone",
    ],
  },
  {
    name: "finalizer <Name>",
    when: "Until the finalizer was gone.",
    attributes: ["lifeline.stage", "lifeline.finalizers"],
  },
];
