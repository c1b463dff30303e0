import { definition } from "../support/definition.ts";
import type { NewObject } from "../testbed/admin-client.ts";

export const GROUP = "oddities.example.com";
export const NAMESPACE = "oddities";

/** Takes anything, with no hint about any of it. */
export const ODDITY = { apiVersion: `${GROUP}/v1`, kind: "Oddity" };
/** Has printer columns. */
export const GAUGED = { apiVersion: `${GROUP}/v1`, kind: "Gauged" };
/** For many small objects. */
export const ITEM = { apiVersion: `${GROUP}/v1`, kind: "Item" };

/** A kind whose every name is as long as the API server takes: a plural and a kind of 63, `plural.group` of 253. */
export const LENGTHY: Parameters<typeof definition>[0] = {
  plural: "l".repeat(63),
  group: ["g".repeat(63), "h".repeat(63), "i".repeat(61)].join("."),
  kind: "K".padEnd(63, "i"),
};

const COLUMNS = [
  { name: "Ready", type: "integer", jsonPath: ".status.counts.ready" },
  { name: "Backup", type: "date", jsonPath: ".status.lastBackup" },
  { name: "Level", type: "number", jsonPath: ".status.level" },
  { name: "Phase", type: "string", jsonPath: ".status.words" },
  { name: "First", type: "integer", jsonPath: ".status.list[0].size" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

export const DEFINITIONS: readonly NewObject[] = [
  definition({ group: GROUP, kind: "Oddity", plural: "curiosities" }),
  definition({ group: GROUP, kind: "Gauged", plural: "gaugeds", printerColumns: COLUMNS }),
  definition({ group: GROUP, kind: "Item", plural: "items" }),
  definition(LENGTHY),
];

type Rest = {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
};

/** A new object of this namespace. */
export function oddity(
  kind: { readonly apiVersion: string; readonly kind: string },
  name: string,
  { metadata, ...fields }: Rest = {},
): NewObject {
  return { ...kind, metadata: { name, namespace: NAMESPACE, ...metadata }, ...fields };
}
