import type { ProcessEnd } from "./lifeline-process.ts";

/** What is known when the demo is over. */
export type DemoFacts = {
  readonly end: ProcessEnd;
  /** It ended although nobody had asked it to. */
  readonly diedEarly: boolean;
  /** It got as far as watching our kinds. */
  readonly isWatching: boolean;
  readonly isInterrupted: boolean;
  readonly records: number;
  /** Requests that the receiver could not decode. */
  readonly errors: readonly Error[];
  /** Passwords that arrived. */
  readonly leaks: readonly string[];
};

/** What went wrong, a sentence each; nothing if the demo showed what it is meant to show. */
export function verdict(facts: DemoFacts): readonly string[] {
  const { end, errors } = facts;
  const problems: string[] = [];
  if (facts.diedEarly) problems.push(`kube-lifeline ended by itself, ${formatEnd(end)}`);
  else if (end.exitCode !== 0)
    problems.push(`kube-lifeline was asked to stop and ended ${formatEnd(end)}, wanted 0`);
  if (!facts.isWatching && !facts.diedEarly && !facts.isInterrupted) {
    problems.push("kube-lifeline did not come to watch all kinds of the simulated cluster in time");
  }
  if (facts.isWatching && !facts.isInterrupted && facts.records === 0) {
    problems.push("The receiver got no log record");
  }
  problems.push(...errors.map((error) => `${error.message}: ${String(error.cause)}`));
  if (facts.leaks.length > 0)
    problems.push(`${facts.leaks.length} passwords arrived at the receiver`);
  return problems;
}

function formatEnd({ exitCode }: ProcessEnd): string {
  return exitCode === null ? "killed by a signal" : `with exit code ${exitCode}`;
}
