import { fieldAt } from "../../util/json.ts";
import { findCondition } from "../conditions.ts";
import type { Condition } from "../conditions.ts";
import { byCondition, fromKstatus } from "./assessment.ts";
import type { Assessment, HealthRule, Subject } from "./assessment.ts";
import { JOB_RUNNING, jobStatus } from "./kstatus-job.ts";
import { KSTATUS_KINDS, indexByKind } from "./kstatus-kinds.ts";
import type { KindRow } from "./kstatus-kinds.ts";
import { podStatus } from "./kstatus-pod.ts";
import { textAt } from "./kstatus-result.ts";
import { serviceStatus } from "./kstatus-service.ts";

/** The built-in kinds of which we say something else than kstatus, or anything at all. */
const OWN_KINDS: readonly KindRow<HealthRule>[] = [
  { kind: "Pod", groups: [""], rule: podHealth },
  { kind: "Job", groups: ["batch"], rule: jobHealth },
  { kind: "Service", groups: [""], rule: serviceHealth },
  { kind: "Ingress", groups: ["networking.k8s.io", "extensions"], rule: ingressHealth },
  { kind: "HorizontalPodAutoscaler", groups: ["autoscaling"], rule: autoscalerHealth },
  { kind: "APIService", groups: ["apiregistration.k8s.io"], rule: apiServiceHealth },
  { kind: "Node", groups: [""], rule: nodeHealth },
];

const ownRuleOfKind = indexByKind(OWN_KINDS);
const kstatusRuleOfKind = indexByKind(KSTATUS_KINDS);

/** Rule 6: built-in kinds, by our own rule where there is one, else by kstatus'. */
export function builtInKind(subject: Subject): Assessment | undefined {
  const { group, kind } = subject.facts;
  const own = ownRuleOfKind(group, kind);
  if (own !== undefined) return own(subject);
  const rule = kstatusRuleOfKind(group, kind);
  return rule === undefined ? undefined : fromKstatus(rule(subject));
}

function podHealth(subject: Subject): Assessment {
  const result = podStatus(subject);
  if (textAt(subject.object, ["status", "phase"]) !== "Failed") return fromKstatus(result);
  const reason = textAt(subject.object, ["status", "reason"]);
  const message = textAt(subject.object, ["status", "message"]);
  return {
    health: "failed",
    reason: reason === "" ? result.reason : reason,
    message: message === "" ? result.message : message,
  };
}

function jobHealth(subject: Subject): Assessment {
  const assessment = fromKstatus(jobStatus(subject));
  return assessment.reason === JOB_RUNNING ? { ...assessment, health: "progressing" } : assessment;
}

function serviceHealth(subject: Subject): Assessment {
  const assessment = fromKstatus(serviceStatus(subject));
  const isLoadBalancer = textAt(subject.object, ["spec", "type"]) === "LoadBalancer";
  if (!isLoadBalancer || assessment.health !== "current" || hasIngress(subject)) return assessment;
  return {
    health: "progressing",
    reason: "NoLoadBalancer",
    message: "No load balancer has given the Service an address yet",
  };
}

function ingressHealth(subject: Subject): Assessment {
  if (hasIngress(subject))
    return { health: "current", reason: "IngressReady", message: "Ingress has an address" };
  return {
    health: "progressing",
    reason: "NoLoadBalancer",
    message: "No load balancer has given the Ingress an address yet",
  };
}

function hasIngress({ object }: Subject): boolean {
  const ingress = fieldAt(object, "status", "loadBalancer", "ingress");
  return Array.isArray(ingress) && ingress.length > 0;
}

/** Argo CD's list (`gitops-engine/pkg/health/health_hpa.go`): no metric, no scale, so nobody scales. */
const AUTOSCALER_BLOCKED: ReadonlySet<string> = new Set([
  "AbleToScale/FailedGetScale",
  "AbleToScale/FailedUpdateScale",
  "ScalingActive/FailedGetResourceMetric",
  "ScalingActive/FailedGetObjectMetric",
  "ScalingActive/FailedGetPodsMetric",
  "ScalingActive/FailedGetExternalMetric",
  "ScalingActive/FailedComputeMetricsReplicas",
  "ScalingActive/InvalidSelector",
]);

/** Reads `autoscaling/v2`; v1 has its conditions in an annotation, and discovery never prefers it. */
function autoscalerHealth({ conditions }: Subject): Assessment {
  const blocked = conditions.find(({ type, reason }) =>
    AUTOSCALER_BLOCKED.has(`${type}/${reason}`),
  );
  if (blocked !== undefined) return byCondition("degraded", blocked);
  const working = conditions.find(isAbleToScale);
  if (working !== undefined) return byCondition("current", working);
  return {
    health: "progressing",
    reason: "WaitingToScale",
    message: "The autoscaler has not worked yet",
  };
}

function isAbleToScale({ type, status }: Condition): boolean {
  return status === "True" && (type === "AbleToScale" || type === "ScalingLimited");
}

function apiServiceHealth({ conditions }: Subject): Assessment {
  const available = findCondition(conditions, "Available");
  if (available === undefined) {
    return {
      health: "progressing",
      reason: "NotObserved",
      message: "The APIService has not been looked at yet",
    };
  }
  return byCondition(available.status === "True" ? "current" : "progressing", available);
}

/** Argo CD has no rule for a Node; this one calls the Node failed whose kubelet has fallen silent. */
function nodeHealth({ conditions }: Subject): Assessment {
  const ready = findCondition(conditions, "Ready");
  if (ready === undefined) {
    return {
      health: "progressing",
      reason: "NotObserved",
      message: "The kubelet has not reported yet",
    };
  }
  if (ready.status === "True") return byCondition("current", ready);
  return byCondition(ready.reason === "NodeStatusUnknown" ? "failed" : "progressing", ready);
}
