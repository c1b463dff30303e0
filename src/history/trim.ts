import type { KubeObject } from "../cluster/kube-object.ts";

/** Annotations in which programs keep a copy of the object that they applied: by exact name, by beginning, by end. */
const APPLIED_COPIES: readonly {
  readonly program: string;
  readonly matches: (name: string) => boolean;
}[] = [
  {
    program: "kubectl, KubeVela and others",
    matches: (name) => name.endsWith("/last-applied-configuration"),
  },
  { program: "Banzai Cloud operators", matches: (name) => name.endsWith("/last-applied") },
  {
    program: "kapp: original, original-diff, original-diff-full, original-diff-md5",
    matches: (name) => name.startsWith("kapp.k14s.io/original"),
  },
  { program: "Rancher wrangler", matches: (name) => name === "objectset.rio.cattle.io/applied" },
];

/**
 * The object without what is only bookkeeping about writers: managedFields, and copies of the applied object in
 * annotations. Read the managers before; the object that comes in is left as it is.
 */
export function trim(object: KubeObject): KubeObject {
  const { managedFields: _managedFields, annotations, ...rest } = object.metadata;
  if (annotations === undefined) return { ...object, metadata: rest };
  const kept = trimAnnotations(annotations);
  return { ...object, metadata: kept === undefined ? rest : { ...rest, annotations: kept } };
}

/** `undefined` when nothing but copies was there: whether an empty map is left over is no news. */
function trimAnnotations(
  annotations: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  const names = Object.keys(annotations);
  if (!names.some(isAppliedCopy)) return annotations;
  const kept = names.filter((name) => !isAppliedCopy(name));
  return kept.length === 0
    ? undefined
    : Object.fromEntries(kept.map((name) => [name, annotations[name] ?? ""]));
}

function isAppliedCopy(name: string): boolean {
  return APPLIED_COPIES.some(({ matches }) => matches(name));
}
