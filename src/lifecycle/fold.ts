import type { Change } from "../history/change.ts";
import type { Assessment } from "./health/assessment.ts";
import type { Outcome, Severity } from "./signal.ts";

export type ChangeOf<Type extends Change["type"]> = Extract<Change, { readonly type: Type }>;

export type InterpretOptions = {
  /** `k8s.cluster.name` of the counters. */
  readonly clusterName?: string;
  /** Nobody sends records below it: `status_updated`, half of all, is then counted without being made. By default all are made. */
  readonly minimumSeverity?: Severity;
};

/** The part of an Outcome that the present health gives. */
export function standing({ health, wakeAtMs }: Assessment): Pick<Outcome, "health" | "wakeAtMs"> {
  return { health, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) };
}
