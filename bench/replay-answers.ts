import type { JsonMap } from "../src/util/json.ts";
import { BENCH_KIND } from "./bench-object.ts";

const GROUP_VERSION = `${BENCH_KIND.group}/${BENCH_KIND.version}`;

export const COLLECTION: string = `/apis/${GROUP_VERSION}/${BENCH_KIND.resource}`;
export const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** What is asked before anything is listed: there is this one kind, and it may be watched. By path. */
export const ANSWERS: Readonly<Record<string, JsonMap>> = {
  "/version": { major: "1", minor: "36", gitVersion: "v1.36.3" },
  "/api": { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", items: [] },
  "/apis": {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    items: [
      {
        metadata: { name: BENCH_KIND.group },
        versions: [
          {
            version: BENCH_KIND.version,
            freshness: "Current",
            resources: [
              {
                resource: BENCH_KIND.resource,
                responseKind: { ...BENCH_KIND },
                scope: "Namespaced",
                verbs: ["get", "list", "watch"],
                subresources: [{ subresource: "status" }],
              },
            ],
          },
        ],
      },
    ],
  },
  [DEFINITIONS]: {
    kind: "CustomResourceDefinitionList",
    apiVersion: "apiextensions.k8s.io/v1",
    metadata: { resourceVersion: "1" },
    items: [definition()],
  },
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": { status: { allowed: true } },
};

/** Clients that ask for a watch with initial events list when they are told this, as servers without them do. */
export const NO_INITIAL_EVENTS: JsonMap = {
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  reason: "Invalid",
  message: "sendInitialEvents is forbidden for watch: the replay server lists",
  code: 422,
};

/** The line that tells that all which exists has been shown (KEP-3157). */
export function initialEventsEnd(
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  resourceVersion: string,
): string {
  const annotations = { "k8s.io/initial-events-end": "true" };
  const metadata = { resourceVersion, creationTimestamp: null, annotations };
  return `${JSON.stringify({ type: "BOOKMARK", object: { apiVersion, kind, metadata } })}\n`;
}

/** What a streaming list of the CRDs shows. */
export function definitionLines(): string {
  const object = definition();
  const type = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };
  return `${JSON.stringify({ type: "ADDED", object })}\n${initialEventsEnd(type, "1")}`;
}

function definition(): JsonMap {
  const { group, version, kind, resource } = BENCH_KIND;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${resource}.${group}`, uid: "bench", resourceVersion: "1" },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural: resource, singular: kind.toLowerCase() },
      versions: [{ name: version, served: true, storage: true, subresources: { status: {} } }],
    },
  };
}
