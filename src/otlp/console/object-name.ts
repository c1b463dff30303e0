import type { Attributes } from "../../lifecycle/signal.ts";

/** `CustomDatabase default/my-app-db`; without a name (a record about a kind) the kind alone, or nothing. */
export function objectName(attributes: Attributes, namespace: string | undefined): string {
  const kind = String(attributes["k8s.object.kind"] ?? "");
  const name = attributes["k8s.object.name"];
  if (name === undefined) return kind;
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${String(name)}`;
}
