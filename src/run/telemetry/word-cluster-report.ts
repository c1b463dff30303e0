import type { ClusterReport, FallbackReason, ReconnectCause } from "../../cluster/report.ts";
import { describeError } from "./describe-error.ts";
import { dispatch, type VariantTable } from "./dispatch.ts";
import { SILENT, type Wording } from "./wording.ts";

/** What the cluster room reports, in words. */
export function wordClusterReport(report: ClusterReport): Wording {
  return dispatch(WORDS, report);
}

type ReportOf<Type extends ClusterReport["type"]> = Extract<ClusterReport, { readonly type: Type }>;

const WORDS: VariantTable<ClusterReport, Wording> = {
  "watch-state": wordWatchState,
  "list-started": ({ watch, reason, method }) =>
    debug(`Listing ${watch}`, { watch, reason, method }),
  "list-done": ({ watch, count, durationMs }) =>
    debug(`Listed ${watch}`, { watch, objects: count, durationMs }),
  "list-fallback": wordFallback,
  "list-resumed": ({ watch }) => debug(`Listing ${watch} goes on with a newer state`, { watch }),
  relist: ({ watch, reason }) => ({
    type: "spoken",
    level: "info",
    message: `Listing ${watch} anew`,
    fields: { watch, reason },
    repetition: { type: "limited", subject: `relist ${watch}`, state: reason },
  }),
  reconnect: wordReconnect,
  "request-failed": ({ watch, verb, status, error, retryInMs }) => ({
    type: "spoken",
    level: "warn",
    message: `Cannot ${verb} ${watch}: ${describeError(error)}`,
    fields: { watch, verb, status, retryInMs },
    repetition: {
      type: "limited",
      subject: `watch ${watch}`,
      state: `${verb} ${status ?? "no answer"}`,
    },
  }),
  "kind-forbidden": (report) =>
    wordUnavailable(
      report,
      `Not allowed to ${report.verb} ${report.watch}; other kinds go on, this one is tried again`,
    ),
  "kind-missing": (report) =>
    wordUnavailable(
      report,
      `The API server does not serve ${report.watch}, which discovery named; it is tried again`,
    ),
  "line-unreadable": ({ watch, problem, occurrence, action }) => ({
    type: "spoken",
    level: "warn",
    message: `Cannot read a line of the watch of ${watch}: ${ACTION_WORDS[action]}`,
    fields: { watch, problem, occurrence },
    repetition: { type: "limited", subject: `line ${watch}`, state: action },
  }),
  "item-unreadable": ({ watch, problem }) => ({
    type: "spoken",
    level: "warn",
    message: `Skipped an item in the list of ${watch} that is no Kubernetes object`,
    fields: { watch, problem },
    repetition: { type: "limited", subject: `item ${watch}`, state: "item-unreadable" },
  }),
  "credentials-refreshed": ({ source }) => ({
    type: "spoken",
    level: "info",
    message: `Credentials from ${source} can be read again`,
    fields: { source },
    repetition: { type: "recovered", subject: `credentials ${source}` },
  }),
  "credentials-failed": ({ source, error }) => ({
    type: "spoken",
    level: "warn",
    message: `${describeError(error)}; it is tried again`,
    fields: { source },
    repetition: { type: "limited", subject: `credentials ${source}`, state: "credentials-failed" },
  }),
};

const ACTION_WORDS: Readonly<Record<ReportOf<"line-unreadable">["action"], string>> = {
  reconnect: "watching anew",
  relist: "listing anew",
  skip: "skipped it",
};

const RECONNECT_WORDS: Readonly<Record<Exclude<ReconnectCause, "closed" | "unreadable">, string>> =
  {
    idle: "no byte came for too long",
    broken: "the connection broke",
    "error-frame": "the API server ended it with an error",
  };

const FALLBACK_WORDS: Readonly<Record<Exclude<FallbackReason, "refused">, string>> = {
  "never-ends": "the stream of what exists does not end",
  "cut-short": "the stream of what exists ends too soon, time and again",
};

/** That a server knows no streams is how it is made. */
function wordFallback({ watch, reason }: ReportOf<"list-fallback">): Wording {
  if (reason === "refused") return debug(`Listing ${watch} page by page`, { watch, reason });
  return {
    type: "spoken",
    level: "info",
    message: `Listing ${watch} page by page: ${FALLBACK_WORDS[reason]}`,
    fields: { watch, reason },
    repetition: { type: "limited", subject: `fallback ${watch}`, state: reason },
  };
}

/** A watch that stands says that it is back, which the guard lets through only if it had failed. */
function wordWatchState({ watch, state }: ReportOf<"watch-state">): Wording {
  if (state !== "watching") return debug(`Watch of ${watch} is ${state}`, { watch });
  return {
    type: "spoken",
    level: "info",
    message: `Watching ${watch} again`,
    fields: { watch },
    repetition: { type: "recovered", subject: `watch ${watch}` },
  };
}

/** A watch that the server closes in time is everyday life, and unreadable lines are told by themselves. */
function wordReconnect({ watch, cause }: ReportOf<"reconnect">): Wording {
  if (cause === "closed" || cause === "unreadable") return SILENT;
  return {
    type: "spoken",
    level: "info",
    message: `Watching ${watch} anew: ${RECONNECT_WORDS[cause]}`,
    fields: { watch, cause },
    repetition: { type: "limited", subject: `reconnect ${watch}`, state: cause },
  };
}

/** Nothing gets better by saying it again, so this is said once until it changes. */
function wordUnavailable(
  report: ReportOf<"kind-forbidden" | "kind-missing">,
  message: string,
): Wording {
  const { watch, error, retryInMs } = report;
  return {
    type: "spoken",
    level: "warn",
    message,
    fields: { watch, error: describeError(error), retryInMs },
    repetition: { type: "once", subject: `watch ${watch}`, state: report.type },
  };
}

function debug(message: string, fields: Readonly<Record<string, string | number>>): Wording {
  return { type: "spoken", level: "debug", message, fields };
}
