import type { PipelineReport } from "../../pipeline/report.ts";
import { formatDuration } from "../../util/format-duration.ts";
import type { OwnLogFields } from "../own-log.ts";
import { describeError } from "./describe-error.ts";
import { dispatch, type VariantTable } from "./dispatch.ts";
import { SILENT, type Wording } from "./wording.ts";

/** How many names a message lists before it only counts. */
const NAMES_MAX = 50;

/** What the pipeline reports, in words. */
export function wordPipelineReport(report: PipelineReport): Wording {
  return dispatch(WORDS, report);
}

type ReportOf<Type extends PipelineReport["type"]> = Extract<
  PipelineReport,
  { readonly type: Type }
>;

const WORDS: VariantTable<PipelineReport, Wording> = {
  commit: () => SILENT,
  "commit-failed": ({ error, changes }) => ({
    type: "spoken",
    level: "error",
    message:
      changes === 0
        ? `Cannot write to the state file: ${describeError(error)}; the watches wait, and it is tried again`
        : `Cannot write ${changes} changes to the state file: ${describeError(error)}; ` +
          "they are kept in memory, the watches wait, and it is tried again",
    fields: { changes },
    repetition: { type: "limited", subject: "commit", state: "commit-failed" },
  }),
  "state-unreadable": ({ error }) => ({
    type: "spoken",
    level: "error",
    message: `Cannot read the state file: ${describeError(error)}; the watches wait, and it is tried again`,
    repetition: { type: "limited", subject: "commit", state: "state-unreadable" },
  }),
  "commit-recovered": ({ heldMs }) => ({
    type: "spoken",
    level: "info",
    message: `The state file can be used again after ${formatDuration(heldMs)}`,
    repetition: { type: "recovered", subject: "commit" },
  }),
  "watch-started": ({ watch, from }) =>
    spoken("debug", `Watching ${watch} begins`, { watch, from: from ?? "a first list" }),
  "watch-stopped": ({ watch, reason }) =>
    spoken("info", `Watching ${watch} ended: ${reason}`, { watch }),
  "watch-forgotten": ({ watch, objects, untold }) =>
    spoken(
      "info",
      `Forgot ${watch}, which is no longer configured, and what was remembered of ${objects} objects` +
        (untold === 0
          ? ""
          : `; the last changes of ${untold} of them, which waited for room, are never told`),
      { watch, objects, untold },
    ),
  "redaction-renewed": ({ objects, durationMs, waiting }) =>
    spoken(
      waiting === 0 ? "info" : "warn",
      `Redacted what is remembered by the rules of this version: ${objects} objects hold less than before` +
        (waiting === 0
          ? ""
          : `; ${waiting} records that wait to be sent were made by the old rules and go out as they are`),
      { objects, durationMs, waiting },
    ),
  "watch-synced": ({ watch, objects, durationMs }) =>
    spoken("info", `Synced ${watch}: ${objects} objects`, { watch, objects, durationMs }),
  "watch-stale": ({ watch, silentMs, error }) => ({
    type: "spoken",
    level: "warn",
    message:
      `No sign of life from ${watch} for ${formatDuration(silentMs)}: ${error ?? "nothing failed, the API server is silent"}; ` +
      "the gauges of its objects are not sent until there is one",
    fields: { watch, silentMs },
    repetition: { type: "limited", subject: `stale ${watch}`, state: "watch-stale" },
  }),
  "watch-sees-again": ({ watch }) => ({
    type: "spoken",
    level: "info",
    message: `${watch} gives signs of life again: the gauges of its objects are sent again`,
    fields: { watch },
    repetition: { type: "recovered", subject: `stale ${watch}` },
  }),
  // The cluster room has already told the request that failed, with its status.
  "watch-failed": ({ watch, error }) =>
    spoken("debug", `Watching ${watch} failed for now: ${describeError(error)}`, { watch }),
  "watch-crashed": ({ watch, error }) => ({
    type: "spoken",
    level: "error",
    message: `Cannot take what ${watch} tells: ${describeError(error)}; it is asked again from the last position, please report this`,
    fields: { watch, stack: error.stack },
    repetition: { type: "limited", subject: `watch ${watch}`, state: "watch-crashed" },
  }),
  // The same subject and state as when the cluster room finds it out: it is said once, whoever says it.
  "watch-forbidden": ({ watch, missing }) => ({
    type: "spoken",
    level: "warn",
    message: `Not allowed to watch ${watch}: ${missing}; other kinds go on`,
    fields: { watch, missing },
    repetition: { type: "once", subject: `watch ${watch}`, state: "kind-forbidden" },
  }),
  "watch-allowed": ({ watch }) => ({
    type: "spoken",
    level: "info",
    message: `Allowed to watch ${watch} now`,
    fields: { watch },
    repetition: { type: "recovered", subject: `watch ${watch}` },
  }),
  "kind-gone": ({ watch }) =>
    spoken("info", `The API server no longer serves ${watch}: its objects are gone`, { watch }),
  "stale-event": ({ watch, object }) =>
    spoken("debug", `Ignored an old version of ${object}`, { watch, object }),
  "object-skipped": ({ watch, object, error }) => ({
    type: "spoken",
    level: "error",
    message: `Cannot make sense of ${object}: ${describeError(error)}; it is skipped, please report this`,
    fields: { watch, object, stack: error.stack },
    repetition: { type: "limited", subject: `object ${watch}`, state: "object-skipped" },
  }),
  "first-look-withheld": ({ watch, records }) =>
    spoken(
      "info",
      `Withheld ${records} records of the first look at ${watch}; LIFELINE_INITIAL=all sends them`,
      { watch, records },
    ),
  "outbox-full": ({ sizeBytes, maxBytes }) => ({
    type: "spoken",
    level: "warn",
    message:
      `${sizeBytes} bytes of records wait for the collector, LIFELINE_OUTBOX_MAX is ${maxBytes}: ` +
      "from now on the changes of each object collapse into one, which is told when there is room",
    fields: { sizeBytes, maxBytes },
    repetition: { type: "limited", subject: "outbox", state: "outbox-full" },
  }),
  "changes-withheld": () => SILENT,
  "spans-dropped": ({ spans }) => ({
    type: "spoken",
    level: "warn",
    message: `${spans} spans of traces that ended now found no room among what waits for the collector, and are lost`,
    fields: { spans },
    repetition: { type: "limited", subject: "outbox spans", state: "spans-dropped" },
  }),
  "outbox-caught-up": ({ behindMs, changes, netChanges }) => ({
    type: "spoken",
    level: "info",
    message:
      `All that found no room in the outbox is told, ${formatDuration(behindMs)} after it was full: ` +
      `${changes} changes collapsed into those of ${netChanges} objects`,
    fields: { changes, netChanges },
    repetition: { type: "recovered", subject: "outbox" },
  }),
  exported: () => SILENT,
  "export-failed": ({ signal, error }) => ({
    type: "spoken",
    level: "warn",
    message: `Cannot send ${signal} to the collector: ${describeError(error)}; tried again until it takes them`,
    fields: { signal },
    repetition: { type: "limited", subject: `export ${signal}`, state: "export-failed" },
  }),
  "export-unwelcome": ({ signal, error }) => ({
    type: "spoken",
    level: "error",
    message:
      `The collector refuses all ${signal}: ${describeError(error)}; ` +
      "is OTEL_EXPORTER_OTLP_ENDPOINT its address, OTEL_EXPORTER_OTLP_HEADERS what it asks for, and does it take this signal? " +
      `Set OTEL_${signal.toUpperCase()}_EXPORTER=none if it is to get none. ` +
      "It is tried again now and then, `lifeline check` tries it at once",
    fields: { signal },
    repetition: { type: "limited", subject: `export ${signal}`, state: "export-unwelcome" },
  }),
  "export-recovered": ({ signal, failedMs }) => ({
    type: "spoken",
    level: "info",
    message: `The collector takes ${signal} again after ${formatDuration(failedMs)}`,
    fields: { signal },
    repetition: { type: "recovered", subject: `export ${signal}` },
  }),
  "export-rejected": ({ signal, items, of, message }) => ({
    type: "spoken",
    level: "warn",
    message:
      `The collector rejected ${of === undefined ? items : `${items} of ${of}`} items of ${signal} for good, ` +
      `it does not say which: ${message}`,
    fields: { signal, items, of },
    repetition: { type: "limited", subject: `rejected ${signal}`, state: "export-rejected" },
  }),
  "export-refused": ({ signal, items, error }) => ({
    type: "spoken",
    level: "error",
    message: `The collector refused ${items} items of ${signal} for good, they are lost: ${describeError(error)}`,
    fields: { signal, items },
    repetition: { type: "limited", subject: `refused ${signal}`, state: "export-refused" },
  }),
  "export-set-aside": ({ signal, items, error, forgotten }) => ({
    type: "spoken",
    level: "error",
    message: `The collector refused ${items} items of ${signal} for good: ${describeError(error)}; set aside, \`lifeline dead-letters\` prints them`,
    fields: { signal, items, forgotten },
    repetition: { type: "limited", subject: `refused ${signal}`, state: "export-set-aside" },
  }),
  "discovery-failed": ({ error }) => ({
    type: "spoken",
    level: "warn",
    message: `Cannot find out what the API server serves: ${describeError(error)}`,
    repetition: { type: "limited", subject: "discovery", state: "discovery-failed" },
  }),
  "kinds-chosen": wordKindsChosen,
};

function wordKindsChosen({ watches, hidden, unmatched }: ReportOf<"kinds-chosen">): Wording {
  const fields = { watches: some(watches), hidden: some(hidden), unmatched: some(unmatched) };
  const kinds = watches.length === 1 ? "1 kind" : `${watches.length} kinds`;
  if (unmatched.length === 0) return spoken("info", `Watching ${kinds}`, fields);
  return spoken(
    "warn",
    `Watching ${kinds}; nothing matches ${some(unmatched).join(", ")} of LIFELINE_RESOURCES`,
    fields,
  );
}

function some(names: readonly string[]): readonly string[] {
  return names.length <= NAMES_MAX
    ? names
    : [...names.slice(0, NAMES_MAX), `and ${names.length - NAMES_MAX} more`];
}

function spoken(level: "debug" | "info" | "warn", message: string, fields: OwnLogFields): Wording {
  return { type: "spoken", level, message, fields };
}
