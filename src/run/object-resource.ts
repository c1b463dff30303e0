import type { Configuration } from "./configuration.ts";
import { selfResource } from "./telemetry/self-resource.ts";

/** What tells where this process runs: on other people's objects it would be taken for theirs, and it changes with every restart. */
const OF_THE_PROCESS =
  /^(service\.instance\.|k8s\.(pod|container|node|namespace|deployment|replicaset|statefulset|daemonset)\.|host\.|container\.|process\.|os\.)/;

/**
 * The OTLP resource of object signals: few and stable, so that Loki's index labels come out right (docs/contract.md §4).
 *
 * What users add by OTEL_RESOURCE_ATTRIBUTES goes along, but not what an operator or a webhook injects there about our own pod.
 */
export function objectResource(
  configuration: Pick<Configuration, "serviceName" | "clusterName" | "resourceAttributes">,
  clusterUid: string | undefined,
): Readonly<Record<string, string>> {
  const resource = selfResource(configuration, { instanceId: "", clusterUid });
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => !OF_THE_PROCESS.test(name)),
  );
}
