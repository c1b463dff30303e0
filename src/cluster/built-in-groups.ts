/**
 * API groups with a dot that Kubernetes itself serves, without CRDs (`pkg/apis`, kube-aggregator, and the three metrics
 * APIs). Not every `*.k8s.io`: `gateway.networking.k8s.io` or `snapshot.storage.k8s.io` come from CRDs.
 */
const DOTTED: ReadonlySet<string> = new Set([
  "admission.k8s.io",
  "admissionregistration.k8s.io",
  "apidiscovery.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "custom.metrics.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "external.metrics.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "imagepolicy.k8s.io",
  "internal.apiserver.k8s.io",
  "metrics.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

/** Whether Kubernetes itself serves this group: all without a dot (apps, batch …), and those of a table. */
export function isBuiltInGroup(group: string): boolean {
  return !group.includes(".") || DOTTED.has(group);
}
