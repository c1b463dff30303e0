import { asCurrent, asInProgress, textAt } from "./kstatus-result.ts";
import type { KstatusResult, KstatusSubject } from "./kstatus-result.ts";

/** Service: only a LoadBalancer without a cluster address waits; its ingress addresses are not looked at. */
export function serviceStatus({ object }: KstatusSubject): KstatusResult {
  const isLoadBalancer = textAt(object, ["spec", "type"]) === "LoadBalancer";
  if (isLoadBalancer && textAt(object, ["spec", "clusterIP"]) === "") {
    return asInProgress("NoIPAssigned", "Service of type LoadBalancer has no cluster IP yet");
  }
  return asCurrent("ServiceReady", "Service is ready");
}
