import { unreachable } from "../util/unreachable.ts";
import type { Failure, Transition } from "./reflector-state.ts";
import type { ClusterReport, Report } from "./report.ts";
import { createWatchError } from "./watch-error.ts";
import { formatWatchKey, type WatchKey } from "./watch-event.ts";

/** Reports where a watch goes next and why; returns the error that its consumer is to be told, if there is one. */
export function reportTransition(
  { next, failure, reconnect }: Transition,
  retryInMs: number,
  { key, report }: { readonly key: WatchKey; readonly report: Report },
): Error | undefined {
  const watch = formatWatchKey(key);
  let error: Error | undefined;
  if (failure !== undefined) {
    error = createWatchError(key, failure);
    report(failureReport(failure, { watch, error, retryInMs, isRelist: next.type === "list" }));
  }
  if (next.type === "list" && next.reason !== "retry") {
    report({ type: "relist", watch, reason: next.reason });
  }
  if (reconnect !== undefined) report({ type: "reconnect", watch, cause: reconnect });
  return error;
}

function failureReport(
  failure: Failure,
  context: {
    readonly watch: string;
    readonly error: Error;
    readonly retryInMs: number;
    readonly isRelist: boolean;
  },
): ClusterReport {
  const { watch, error, retryInMs, isRelist } = context;
  const { verb } = failure;
  switch (failure.type) {
    case "forbidden":
      return { type: "kind-forbidden", watch, verb, error, retryInMs };
    case "missing":
      return { type: "kind-missing", watch, error, retryInMs };
    case "line": {
      const { problem, occurrence } = failure;
      const action = isRelist ? "relist" : "reconnect";
      return { type: "line-unreadable", watch, problem, occurrence, action };
    }
    case "refused": {
      const status = failure.cause.type === "status" ? { status: failure.cause.status } : {};
      return { type: "request-failed", watch, verb, ...status, error, retryInMs };
    }
    case "stream":
      return { type: "request-failed", watch, verb, error, retryInMs };
    default:
      return unreachable(failure);
  }
}
