import type { Difference } from "../../history/change.ts";
import { formatFieldPath } from "../../util/field-path.ts";
import { changeAttributes } from "../change-attributes.ts";
import type { EventTime } from "../event-time.ts";
import type { GuardedEvent } from "../flood-guard.ts";
import { type Subject, makeRecord } from "../record.ts";
import type { LogSignal, Severity } from "../signal.ts";
import { inSentence } from "./why.ts";

/** A sentence names so many paths; the record has more of them. */
const PATHS_IN_SENTENCE = 3;
const VALUE_MAX_LENGTH = 40;

export const SEVERITY_OF: Readonly<Record<GuardedEvent, Severity>> = {
  "lifeline.object.updated": "INFO",
  "lifeline.object.status_updated": "DEBUG",
};

/** Who wrote, and when. */
export type Write = { readonly managers: readonly string[]; readonly when: EventTime };

/** `lifeline.object.updated` or `lifeline.object.status_updated`. */
export function updatedRecord(
  subject: Subject,
  {
    event,
    differences,
  }: { readonly event: GuardedEvent; readonly differences: readonly Difference[] },
  { managers, when }: Write,
): LogSignal {
  return makeRecord(subject, {
    eventName: event,
    severity: SEVERITY_OF[event],
    when,
    sentence: `changed ${namedDifferences(differences)}${namedManagers(managers)}`,
    knownBy: "resourceVersion",
    attributes: changeAttributes(differences, managers),
  });
}

/** `spec.replicas 3 → 5, spec.image and 2 more`. */
export function namedDifferences(differences: readonly Difference[]): string {
  const named = differences.slice(0, PATHS_IN_SENTENCE).map(describe).join(", ");
  return differences.length > PATHS_IN_SENTENCE
    ? `${named} and ${differences.length - PATHS_IN_SENTENCE} more`
    : named;
}

/** `, by kubectl/Apply`; nothing where nobody knows. */
export function namedManagers(managers: readonly string[]): string {
  return managers.length === 0
    ? ""
    : `, by ${managers.slice(0, PATHS_IN_SENTENCE).map(inSentence).join(", ")}`;
}

function describe({ path, before, after }: Difference): string {
  const [from, to] = [brief(before), brief(after)];
  const values = from === undefined || to === undefined ? "" : ` ${from} → ${to}`;
  return inSentence(formatFieldPath(path)) + values;
}

/** Only scalars that read well are shown; the diff has them all. */
function brief(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string" || value.length > VALUE_MAX_LENGTH) return undefined;
  return inSentence(value) || undefined;
}
