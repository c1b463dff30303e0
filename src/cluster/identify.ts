import { fieldAt } from "../util/json.ts";
import type { KindFacts } from "./kube-object.ts";
import type { WatchKey } from "./watch-event.ts";

/** What something that is no Kubernetes object says of who it is. */
export type Identity = {
  readonly uid?: string;
  readonly namespace?: string;
  readonly name?: string;
};

export function identify(item: unknown): Identity {
  return {
    ...textOf(item, "uid"),
    ...textOf(item, "namespace"),
    ...textOf(item, "name"),
  };
}

/** What of it names one object in a watch: a name says nothing of a namespaced object whose namespace is unknown. */
export function identityWithin(
  { uid, namespace, name }: Identity,
  { facts, key }: { readonly facts: KindFacts; readonly key: WatchKey },
): Identity {
  const place = namespace ?? key.namespace;
  const isNamed = name !== undefined && (facts.scope === "Cluster" || place !== undefined);
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(isNamed ? { name } : {}),
    ...(isNamed && place !== undefined ? { namespace: place } : {}),
  };
}

function textOf(item: unknown, field: keyof Identity): Identity {
  const text = fieldAt(item, "metadata", field);
  return typeof text === "string" && text !== "" ? { [field]: text } : {};
}
