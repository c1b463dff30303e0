import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { toError } from "../../util/to-error.ts";
import type { Finding } from "./finding.ts";

/** Where the state will be, and whether this user may write there. Makes nothing: a directory that is missing is made by the daemon. */
export function checkStateDirectory(
  configured: string | undefined,
  temporaryDirectory: string,
): Finding {
  if (configured === undefined) {
    const problem = whyNotWritable(temporaryDirectory);
    const columns = ["a private directory", `in ${temporaryDirectory}, removed at the end`];
    return problem === undefined
      ? {
          level: "note",
          columns,
          advice:
            "each start looks anew, and nothing is told of the time between; to remember, set LIFELINE_STATE_DIR to a directory that stays",
        }
      : unwritable([...columns, problem]);
  }
  const { directory, isMissing } = nearestExisting(resolve(configured));
  const problem = whyNotWritable(directory);
  if (problem !== undefined)
    return unwritable([configured, isMissing ? `missing, and ${directory}: ${problem}` : problem]);
  const what = isMissing ? "not there yet: the daemon makes it" : "writable";
  return { level: "ok", columns: [configured, what] };
}

function unwritable(columns: readonly string[]): Finding {
  return {
    level: "fail",
    columns,
    advice: "LIFELINE_STATE_DIR must be a directory that this user may write",
  };
}

/** What can't be looked at (no leave, a loop of links, a name that is too long) counts as there: `whyNotWritable` says what is wrong with it. */
function nearestExisting(path: string): {
  readonly directory: string;
  readonly isMissing: boolean;
} {
  let directory = path;
  while (directory !== dirname(directory) && isAbsent(directory)) directory = dirname(directory);
  return { directory, isMissing: directory !== path };
}

function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

function whyNotWritable(directory: string): string | undefined {
  try {
    if (!statSync(directory).isDirectory()) return "it is no directory";
    // oxlint-disable-next-line no-bitwise -- that is how modes are put together
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (thrown) {
    const error = toError(thrown);
    const code = "code" in error ? String(error.code) : error.message;
    return `not writable (${code})`;
  }
}
