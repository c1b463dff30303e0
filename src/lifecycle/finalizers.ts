import type { KubeObject } from "../cluster/kube-object.ts";
import { fieldAt } from "../util/json.ts";
import { cutUtf8 } from "../util/utf8.ts";

const FINALIZERS_MAX = 20;
/** The longest that the API server takes: a prefix of 253 bytes, a slash, a name of 63. */
const FINALIZER_MAX_BYTES = 317;

/** What holds the object back from going, at most 20. */
export function readFinalizers(object: KubeObject): readonly string[] {
  const finalizers = fieldAt(object.metadata, "finalizers");
  if (!Array.isArray(finalizers)) return [];
  const names = finalizers.filter(
    (finalizer): finalizer is string => typeof finalizer === "string",
  );
  return names.slice(0, FINALIZERS_MAX).map((name) => cutUtf8(name, FINALIZER_MAX_BYTES));
}
