import { fieldAt, isMap } from "../util/json.ts";
import { parseJson } from "../util/parse-json.ts";
import type { KindFacts, KubeObject } from "./kube-object.ts";
import { parseKubeObject } from "./parse-kube-object.ts";
import { parseStatus, type KubeStatus } from "./parse-status.ts";

/** One line of a watch (`metav1.WatchEvent`), by meaning. ADDED and MODIFIED are both `applied`: history knows which. */
export type WatchFrame =
  | { readonly type: "applied" | "deleted"; readonly object: KubeObject }
  | { readonly type: "bookmark"; readonly resourceVersion: string }
  | { readonly type: "error"; readonly status: KubeStatus }
  | { readonly type: "unreadable"; readonly problem: string };

export function parseWatchLine(line: string, facts: KindFacts): WatchFrame {
  const parsed = parseJson(line);
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

function parseObjectFrame(
  type: "applied" | "deleted",
  value: unknown,
  facts: KindFacts,
): WatchFrame {
  const parsed = parseKubeObject(value, facts);
  return parsed.type === "object" ? { type, object: parsed.object } : parsed;
}

function parseBookmark(value: unknown): WatchFrame {
  const resourceVersion = fieldAt(value, "metadata", "resourceVersion");
  if (typeof resourceVersion !== "string" || resourceVersion === "") {
    return { type: "unreadable", problem: "the bookmark has no metadata.resourceVersion" };
  }
  return { type: "bookmark", resourceVersion };
}
