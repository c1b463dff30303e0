import type { KubeObject } from "../../cluster/kube-object.ts";
import { fieldAt } from "../../util/json.ts";
import type { Condition } from "../conditions.ts";

/**
 * kstatus' words for an object that exists (kubernetes-sigs/cli-utils, `pkg/kstatus/status`).
 *
 * `Unknown` is what its pollers say when a rule fails; `NotFound` is theirs alone, since it takes a missing object.
 */
export type KstatusStatus = "InProgress" | "Failed" | "Current" | "Terminating" | "Unknown";

export type KstatusResult = {
  readonly status: KstatusStatus;
  /** One CamelCase word: for InProgress and Failed the reason that kstatus gives, else ours. */
  readonly reason: string;
  readonly message: string;
  /** Unix milliseconds at which time alone will change the answer. */
  readonly wakeAtMs?: number;
};

/** What one built-in kind's status means, once nothing generic has decided. */
export type KstatusRule = (subject: KstatusSubject) => KstatusResult;

export type KstatusSubject = {
  readonly object: KubeObject;
  readonly conditions: readonly Condition[];
  readonly nowMs: number;
};

export function asCurrent(reason: string, message: string): KstatusResult {
  return { status: "Current", reason, message };
}

export function asInProgress(reason: string, message: string): KstatusResult {
  return { status: "InProgress", reason, message };
}

export function asFailed(reason: string, message: string): KstatusResult {
  return { status: "Failed", reason, message };
}

/** An erroring rule, as a value: the object has a shape for which kstatus has no answer. */
export function cannotTell(reason: string, message: string): KstatusResult {
  return { status: "Unknown", reason, message };
}

/** The integer at a path; anything else counts as absent, as in kstatus' `GetIntField`. */
export function integerAt(value: unknown, path: readonly string[], fallback: number): number {
  const found = fieldAt(value, ...path);
  return typeof found === "number" && Number.isInteger(found) ? found : fallback;
}

/** The string at a path; anything else counts as absent, as in kstatus' `GetStringField`. */
export function textAt(value: unknown, path: readonly string[], fallback = ""): string {
  const found = fieldAt(value, ...path);
  return typeof found === "string" ? found : fallback;
}
