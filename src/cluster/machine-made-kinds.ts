/**
 * What globs and `customresources` never match, as `plural.group`, `*` being a glob: naming one exactly includes it. Kinds
 * that hold secrets, that tick, or that machines make by the thousand for machines, whose life story nobody reads.
 */
export const NEVER_BY_GLOB: readonly string[] = [
  // Secrets, and the chatter of the cluster itself.
  "secrets",
  "events",
  "events.events.k8s.io",
  "leases.coordination.k8s.io",
  "leasecandidates.coordination.k8s.io",
  "endpoints",
  "endpointslices.discovery.k8s.io",
  "csistoragecapacities.storage.k8s.io",
  "ipaddresses.networking.k8s.io",
  "storageversions.internal.apiserver.k8s.io",
  // Measurements: new at every look.
  "*.metrics.k8s.io",
  "*.custom.metrics.k8s.io",
  "*.external.metrics.k8s.io",
  "verticalpodautoscalercheckpoints.autoscaling.k8s.io",
  "noderesourcetopologies.topology.node.k8s.io",
  "nodefeatures.nfd.k8s-sigs.io",
  "*.stats.antrea.io",
  // One per pod, identity or address.
  "ciliumendpoints.cilium.io",
  "ciliumendpointslices.cilium.io",
  "ciliumidentities.cilium.io",
  "blockaffinities.*projectcalico.org",
  "ipamblocks.*projectcalico.org",
  "ipamhandles.*projectcalico.org",
  "ippools.whereabouts.cni.cncf.io",
  "nodeslicepools.whereabouts.cni.cncf.io",
  "overlappingrangeipreservations.whereabouts.cni.cncf.io",
  "*.controlplane.antrea.io",
  "antreaagentinfos.crd.antrea.io",
  // Scan and policy reports: large, and rewritten at every scan.
  "*reports.aquasecurity.github.io",
  "*reports.wgpolicyk8s.io",
  "*reports.openreports.io",
  "*reports.kyverno.io",
  "*reports.reports.kyverno.io",
  "updaterequests.kyverno.io",
  "*.spdx.softwarecomposition.kubescape.io",
  // Bookkeeping of Crossplane: one per managed resource, without a status.
  "providerconfigusages.*",
  "clusterproviderconfigusages.*",
];
