import { expect, test } from "vitest";
import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import { assessHealth } from "./assess-health.ts";
import { KSTATUS_DEVIATIONS } from "./deviations.ts";
import { computeKstatus } from "./kstatus.ts";

const NOW_MS = Date.parse("2026-01-31T08:01:00Z");

type Example = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly hasStatusSubresource?: boolean;
  readonly kstatus: string;
  readonly ours: string;
};

const yes = (type: string): object => ({ type, status: "True" });
const no = (type: string, reason = ""): object => ({ type, status: "False", reason });

/** One object for each row of the table, judged by both. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  suspended: {
    spec: { suspend: true },
    status: { conditions: [no("Ready")] },
    kstatus: "InProgress",
    ours: "suspended",
  },
  "observed-ahead": {
    status: { observedGeneration: 3, conditions: [yes("Ready")] },
    kstatus: "InProgress",
    ours: "current",
  },
  "generation-without-status-subresource": {
    status: { observedGeneration: 1, conditions: [yes("Ready")] },
    hasStatusSubresource: false,
    kstatus: "InProgress",
    ours: "current",
  },
  "summary-not-observed": {
    status: { conditions: [{ ...yes("Ready"), observedGeneration: 1 }] },
    kstatus: "Current",
    ours: "progressing",
  },
  "stalled-first": {
    status: { conditions: [yes("Reconciling"), yes("Stalled")] },
    kstatus: "InProgress",
    ours: "failed",
  },
  "pod-failed": {
    apiVersion: "v1",
    kind: "Pod",
    status: { phase: "Failed" },
    kstatus: "Current",
    ours: "failed",
  },
  "job-running": {
    apiVersion: "batch/v1",
    kind: "Job",
    status: { startTime: "2026-01-31T08:00:00Z" },
    kstatus: "Current",
    ours: "progressing",
  },
  "load-balancer-without-address": {
    apiVersion: "v1",
    kind: "Service",
    spec: { type: "LoadBalancer", clusterIP: "10.0.0.1" },
    kstatus: "Current",
    ours: "progressing",
  },
  "ingress-without-address": {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    kstatus: "Current",
    ours: "progressing",
  },
  "autoscaler-blocked": {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    status: { conditions: [no("ScalingActive", "FailedGetResourceMetric")] },
    kstatus: "Current",
    ours: "degraded",
  },
  "api-service-unavailable": {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    status: { conditions: [no("Available")] },
    kstatus: "Current",
    ours: "progressing",
  },
  "node-silent": {
    apiVersion: "v1",
    kind: "Node",
    status: { conditions: [{ type: "Ready", status: "Unknown", reason: "NodeStatusUnknown" }] },
    kstatus: "InProgress",
    ours: "failed",
  },
  "gateway-api": {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    status: { parents: [{ conditions: [no("Accepted")] }] },
    kstatus: "Current",
    ours: "failed",
  },
  "not-synced": {
    status: { conditions: [yes("Ready"), no("Synced")] },
    kstatus: "Current",
    ours: "failed",
  },
  "other-summaries": {
    status: { conditions: [no("Available")] },
    kstatus: "Current",
    ours: "progressing",
  },
  "failed-summary": {
    status: { conditions: [no("Ready", "InstallFailed")] },
    kstatus: "InProgress",
    ours: "failed",
  },
  phase: { status: { phase: "Failed" }, kstatus: "Current", ours: "failed" },
  "no-status-yet": { kstatus: "Current", ours: "unknown" },
  degraded: {
    status: { conditions: [yes("Ready"), yes("Degraded")] },
    kstatus: "Current",
    ours: "degraded",
  },
  malformed: {
    status: { conditions: [{ type: "Ready", status: true }] },
    kstatus: "Unknown",
    ours: "current",
  },
};

test.each(KSTATUS_DEVIATIONS)("$name: kstatus says $kstatus, we say $ours", ({ name }) => {
  const {
    kstatus,
    ours,
    hasStatusSubresource = true,
    ...fields
  } = EXAMPLES[name] ?? { kstatus: "no", ours: "example" };
  const metadata = { name: "x", uid: "1", resourceVersion: "1", generation: 2 };
  const object: KubeObject = { apiVersion: "example.com/v1", kind: "Thing", metadata, ...fields };
  const group = object.apiVersion.includes("/") ? object.apiVersion.replace(/\/.*/, "") : "";
  const hints = { phases: [], printerColumns: [] };
  const facts: KindFacts = {
    group,
    version: "v1",
    kind: object.kind,
    resource: "things",
    scope: "Namespaced",
    hasStatusSubresource,
    hints,
  };

  expect(computeKstatus(object, NOW_MS).status).toBe(kstatus);
  expect(assessHealth(object, facts, NOW_MS).health).toBe(ours);
});

test("each deviation has a name of its own", () => {
  const names = KSTATUS_DEVIATIONS.map(({ name }) => name);

  expect(names.toSorted()).toEqual(Object.keys(EXAMPLES).toSorted());
});
