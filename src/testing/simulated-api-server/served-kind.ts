/** How the simulated API server knows one kind, whether a CRD serves it or it is built in. */
export type ServedKind = {
  /** Empty for the core group. */
  readonly group: string;
  /** Served versions, the preferred one first. All of them show the same objects. */
  readonly versions: readonly string[];
  readonly kind: string;
  /** The plural in the URL. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly hasStatusSubresource: boolean;
  /** Whether the server keeps `metadata.generation` for it: always for custom resources, for few built-in kinds. */
  readonly hasGeneration: boolean;
  readonly verbs: readonly string[];
  /** Items of a built-in kind's list carry neither apiVersion nor kind, as a real API server's do not. */
  readonly isBuiltIn: boolean;
};

/** `customdatabases.custom.example.com`, or `pods` for the core group. */
export function resourceName(kind: { readonly group: string; readonly resource: string }): string {
  return kind.group === "" ? kind.resource : `${kind.resource}.${kind.group}`;
}

/** `custom.example.com/v1`, or `v1` for the core group. */
export function formatApiVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}

export const ALL_VERBS: readonly string[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

type BuiltIn = Pick<ServedKind, "group" | "kind" | "resource"> & Partial<ServedKind>;

function builtIn(facts: BuiltIn): ServedKind {
  return {
    versions: ["v1"],
    singular: facts.kind.toLowerCase(),
    shortNames: [],
    scope: "Namespaced",
    hasStatusSubresource: false,
    hasGeneration: false,
    verbs: ALL_VERBS,
    isBuiltIn: true,
    ...facts,
  };
}

export const CUSTOM_RESOURCE_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io";

/** A small part of what every cluster serves: enough for discovery to have something to leave out. */
export const BUILT_IN_KINDS: readonly ServedKind[] = [
  builtIn({
    group: "",
    kind: "Namespace",
    resource: "namespaces",
    scope: "Cluster",
    shortNames: ["ns"],
    hasStatusSubresource: true,
  }),
  builtIn({
    group: "",
    kind: "Pod",
    resource: "pods",
    shortNames: ["po"],
    hasStatusSubresource: true,
  }),
  builtIn({ group: "", kind: "Service", resource: "services", hasStatusSubresource: true }),
  builtIn({ group: "", kind: "ConfigMap", resource: "configmaps" }),
  builtIn({ group: "", kind: "Secret", resource: "secrets" }),
  builtIn({ group: "", kind: "Event", resource: "events" }),
  builtIn({ group: "", kind: "Binding", resource: "bindings", verbs: ["create"] }),
  builtIn({
    group: "apps",
    kind: "Deployment",
    resource: "deployments",
    hasStatusSubresource: true,
    hasGeneration: true,
  }),
  builtIn({ group: "coordination.k8s.io", kind: "Lease", resource: "leases" }),
  builtIn({
    group: "authorization.k8s.io",
    kind: "SelfSubjectAccessReview",
    resource: "selfsubjectaccessreviews",
    scope: "Cluster",
    verbs: ["create"],
  }),
  builtIn({
    group: "apiextensions.k8s.io",
    kind: "CustomResourceDefinition",
    resource: "customresourcedefinitions",
    scope: "Cluster",
    hasStatusSubresource: true,
    hasGeneration: true,
  }),
];
