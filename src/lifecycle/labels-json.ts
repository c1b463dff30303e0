import type { KubeObject } from "../cluster/kube-object.ts";
import { fieldAt, isMap } from "../util/json.ts";
import { utf8Length } from "../util/utf8.ts";

/** No object in good order comes near: a label is at most 380 bytes. */
const LABELS_MAX_BYTES = 8 * 1_024;

/** `lifeline.labels`: the object's labels as one JSON string; those beyond 8 KiB are left out. Absent without labels. */
export function labelsJson(object: KubeObject): string | undefined {
  const labels = fieldAt(object.metadata, "labels");
  if (!isMap(labels)) return undefined;
  let json = "";
  for (const [key, value] of Object.entries(labels)) {
    if (typeof value !== "string") continue;
    const entry = `${json === "" ? "" : ","}${JSON.stringify(key)}:${JSON.stringify(value)}`;
    if (json.length + entry.length > LABELS_MAX_BYTES) continue;
    if (utf8Length(json) + utf8Length(entry) + "{}".length <= LABELS_MAX_BYTES) json += entry;
  }
  return json === "" ? undefined : `{${json}}`;
}
