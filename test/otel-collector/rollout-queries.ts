/** The traces of one Application that is rolled out (rollout.ts) and one that is given up, and how they end. */
export const TITLES: readonly string[] = [
  "Application converge: current",
  "Application converge: failed",
  "Deployment converge: current",
  "Pod converge: current",
  "ReplicaSet converge: current",
];

/** TraceQL, and the traces that it finds of these in the namespace `tempo`. */
export const QUERIES: readonly (readonly [string, readonly string[]])[] = [
  ['{ resource.service.name = "kube-lifeline" }', TITLES],
  ['{ resource.k8s.namespace.name = "tempo" && name =~ ".* converge" }', TITLES],
  ['{ resource.service.name = "somebody-else" }', []],
  [
    '{ name = "Application converge" && span.lifeline.outcome = "current" }',
    ["Application converge: current"],
  ],
  [
    '{ name = "Application converge" && span.lifeline.outcome = "failed" }',
    ["Application converge: failed"],
  ],
  ['{ span.lifeline.role = "converge" && status = error }', ["Application converge: failed"]],
  ['{ statusMessage =~ ".*image can\'t be pulled" }', ["Application converge: failed"]],
  [
    '{ span.lifeline.waiting_for = "Available" }',
    ["Application converge: current", "Deployment converge: current"],
  ],
  [
    '{ span.lifeline.waiting_for =~ ".*Degraded.*" && span.lifeline.health.reason = "DeploymentFailed" }',
    ["Application converge: failed"],
  ],
  // An integer finds no double, as docs/signals.md says.
  ['{ name = "Application converge" && span.lifeline.duration < 1000 }', []],
  [
    '{ name = "Application converge" && span.lifeline.duration < 1000.0 }',
    ["Application converge: current", "Application converge: failed"],
  ],
  [
    '{ span.k8s.object.kind = "Application" && span.k8s.object.name = "web" && span.k8s.object.generation = 1 }',
    ["Application converge: current"],
  ],
  [
    '{ span.lifeline.change.managers = "application-operator/Update" }',
    ["Deployment converge: current"],
  ],
  [
    '{ name = "Application converge" } >> { name = "child Pod" && span.lifeline.stage = "child" }',
    ["Application converge: current"],
  ],
  [
    '{ name = "condition Available" && event.lifeline.condition.reason = "WaitingForPods" }',
    ["Application converge: current"],
  ],
];
