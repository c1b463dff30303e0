import type { KindFacts } from "./kube-object.ts";

/** The collection's path on the API server, such as `/apis/custom.example.com/v1/namespaces/prod/customdatabases`. */
export function resourcePath(
  facts: Pick<KindFacts, "group" | "version" | "resource">,
  namespace?: string,
): string {
  const root =
    facts.group === "" ? `/api/${facts.version}` : `/apis/${facts.group}/${facts.version}`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${facts.resource}`;
}
