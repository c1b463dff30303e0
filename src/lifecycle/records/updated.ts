import type { Difference } from "../../history/change.ts";
import { formatFieldPath } from "../../util/field-path.ts";
import { changeAttributes } from "../change-attributes.ts";
import type { ClassifiedDifferences } from "../classify-differences.ts";
import type { EventTime } from "../event-time.ts";
import { type Subject, makeRecord } from "../record.ts";
import type { EventName, LogSignal, Severity } from "../signal.ts";
import { inSentence } from "./why.ts";

/** A sentence names so many paths; the record has more of them. */
const PATHS_IN_SENTENCE = 3;
const VALUE_MAX_LENGTH = 40;

/** Who wrote, and when. */
export type Write = { readonly managers: readonly string[]; readonly when: EventTime };

/** `lifeline.object.updated` and `lifeline.object.status_updated`, each if there is something to tell. */
export function updatedRecords(
  subject: Subject,
  classified: Omit<ClassifiedDifferences, "ticks">,
  write: Write,
): readonly LogSignal[] {
  const records: LogSignal[] = [];
  const add = (
    eventName: EventName,
    severity: Severity,
    differences: readonly Difference[],
  ): void => {
    if (differences.length === 0) return;
    records.push(
      makeRecord(subject, {
        eventName,
        severity,
        when: write.when,
        sentence: sentenceOf(differences, write.managers),
        knownBy: "resourceVersion",
        attributes: changeAttributes(differences, write.managers),
      }),
    );
  };
  add("lifeline.object.updated", "INFO", classified.updated);
  add("lifeline.object.status_updated", "DEBUG", classified.statusUpdated);
  return records;
}

/** `changed spec.replicas 3 → 5 and spec.image, by kubectl/Apply`. */
function sentenceOf(differences: readonly Difference[], managers: readonly string[]): string {
  const named = differences.slice(0, PATHS_IN_SENTENCE).map(describe).join(", ");
  const rest =
    differences.length > PATHS_IN_SENTENCE
      ? ` and ${differences.length - PATHS_IN_SENTENCE} more`
      : "";
  const by =
    managers.length === 0
      ? ""
      : `, by ${managers.slice(0, PATHS_IN_SENTENCE).map(inSentence).join(", ")}`;
  return `changed ${named}${rest}${by}`;
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
