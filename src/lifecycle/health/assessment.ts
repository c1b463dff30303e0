import type { KindFacts, KubeObject } from "../../cluster/kube-object.ts";
import { unreachable } from "../../util/unreachable.ts";
import type { Condition } from "../conditions.ts";
import type { Health } from "../health-words.ts";
import type { KstatusResult, KstatusStatus } from "./kstatus-result.ts";

/** How an object stands, and the fact that says so. */
export type Assessment = {
  readonly health: Health;
  /** One CamelCase word, of the controller where it gave one: few values, fit for an attribute. */
  readonly reason: string;
  /** One sentence for people, holding the controller's own message where there is one. */
  readonly message: string;
  /** Unix milliseconds at which time alone will change the answer. */
  readonly wakeAtMs?: number;
};

/** What the rules look at, read from the object once. */
export type Subject = {
  readonly object: KubeObject;
  readonly facts: KindFacts;
  readonly nowMs: number;
  readonly conditions: readonly Condition[];
  /** The one condition that sums the object up, where it has one. */
  readonly summary: Condition | undefined;
};

/** One row of docs/health.md's table: an answer, or `undefined` where the next row is to be asked. */
export type HealthRule = (subject: Subject) => Assessment | undefined;

/** The answer that a condition gives. */
export function byCondition(health: Health, condition: Condition, about = ""): Assessment {
  const { type, status, reason, message } = condition;
  const text = message === "" ? "" : `: ${message}`;
  return {
    health,
    reason: reason === "" ? type : reason,
    message: `${about}${type} is ${status}${text}`,
  };
}

/** kstatus' answer in our words. */
export function fromKstatus(result: KstatusResult): Assessment {
  const { status, reason, message, wakeAtMs } = result;
  const health = healthOfKstatus(status);
  const wake = wakeAtMs === undefined ? undefined : { wakeAtMs };
  return { health, reason: reason === "" ? status : reason, message, ...wake };
}

function healthOfKstatus(status: KstatusStatus): Health {
  switch (status) {
    case "Current":
      return "current";
    case "InProgress":
      return "progressing";
    case "Failed":
      return "failed";
    case "Terminating":
      return "terminating";
    case "Unknown":
      return "unknown";
    default:
      return unreachable(status);
  }
}
