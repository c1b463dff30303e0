/** One place where our health parts from kstatus, in words for the documentation. */
export type Deviation = {
  readonly name: string;
  /** The row of docs/health.md's table. */
  readonly rule: number;
  readonly when: string;
  readonly kstatus: string;
  readonly ours: string;
  readonly because: string;
};

/** Every case in which `assessHealth` may say something else than `computeKstatus`, in the order of the rules. */
export const KSTATUS_DEVIATIONS: readonly Deviation[] = [
  {
    name: "suspended",
    rule: 2,
    when: "It is paused or suspended by its spec, an annotation or a condition",
    kstatus: "As its conditions say",
    ours: "suspended",
    because: "Nobody waits for what somebody switched off",
  },
  {
    name: "observed-ahead",
    rule: 3,
    when: "status.observedGeneration is greater than metadata.generation (after a restore from a backup)",
    kstatus: "InProgress",
    ours: "As its conditions say",
    because: "Its controller will not lower the number, so waiting would never end",
  },
  {
    name: "generation-without-status-subresource",
    rule: 3,
    when: "Its kind has no status subresource, and status.observedGeneration lags behind",
    kstatus: "InProgress",
    ours: "As its conditions say",
    because: "There each write of the status bumps the generation, so it lags for ever",
  },
  {
    name: "summary-not-observed",
    rule: 4,
    when: "The summary condition's own observedGeneration is older than the object's generation",
    kstatus: "As the old condition says",
    ours: "progressing",
    because: "It speaks of a spec that is no more",
  },
  {
    name: "stalled-first",
    rule: 5,
    when: "Stalled and Reconciling are both True",
    kstatus: "Whichever comes first in the list",
    ours: "failed",
    because: "The order of a list should not decide",
  },
  {
    name: "pod-failed",
    rule: 6,
    when: "A Pod has failed",
    kstatus: "Current",
    ours: "failed",
    because: "It came to its end, but not the one that was wanted",
  },
  {
    name: "job-running",
    rule: 6,
    when: "A Job runs",
    kstatus: "Current",
    ours: "progressing",
    because: "Its goal is its end",
  },
  {
    name: "load-balancer-without-address",
    rule: 6,
    when: "A Service of type LoadBalancer has no ingress address",
    kstatus: "Current",
    ours: "progressing",
    because: "Nobody reaches it yet",
  },
  {
    name: "ingress-without-address",
    rule: 6,
    when: "An Ingress has no address",
    kstatus: "Current",
    ours: "progressing",
    because: "Nobody reaches it yet",
  },
  {
    name: "autoscaler-blocked",
    rule: 6,
    when: "A HorizontalPodAutoscaler lacks its metric or its target",
    kstatus: "Current",
    ours: "degraded",
    because: "The workload runs, but nobody scales it; before the first look at it: progressing",
  },
  {
    name: "api-service-unavailable",
    rule: 6,
    when: "An APIService is not Available",
    kstatus: "Current",
    ours: "progressing",
    because: "Its API does not answer",
  },
  {
    name: "node-silent",
    rule: 6,
    when: "A Node's kubelet has stopped reporting (Ready Unknown with reason NodeStatusUnknown)",
    kstatus: "InProgress",
    ours: "failed",
    because: "Nothing is under way there",
  },
  {
    name: "gateway-api",
    rule: 7,
    when: "A Gateway API object is refused or not programmed by a parent, an ancestor or a listener",
    kstatus: "Current",
    ours: "failed or progressing",
    because: "Its conditions are nested, and it has no Ready",
  },
  {
    name: "not-synced",
    rule: 8,
    when: "Synced is False (Crossplane)",
    kstatus: "As Ready says",
    ours: "failed",
    because: "The spec could not be applied",
  },
  {
    name: "other-summaries",
    rule: 9,
    when: "There is no Ready, but Succeeded, Available, Established, Healthy or Synced",
    kstatus: "Current",
    ours: "As that condition says",
    because: "Many APIs sum up by another name",
  },
  {
    name: "failed-summary",
    rule: 9,
    when: "The summary is False, and its group (Knative, Tekton) or its reason says failure",
    kstatus: "InProgress",
    ours: "failed",
    because: "The controller said so",
  },
  {
    name: "phase",
    rule: 10,
    when: "There is no summary condition, but a phase whose word is known",
    kstatus: "Current",
    ours: "As the word says",
    because: "Many controllers have nothing else",
  },
  {
    name: "no-status-yet",
    rule: 11,
    when: "Its kind has a status subresource, and there is no status",
    kstatus: "Current",
    ours: "unknown",
    because: "No controller has looked at it (fluxcd/kustomize-controller#387)",
  },
  {
    name: "degraded",
    rule: 13,
    when: "It is current, but a condition that is good when False is True, or its phase is a degraded one",
    kstatus: "Current",
    ours: "degraded",
    because: "It works, but not well",
  },
  {
    name: "malformed",
    rule: 12,
    when: "Its status or conditions have a shape that kstatus cannot decode",
    kstatus: "An error (Unknown)",
    ours: "As what can be read says",
    because: "One malformed entry does not make the others unreadable",
  },
];
