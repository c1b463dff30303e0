import type { NewObject } from "../testbed/admin-client.ts";

type DefinitionOptions = {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope?: "Namespaced" | "Cluster";
  readonly printerColumns?: readonly {
    readonly name: string;
    readonly type: string;
    readonly jsonPath: string;
  }[];
};

/** A CRD (v1, status subresource) that takes anything for spec and status: a map, a string, a number, a list. */
export function definition(options: DefinitionOptions): NewObject {
  const { group, kind, plural, scope = "Namespaced", printerColumns = [] } = options;
  const anything = { "x-kubernetes-preserve-unknown-fields": true };
  const schema = { type: "object", properties: { spec: anything, status: anything } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind.slice(0, 59)}List` },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
          ...(printerColumns.length === 0 ? {} : { additionalPrinterColumns: printerColumns }),
        },
      ],
    },
  };
}
