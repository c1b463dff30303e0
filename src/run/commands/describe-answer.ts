import { unreachable } from "../../util/unreachable.ts";
import type { DaemonAnswer } from "../ask-daemon.ts";

/** What came of asking a daemon, where it was not for the file that is wanted: part of a sentence. */
export function describeAnswer(
  answer: DaemonAnswer<{ readonly path: string }> | undefined,
): string {
  switch (answer?.type) {
    case undefined:
      return "no daemon was asked, as LIFELINE_HTTP_ADDRESS is off";
    case "nobody":
      return `no daemon listens at ${answer.url}`;
    case "answered":
      return `the daemon at ${answer.url} has another file: ${answer.facts.path}`;
    case "failed":
      return answer.error.message;
    default:
      return unreachable(answer);
  }
}
