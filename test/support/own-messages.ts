import type { Lifeline } from "../testbed/lifeline.ts";

/** What the process said about itself on stderr at `warn` and above, as `level: message`. */
export function complaints(lifeline: Pick<Lifeline, "stderrRecords">): readonly string[] {
  return lifeline
    .stderrRecords()
    .filter(({ level }) => level === "warn" || level === "error")
    .map(({ level, message }) => `${String(level)}: ${String(message)}`);
}
