import { fieldAt, isMap } from "../util/json.ts";
import type { KindFacts, KubeObject } from "./kube-object.ts";

export type ParsedObject =
  | { readonly type: "object"; readonly object: KubeObject }
  | { readonly type: "unreadable"; readonly problem: string };

/**
 * The border for objects: relies on `metadata.name`, `.uid` and `.resourceVersion` being there, and fills `apiVersion`
 * and `kind`, which items of lists of built-in kinds lack, from `facts`.
 */
export function parseKubeObject(value: unknown, facts: KindFacts): ParsedObject {
  const named =
    isMap(value) && (typeof value["apiVersion"] !== "string" || typeof value["kind"] !== "string")
      ? { ...value, apiVersion: formatApiVersion(facts), kind: facts.kind }
      : value;
  return isKubeObject(named)
    ? { type: "object", object: named }
    : { type: "unreadable", problem: `the object has no ${findMissing(named)}` };
}

/** The rest of ObjectMeta is validated by every API server itself (apimachinery/pkg/api/validation/objectmeta.go). */
function isKubeObject(value: unknown): value is KubeObject {
  return findMissing(value) === undefined;
}

function findMissing(value: unknown): string | undefined {
  const metadata = fieldAt(value, "metadata");
  if (!isMap(metadata)) return "metadata";
  for (const field of ["name", "uid", "resourceVersion"]) {
    const text = metadata[field];
    if (typeof text !== "string" || text === "") return `metadata.${field}`;
  }
  return undefined;
}

/** `v1` for the core group, else `group/version`. */
function formatApiVersion(facts: Pick<KindFacts, "group" | "version">): string {
  return facts.group === "" ? facts.version : `${facts.group}/${facts.version}`;
}
