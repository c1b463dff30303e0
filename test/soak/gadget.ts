import type { KubeObject } from "../../src/cluster/kube-object.ts";
import { fieldAt } from "../../src/util/json.ts";

export const GADGET_GROUP = "soak.example.com";

/** What of a gadget may be news, read from what the API server showed. */
export type Gadget = {
  readonly uid: string;
  readonly name: string;
  readonly version: number;
  readonly createdAtMs: number;
  readonly isDeleting: boolean;
  /** By path: the values whose change is `updated`, and those whose change is `status_updated`. */
  readonly values: Readonly<Record<ValuePath, unknown>>;
  readonly hasStatus: boolean;
  readonly phase: string | undefined;
  /** The condition `Ready`. */
  readonly ready: { readonly status: string; readonly reason: string } | undefined;
  /** All of the conditions as text: a message alone is no news, but company for what ticks. */
  readonly conditions: string;
};

export type ValuePath = (typeof SPEC_PATHS)[number] | (typeof STATUS_PATHS)[number];

export const SPEC_PATHS = ["spec.size", "metadata.labels.tier"] as const;
export const STATUS_PATHS = ["status.units", "status.checkedAt"] as const;

/** Reads one; throws for what is no gadget. */
export function readGadget(object: KubeObject): Gadget {
  const { metadata, status } = object;
  const { uid, name, resourceVersion, creationTimestamp } = metadata;
  const conditions = fieldAt(status, "conditions");
  const ready: unknown = Array.isArray(conditions)
    ? conditions.find((condition: unknown) => fieldAt(condition, "type") === "Ready")
    : undefined;
  const phase = fieldAt(status, "phase");
  return {
    uid,
    name,
    version: Number(resourceVersion),
    createdAtMs: Date.parse(creationTimestamp ?? ""),
    isDeleting: metadata.deletionTimestamp !== undefined,
    values: {
      "spec.size": fieldAt(object, "spec", "size"),
      "metadata.labels.tier": fieldAt(metadata, "labels", "tier"),
      "status.units": fieldAt(status, "units"),
      "status.checkedAt": fieldAt(status, "checkedAt"),
    },
    hasStatus: status !== undefined,
    phase: typeof phase === "string" ? phase : undefined,
    ready:
      ready === undefined
        ? undefined
        : { status: String(fieldAt(ready, "status")), reason: String(fieldAt(ready, "reason")) },
    conditions: JSON.stringify(conditions),
  };
}

const HEALTH_OF_PHASE: Readonly<Record<string, string>> = {
  Provisioning: "progressing",
  Ready: "current",
  Degraded: "degraded",
  Failed: "failed",
};

/** docs/health.md, as far as gadgets can be in these states. */
export function healthOf({ isDeleting, ready, phase, hasStatus }: Gadget): string {
  if (isDeleting) return "terminating";
  const ofPhase = phase === undefined ? undefined : HEALTH_OF_PHASE[phase];
  if (ready === undefined) return ofPhase ?? (hasStatus ? "current" : "unknown");
  switch (ready.status) {
    case "True":
      return ofPhase === "degraded" ? ofPhase : "current";
    case "False":
      return /Failed/.test(ready.reason) ? "failed" : "progressing";
    default:
      return "progressing";
  }
}
