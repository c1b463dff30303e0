import { fieldAt, isMap } from "../util/json.ts";
import { identify, type Identity } from "./identify.ts";
import type { KindFacts, KubeObject } from "./kube-object.ts";
import { parseKubeObject } from "./parse-kube-object.ts";
import { parseStatus, type KubeStatus } from "./parse-status.ts";
import { type KnownTries, managedFieldsOf, parseWithoutTries } from "./parse-without-tries.ts";

/** `metav1.InitialEventsAnnotationKey` (KEP-3157). */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/** One line of a watch (`metav1.WatchEvent`), by meaning. ADDED and MODIFIED are both `applied`: history knows which. */
export type WatchFrame =
  | { readonly type: "applied" | "deleted"; readonly object: KubeObject }
  | {
      readonly type: "bookmark";
      readonly resourceVersion: string;
      /** All that existed when the watch began has been shown. */
      readonly endsInitialEvents: boolean;
    }
  | { readonly type: "error"; readonly status: KubeStatus }
  /** `identity`: of an object that is there, but not as an object should be. */
  | { readonly type: "unreadable"; readonly problem: string; readonly identity?: Identity };

/** `tries`: those of the lines before, from the same watch. */
export function parseWatchLine(line: string, facts: KindFacts, tries: KnownTries): WatchFrame {
  const parsed = parseWithoutTries(line, tries, entriesOf);
  if (parsed.type === "not-json") return { type: "unreadable", problem: `it ${parsed.problem}` };
  const { value } = parsed;
  if (!isMap(value)) return { type: "unreadable", problem: "it is not a JSON object" };
  switch (value["type"]) {
    case "ADDED":
    case "MODIFIED":
      return parseObjectFrame("applied", value["object"], facts);
    case "DELETED":
      return parseObjectFrame("deleted", value["object"], facts);
    case "BOOKMARK":
      return parseBookmark(value["object"]);
    case "ERROR":
      return { type: "error", status: parseStatus(value["object"]) };
    default:
      return {
        type: "unreadable",
        problem: `its type is ${JSON.stringify(value["type"])?.slice(0, 100) ?? "missing"}, not ADDED, MODIFIED, DELETED, BOOKMARK or ERROR`,
      };
  }
}

function entriesOf(line: unknown): readonly unknown[] {
  return isMap(line) ? managedFieldsOf(line["object"]) : [];
}

function parseObjectFrame(
  type: "applied" | "deleted",
  value: unknown,
  facts: KindFacts,
): WatchFrame {
  const parsed = parseKubeObject(value, facts);
  if (parsed.type === "object") return { type, object: parsed.object };
  return type === "applied" && isMap(value) ? { ...parsed, identity: identify(value) } : parsed;
}

function parseBookmark(value: unknown): WatchFrame {
  const resourceVersion = fieldAt(value, "metadata", "resourceVersion");
  if (typeof resourceVersion !== "string" || resourceVersion === "") {
    return { type: "unreadable", problem: "the bookmark has no metadata.resourceVersion" };
  }
  const endsInitialEvents =
    fieldAt(value, "metadata", "annotations", INITIAL_EVENTS_END) === "true";
  return { type: "bookmark", resourceVersion, endsInitialEvents };
}
