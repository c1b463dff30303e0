import { VERSION } from "../../util/version.ts";
import type { Configuration } from "../configuration.ts";

/** What only a running process knows; `clusterUid` where kube-system's UID may be read. */
export type SelfIdentity = { readonly instanceId: string; readonly clusterUid: string | undefined };

/**
 * The OTLP resource of the process's own metrics and logs, `service.instance.id` included (not for object signals,
 * docs/contract.md §4 and §5). What users set in `OTEL_RESOURCE_ATTRIBUTES` wins over what we would have made up.
 */
export function selfResource(
  configuration: Pick<Configuration, "serviceName" | "clusterName" | "resourceAttributes">,
  identity: SelfIdentity,
): Readonly<Record<string, string>> {
  const { serviceName, clusterName } = configuration;
  return {
    "service.instance.id": identity.instanceId,
    ...(identity.clusterUid === undefined ? {} : { "k8s.cluster.uid": identity.clusterUid }),
    ...configuration.resourceAttributes,
    "service.name": serviceName,
    "service.version": VERSION,
    ...(clusterName === undefined ? {} : { "k8s.cluster.name": clusterName }),
  };
}
