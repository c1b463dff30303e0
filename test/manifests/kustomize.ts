import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { isMap } from "../../src/util/json.ts";
import type { NewObject } from "../testbed/admin-client.ts";

const run = promisify(execFile);

/** What `node test/manifests/update.ts` writes and a test compares: what kustomize makes of these directories of the repository. */
export const GOLDEN_TREE = [
  { file: "base.yaml", directory: fileURLToPath(new URL("../../manifests", import.meta.url)) },
  { file: "sidecar.yaml", directory: fileURLToPath(new URL("sidecar", import.meta.url)) },
  { file: "shards.yaml", directory: fileURLToPath(new URL("shards", import.meta.url)) },
  {
    file: "sidecar-in-place.yaml",
    directory: fileURLToPath(new URL("sidecar-in-place", import.meta.url)),
  },
] as const;

/** Where `file` of the golden tree is. */
export function goldenUrl(file: string): URL {
  return new URL(`golden/${file}`, import.meta.url);
}

/** Renders a kustomization; rejects with kustomize's own words when it refuses. */
export async function kustomize(kubectl: string, directory: string): Promise<string> {
  const { stdout } = await run(kubectl, ["kustomize", directory]);
  return stdout;
}

/** The objects of a YAML text. */
export function parseObjects(text: string): readonly NewObject[] {
  return parseAllDocuments(text).map((document) => {
    const value: unknown = document.toJS();
    if (!isObject(value)) throw new Error(`Cannot read as an object: ${String(document)}`);
    return value;
  });
}

function isObject(value: unknown): value is NewObject {
  return isMap(value) && typeof value["kind"] === "string" && isMap(value["metadata"]);
}
