import { unreachable } from "../util/unreachable.ts";
import { isRelist, type Failure, type Transition } from "./reflector-state.ts";
import type { ClusterReport, Report } from "./report.ts";
import { createWatchError } from "./watch-error.ts";
import { formatWatchKey, type WatchKey } from "./watch-event.ts";

/** Reports where a watch goes next and why; returns the error that its consumer is to be told, if there is one. */
export function reportTransition(
  transition: Transition,
  retryInMs: number,
  { key, report }: { readonly key: WatchKey; readonly report: Report },
): Error | undefined {
  const watch = formatWatchKey(key);
  const { next, failure, reconnect, fallback } = transition;
  let error: Error | undefined;
  if (failure !== undefined) {
    error = createWatchError(key, failure);
    report(failureReport(failure, { watch, error, retryInMs, leadsToList: next.type !== "watch" }));
  }
  if (fallback !== undefined) report({ type: "list-fallback", watch, reason: fallback });
  if (next.type !== "watch" && isRelist(transition)) {
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
    readonly leadsToList: boolean;
  },
): ClusterReport {
  const { watch, error, retryInMs, leadsToList } = context;
  const { verb } = failure;
  switch (failure.type) {
    case "forbidden":
      return { type: "kind-forbidden", watch, verb, error, retryInMs };
    case "missing":
      return { type: "kind-missing", watch, error, retryInMs };
    case "line": {
      const { problem, occurrence } = failure;
      const action = leadsToList ? "relist" : "reconnect";
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
