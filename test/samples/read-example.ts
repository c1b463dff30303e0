import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { parseAllDocuments } from "yaml";
import { fieldAt } from "../../src/util/json.ts";
import type { NewObject } from "../testbed/admin-client.ts";

/** What a folder under `examples/` holds. */
export type Example = {
  /** The CRDs, as YAML. */
  readonly definitions: readonly NewObject[];
  readonly objects: readonly NewObject[];
  /** `lifeline.env`. */
  readonly env: Readonly<Record<string, string>>;
};

export async function readExample(name: string): Promise<Example> {
  const folder = new URL(`../../examples/${name}/`, import.meta.url);
  const [yaml, env] = await Promise.all([
    readFile(new URL("crds-and-objects.yaml", folder), "utf8"),
    readFile(new URL("lifeline.env", folder), "utf8"),
  ]);
  const objects = parseAllDocuments(yaml).map((document) => parseObject(document.toJS()));
  return {
    definitions: objects.filter(isDefinition),
    objects: objects.filter((object) => !isDefinition(object)),
    env: Object.fromEntries(
      Object.entries(parseEnv(env)).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value]],
      ),
    ),
  };
}

/** The object of that kind without its status, which an operator writes. */
export function specOf(example: Example, kind: string): NewObject {
  const { status: _status, ...object } = documentOf(example, kind);
  return object;
}

export function statusOf(example: Example, kind: string): Readonly<Record<string, unknown>> {
  const status = documentOf(example, kind)["status"];
  return Object.fromEntries(
    Object.entries(typeof status === "object" && status !== null ? status : {}),
  );
}

function documentOf(example: Example, kind: string): NewObject {
  const found = example.objects.find((object) => object.kind === kind);
  if (found === undefined)
    throw new Error(`Cannot find an object of kind "${kind}" in the example`);
  return found;
}

function parseObject(value: unknown): NewObject {
  const [apiVersion, kind] = [fieldAt(value, "apiVersion"), fieldAt(value, "kind")];
  const name = fieldAt(value, "metadata", "name");
  if (typeof apiVersion === "string" && typeof kind === "string" && typeof name === "string")
    // Its three required fields have just been looked at.
    return value as NewObject;
  throw new Error(`Cannot read example: it is no Kubernetes object: ${JSON.stringify(value)}`);
}

function isDefinition({ kind }: NewObject): boolean {
  return kind === "CustomResourceDefinition";
}
