import { join } from "node:path";
import type { DeadLetterRow } from "../../store/dead-letters.ts";
import { inspectDeadLetters } from "../../store/inspect-database.ts";
import { FILE_NAME } from "../../store/open-database.ts";
import { unreachable } from "../../util/unreachable.ts";
import { askDaemonForDeadLetters } from "../ask-daemon.ts";
import type { Configuration } from "../configuration.ts";
import { formatProblems } from "../configuration-problem.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { readSetup } from "../read-setup.ts";
import type { CommandOptions } from "./command-table.ts";
import { describeAnswer } from "./describe-answer.ts";
import { formatDeadLetter, formatDeadLetterJson } from "./format-dead-letter.ts";
import { realPath } from "./real-path.ts";
import type { Surroundings } from "./surroundings.ts";

/** `lifeline dead-letters`: what the collector refused on stdout, oldest first; on stderr how many, or why it can't be told. */
export async function runDeadLetters(
  options: CommandOptions,
  { env, home, stdout, stderr }: Surroundings,
): Promise<number> {
  const setup = readSetup(env, { home, bareTerminal: stdout.isTerminal });
  if (setup.type === "invalid") {
    stderr.write(formatProblems(setup.problems));
    return EXIT_CODE.wrongConfiguration;
  }
  const found = await find(setup.configuration);
  if (found instanceof Error) {
    stderr.write(`Cannot tell the dead letters: ${found.message}\n`);
    return EXIT_CODE.failed;
  }
  const format = options.has("--json") ? formatDeadLetterJson : formatDeadLetter;
  for (const row of found) stdout.write(`${format(row)}\n`);
  if (found.length === 0)
    stderr.write("There are no dead letters: the collector refused nothing.\n");
  return EXIT_CODE.well;
}

/** From the daemon that has the file, else from the file itself. */
async function find({
  httpAddress,
  stateDirectory,
}: Pick<Configuration, "httpAddress" | "stateDirectory">): Promise<
  readonly DeadLetterRow[] | Error
> {
  const answer = await askDaemonForDeadLetters(httpAddress);
  const isOurs =
    answer?.type === "answered" &&
    (stateDirectory === undefined ||
      realPath(answer.facts.path) === realPath(join(stateDirectory, FILE_NAME)));
  if (isOurs) return answer.facts.deadLetters;
  const asked = describeAnswer(answer);
  if (stateDirectory === undefined)
    return new Error(
      `${asked}, and LIFELINE_STATE_DIR is not set; set it, or LIFELINE_HTTP_ADDRESS to where a daemon of this machine listens`,
    );
  return readFile(stateDirectory, asked);
}

function readFile(stateDirectory: string, asked: string): readonly DeadLetterRow[] | Error {
  const inspection = inspectDeadLetters(stateDirectory);
  const path = inspection.type === "inspected" ? "" : inspection.path;
  switch (inspection.type) {
    case "inspected":
      return inspection.facts;
    case "missing":
      return new Error(`${asked}, and there is no ${path}; is LIFELINE_STATE_DIR the daemon's?`);
    case "in-use":
      return new Error(
        `${asked}, and another process has ${path}; set LIFELINE_HTTP_ADDRESS to that of the daemon that has the file`,
      );
    case "newer":
      return new Error(`${asked}, and a later version wrote ${path}; run that version`);
    case "unreadable":
      return new Error(
        `${asked}, and ${path} can't be read: ${inspection.error.message}; \`lifeline check --state\` says more`,
      );
    default:
      return unreachable(inspection);
  }
}
