import type { KubeObject } from "../cluster/kube-object.ts";
import { fieldAt } from "../util/json.ts";
import { cutUtf8 } from "../util/utf8.ts";

/** Longer than any phase that is meant as one; memory and series hold phases. */
const PHASE_MAX_BYTES = 128;

export type Phase = { readonly value: string; readonly field: "phase" | "state" };

/** `status.phase`, else `status.state`, where it is a string with something in it; cut to 128 bytes. */
export function readPhase(object: KubeObject): Phase | undefined {
  for (const field of ["phase", "state"] as const) {
    const value = fieldAt(object.status, field);
    if (typeof value === "string" && value !== "")
      return { value: cutUtf8(value, PHASE_MAX_BYTES), field };
  }
  return undefined;
}
