import { unreachable } from "../util/unreachable.ts";
import type { ApiFailure } from "./api-client.ts";
import type { Failure } from "./reflector-state.ts";
import { formatResource, type WatchKey } from "./watch-event.ts";

/** The failure of one watch in one sentence: what was tried, on what, what came back, what would help. */
export function createWatchError(key: WatchKey, failure: Failure): Error {
  const tried = `Cannot ${failure.verb} ${formatResource(key)} ${place(key)}`;
  switch (failure.type) {
    case "forbidden":
      return wrap(
        `${tried}: API server answered 403, needs verb "${failure.verb}" on "${formatResource(key)}"${quoteAnswer(failure.cause)}`,
        failure.cause.error,
      );
    case "missing":
      return wrap(
        `${tried}: API server answered 404, does it still serve "${formatResource(key)}"?${quoteAnswer(failure.cause)}`,
        failure.cause.error,
      );
    case "refused":
      return wrap(`${tried}: ${describe(failure.cause)}`, failure.cause.error);
    case "stream":
      return wrap(`${tried}: ${failure.problem}`, failure.cause);
    case "line":
      return new Error(`${tried}: a line of its answer can't be read: ${failure.problem}`);
    default:
      return unreachable(failure);
  }
}

function place({ namespace, labelSelector }: WatchKey): string {
  const where = namespace === undefined ? "in the cluster" : `in namespace "${namespace}"`;
  return labelSelector === undefined ? where : `${where} with labels "${labelSelector}"`;
}

function describe(failure: ApiFailure): string {
  if (failure.type === "failed") return failure.error.message;
  const help = failure.status === 401 ? "; are the credentials still valid?" : "";
  return `API server answered ${failure.status}${quoteAnswer(failure)}${help}`;
}

function quoteAnswer(failure: ApiFailure): string {
  return failure.type === "status" && failure.answer.message !== ""
    ? `: ${failure.answer.message}`
    : "";
}

function wrap(message: string, cause: Error | undefined): Error {
  return new Error(message, cause === undefined ? {} : { cause });
}
