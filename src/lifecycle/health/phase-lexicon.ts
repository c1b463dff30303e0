import type { KindFacts } from "../../cluster/kube-object.ts";
import type { Health } from "../health-words.ts";

/** Words in lower case, as they are looked up; `Running` and `CrashLoop…` are decided in code. */
const WORDS: readonly (readonly [health: Health, words: string])[] = [
  ["failed", "failed failure error errored invalid rejected lost aborted"],
  ["degraded", "degraded unhealthy warning partiallyfailed unavailable"],
  [
    "progressing",
    "pending creating provisioning initializing starting updating upgrading restoring inprogress",
  ],
  ["progressing", "waiting queued scheduling"],
  [
    "current",
    "ready active available bound healthy online complete completed succeeded done deployed synced",
  ],
  ["terminating", "terminating deleting"],
  ["suspended", "suspended paused stopped hibernated"],
];

const HEALTH_BY_WORD: ReadonlyMap<string, Health> = new Map(
  WORDS.flatMap(([health, words]) => words.split(" ").map((word) => [word, health] as const)),
);

const JOB_LIKE_NAME = /(?:Job|Run|Task|Backup|Restore|Workflow|Migration)$/;

/** What a phase's word says of health, whatever its case; `undefined` for words that the lexicon lacks. */
export function healthOfPhase(phase: string, facts: KindFacts): Health | undefined {
  const word = phase.toLowerCase();
  if (word === "running") return isJobLike(facts) ? "progressing" : "current";
  return word.startsWith("crashloop") ? "failed" : HEALTH_BY_WORD.get(word);
}

/** A kind whose objects come to an end, so that Running is not yet the goal. */
function isJobLike(facts: KindFacts): boolean {
  return JOB_LIKE_NAME.test(facts.kind) || facts.hints.phases.some(isEndOfJob);
}

function isEndOfJob(phase: string): boolean {
  const word = phase.toLowerCase();
  return word === "completed" || word === "succeeded";
}
