/**
 * One line of a report. `fail` makes the command end with 1; `note` is worth knowing, and no failure; `none` only tells.
 *
 * `columns` are aligned with those of the section's other findings. Findings with the same advice are told together at the end.
 */
export type Finding = {
  readonly level: "ok" | "note" | "fail" | "none";
  readonly columns: readonly string[];
  /** What was found, where it needs more words than a column holds: on lines of their own. */
  readonly details?: readonly string[];
  /** What would help. */
  readonly advice?: string;
};

export type Section = { readonly title: string; readonly findings: readonly Finding[] };
