import { join } from "node:path";
import { FILE_NAME } from "../../store/open-database.ts";
import {
  inspectStateFile,
  type Inspection,
  type StateFacts,
} from "../../store/inspect-database.ts";
import { unreachable } from "../../util/unreachable.ts";
import { askDaemonForState, type DaemonAnswer } from "../ask-daemon.ts";
import type { Configuration } from "../configuration.ts";
import { describeAnswer } from "./describe-answer.ts";
import type { Finding, Section } from "./finding.ts";
import { realPath } from "./real-path.ts";

/** What is in the state file, from the daemon that has it, else from the file itself. */
export async function checkStateFile({
  httpAddress,
  stateDirectory,
}: Pick<Configuration, "httpAddress" | "stateDirectory">): Promise<readonly Section[]> {
  const answer = await askDaemonForState(httpAddress);
  if (stateDirectory === undefined) return [checkDaemonAlone(answer)];
  const path = realPath(join(stateDirectory, FILE_NAME));
  if (answer?.type === "answered" && realPath(answer.facts.path) === path)
    return [describeFacts(answer.facts, `told by the daemon at ${answer.url}`)];
  const asked = describeAnswer(answer);
  return [describeInspection(inspectStateFile(stateDirectory), asked)];
}

/** Without LIFELINE_STATE_DIR only the daemon knows where its file is. */
function checkDaemonAlone(answer: DaemonAnswer | undefined): Section {
  if (answer?.type === "answered")
    return describeFacts(answer.facts, `told by the daemon at ${answer.url}`);
  return failed("State file", {
    columns: ["no file to look at: LIFELINE_STATE_DIR is not set"],
    details: [describeAnswer(answer)],
    advice:
      "set LIFELINE_STATE_DIR, or LIFELINE_HTTP_ADDRESS to where a daemon of this machine listens",
  });
}

function describeInspection(inspection: Inspection, asked: string): Section {
  switch (inspection.type) {
    case "inspected":
      return describeFacts(inspection.facts, `opened to read; ${asked}`);
    case "missing":
      return failed(inspection.path, {
        columns: ["not there"],
        details: [asked],
        advice: "the daemon begins one when it starts; is LIFELINE_STATE_DIR the daemon's?",
      });
    case "in-use":
      return failed(inspection.path, {
        columns: ["locked: another process has it"],
        details: [asked],
        advice:
          "set LIFELINE_HTTP_ADDRESS to that of the daemon that has the file, so that it can be asked, or end the other process",
      });
    case "newer":
      return failed(inspection.path, {
        columns: [
          `format ${inspection.format}: a later version wrote it, this one knows formats up to ${inspection.known}`,
        ],
        advice:
          "run the version that wrote it; this one's daemon would set the file aside and begin a new one",
      });
    case "unreadable":
      return failed(inspection.path, {
        columns: ["not readable"],
        details: [inspection.error.message],
        advice: CORRUPT_ADVICE,
      });
    default:
      return unreachable(inspection);
  }
}

const CORRUPT_ADVICE =
  "may this user read it? If it is corrupt, the daemon sets it aside and looks anew; what waited for the collector stays in it";

function failed(title: string, finding: Omit<Finding, "level">): Section {
  return { title, findings: [{ level: "fail", ...finding }] };
}

function describeFacts(facts: StateFacts, how: string): Section {
  const { outbox, deadLetters } = facts;
  const oldest =
    outbox.oldestAtMs === undefined
      ? ""
      : `, the oldest since ${new Date(outbox.oldestAtMs).toISOString()}`;
  return {
    title: `${facts.path}, ${how}`,
    findings: [
      facts.damages.length === 0
        ? { level: "ok", columns: ["integrity", "SQLite finds no damage"] }
        : {
            level: "fail",
            columns: ["integrity", "SQLite finds damage"],
            details: facts.damages,
            advice: "move the file away and start the daemon anew: it looks anew then",
          },
      { level: "ok", columns: ["format", `${facts.format}`] },
      { level: "ok", columns: ["size", `${facts.sizeBytes} bytes`] },
      { level: "ok", columns: ["cluster", facts.clusterUid ?? `address ${facts.clusterAddress}`] },
      { level: "ok", columns: ["objects", `${facts.objects} of ${facts.watches} watches`] },
      {
        level: "ok",
        columns: [
          "outbox",
          `${outbox.requests} requests, ${outbox.records} records, ${outbox.bytes} bytes${oldest}`,
        ],
      },
      deadLetters.records === 0
        ? { level: "ok", columns: ["refused", "no dead letters"] }
        : {
            level: "note",
            columns: [
              "refused",
              `${deadLetters.records} records are kept as dead letters, ${deadLetters.bytes} bytes`,
            ],
            advice: "`lifeline dead-letters` prints what the collector refused, when and why",
          },
    ],
  };
}
