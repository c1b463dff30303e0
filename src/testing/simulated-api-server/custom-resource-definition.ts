import type { KindFacts } from "../../cluster/kube-object.ts";
import { fieldAt, isMap, type JsonMap } from "../../util/json.ts";
import { ALL_VERBS, type ServedKind } from "./served-kind.ts";

/**
 * What a CustomResourceDefinition serves (`apiextensions.k8s.io/v1`): the storage version counts as the preferred one.
 * Throws on what is not one.
 */
export function kindOfCrd(crd: unknown): ServedKind {
  const names = fieldAt(crd, "spec", "names");
  const versions = servedVersions(crd);
  const preferred = versions.find((version) => version["storage"] === true) ?? versions[0];
  if (preferred === undefined) throw new Error("Cannot serve a CRD without a served version");
  const kind = textAt(names, "kind");
  return {
    group: textAt(fieldAt(crd, "spec"), "group"),
    versions: [preferred, ...versions.filter((version) => version !== preferred)].map((version) =>
      textAt(version, "name"),
    ),
    kind,
    resource: textAt(names, "plural"),
    singular: kind.toLowerCase(),
    shortNames: listAt(names, "shortNames").map(String),
    scope: fieldAt(crd, "spec", "scope") === "Cluster" ? "Cluster" : "Namespaced",
    hasStatusSubresource: isMap(fieldAt(preferred, "subresources", "status")),
    hasGeneration: true,
    verbs: ALL_VERBS,
    isBuiltIn: false,
  };
}

/** The CRD that would serve what these facts say; its schema knows no more than they do. */
export function crdOfFacts(facts: KindFacts): JsonMap {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${facts.resource}.${facts.group}` },
    spec: {
      group: facts.group,
      names: {
        kind: facts.kind,
        listKind: `${facts.kind}List`,
        plural: facts.resource,
        singular: facts.kind.toLowerCase(),
      },
      scope: facts.scope,
      versions: [
        {
          name: facts.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schemaOf(facts) },
          ...(facts.hasStatusSubresource ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: facts.hints.printerColumns,
        },
      ],
    },
  };
}

function schemaOf(facts: KindFacts): JsonMap {
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const phase =
    facts.hints.phases.length === 0 ? {} : { phase: { type: "string", enum: facts.hints.phases } };
  return {
    type: "object",
    properties: { spec: anything, status: { ...anything, properties: phase } },
  };
}

function servedVersions(crd: unknown): readonly JsonMap[] {
  return listAt(fieldAt(crd, "spec"), "versions")
    .filter((version) => isMap(version))
    .filter((version) => version["served"] === true);
}

function listAt(value: unknown, field: string): readonly unknown[] {
  const list = fieldAt(value, field);
  return Array.isArray(list) ? list : [];
}

function textAt(value: unknown, field: string): string {
  const text = fieldAt(value, field);
  if (typeof text === "string" && text !== "") return text;
  throw new Error(
    `Cannot serve a CRD whose field "${field}" is ${JSON.stringify(text)}: wanted a name`,
  );
}
