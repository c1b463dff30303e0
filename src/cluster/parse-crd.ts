import { fieldAt } from "../util/json.ts";
import type { PrinterColumn, SchemaHints } from "./kube-object.ts";

/** What is kept of a CustomResourceDefinition: hints by the version that they are of. The schema itself is let go. */
export type CrdFacts = {
  readonly group: string;
  readonly resource: string;
  readonly hintsByVersion: ReadonlyMap<string, SchemaHints>;
  /** Those that discovery is to name, now or in a moment: none unless it is established, and while nobody deletes it. */
  readonly servedVersions: readonly string[];
  readonly storageVersion: string | undefined;
};

export const NO_HINTS: SchemaHints = { phases: [], printerColumns: [] };

/** Reads an `apiextensions.k8s.io/v1` CustomResourceDefinition; `undefined` if it names no group or plural. */
export function parseCrd(value: unknown): CrdFacts | undefined {
  const group = fieldAt(value, "spec", "group");
  const resource = fieldAt(value, "spec", "names", "plural");
  if (typeof group !== "string" || typeof resource !== "string") return undefined;
  const hintsByVersion = new Map<string, SchemaHints>();
  const versions = listAt(value, "spec", "versions");
  for (const version of versions) {
    const name = fieldAt(version, "name");
    if (typeof name !== "string") continue;
    const hints = { phases: readPhases(version), printerColumns: readPrinterColumns(version) };
    hintsByVersion.set(name, hints);
  }
  const servedVersions = readServedVersions(value);
  const storage = versions.find((version) => fieldAt(version, "storage") === true);
  const storageVersion = textOrNone(fieldAt(storage, "name"));
  return { group, resource, hintsByVersion, servedVersions, storageVersion };
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function readServedVersions(crd: unknown): readonly string[] {
  const isDeleted = fieldAt(crd, "metadata", "deletionTimestamp") !== undefined;
  if (isDeleted || !isEstablished(crd)) return [];
  return listAt(crd, "spec", "versions")
    .filter((version) => fieldAt(version, "served") === true)
    .map((version) => fieldAt(version, "name"))
    .filter((name) => typeof name === "string");
}

function isEstablished(crd: unknown): boolean {
  return listAt(crd, "status", "conditions").some(
    (condition) =>
      fieldAt(condition, "type") === "Established" && fieldAt(condition, "status") === "True",
  );
}

function readPhases(version: unknown): readonly string[] {
  const status = fieldAt(
    version,
    "schema",
    "openAPIV3Schema",
    "properties",
    "status",
    "properties",
  );
  for (const field of ["phase", "state"]) {
    const words = fieldAt(status, field, "enum");
    if (Array.isArray(words)) return words.filter((word) => typeof word === "string");
  }
  return [];
}

function readPrinterColumns(version: unknown): readonly PrinterColumn[] {
  return listAt(version, "additionalPrinterColumns").flatMap((column) => {
    const name = fieldAt(column, "name");
    const jsonPath = fieldAt(column, "jsonPath");
    const type = fieldAt(column, "type");
    if (typeof name !== "string" || typeof jsonPath !== "string") return [];
    if (type !== "integer" && type !== "number" && type !== "date") return [];
    return [{ name, jsonPath, type }];
  });
}

function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const list = fieldAt(value, ...path);
  return Array.isArray(list) ? list : [];
}
