import type { OwnLogFields, OwnLogLevel } from "../own-log.ts";

/** How one report is told to people; `silent`: it is only counted. */
export type Wording = { readonly type: "silent" } | SpokenWording;

type SpokenWording = {
  readonly type: "spoken";
  readonly level: OwnLogLevel;
  readonly message: string;
  readonly fields?: OwnLogFields;
  readonly repetition?: Repetition;
};

/**
 * What to do about saying the same again. `subject` is what fails or recovers, `state` how it is.
 *
 * `limited`: loud at first and when the state changes, else counted and said again once per window.
 * `once`: said again only after another state. `recovered`: said only if the subject was failing.
 */
export type Repetition =
  | { readonly type: "limited" | "once"; readonly subject: string; readonly state: string }
  | { readonly type: "recovered"; readonly subject: string };

export const SILENT: Wording = { type: "silent" };
