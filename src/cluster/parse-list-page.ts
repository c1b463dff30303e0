import { fieldAt, isList, isMap } from "../util/json.ts";
import type { ParsedJson } from "../util/parse-json.ts";
import type { KindFacts, KubeObject } from "./kube-object.ts";
import { identify, type Identity } from "./identify.ts";
import { parseKubeObject } from "./parse-kube-object.ts";
import { type KnownTries, managedFieldsOf, parseWithoutTries } from "./parse-without-tries.ts";

/** One page of a list: `resourceVersion` is that of the whole list; `continueToken` is absent on the last page. */
export type ListPage = {
  readonly objects: readonly KubeObject[];
  readonly unreadable: readonly UnreadableItem[];
  readonly resourceVersion: string;
  readonly continueToken?: string;
};

/** An item that is no Kubernetes object: why, and what it says of who it is. */
type UnreadableItem = Identity & { readonly problem: string };

export type ParsedListPage =
  | { readonly type: "page"; readonly page: ListPage }
  | { readonly type: "unreadable"; readonly problem: string };

/** The text of a list's page as a value, the tries of its objects left as text (`parseWithoutTries`). */
export function parseListText(text: string, tries: KnownTries): ParsedJson {
  return parseWithoutTries(text, tries, entriesOf);
}

function entriesOf(list: unknown): readonly unknown[] {
  const items = isMap(list) ? list["items"] : undefined;
  return isList(items) ? items.flatMap(managedFieldsOf) : [];
}

/** The border for lists (`metav1.List`): `items: null` is an empty list, a list without a resourceVersion is none. */
export function parseListPage(value: unknown, facts: KindFacts): ParsedListPage {
  const resourceVersion = fieldAt(value, "metadata", "resourceVersion");
  if (typeof resourceVersion !== "string" || resourceVersion === "") {
    return { type: "unreadable", problem: "the list has no metadata.resourceVersion" };
  }
  const items = fieldAt(value, "items") ?? [];
  if (!Array.isArray(items)) {
    return { type: "unreadable", problem: "the list's items are not a list" };
  }
  const objects: KubeObject[] = [];
  const unreadable: UnreadableItem[] = [];
  for (const item of items) {
    const parsed = parseKubeObject(item, facts);
    if (parsed.type === "object") objects.push(parsed.object);
    else unreadable.push({ problem: parsed.problem, ...identify(item) });
  }
  const token = fieldAt(value, "metadata", "continue");
  const more = typeof token === "string" && token !== "" ? { continueToken: token } : {};
  return { type: "page", page: { objects, unreadable, resourceVersion, ...more } };
}
