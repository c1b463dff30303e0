/** One thing that is wrong with the configuration. */
export type ConfigurationProblem = {
  readonly variable: string;
  /** The value as it was set; absent where it may be a secret. */
  readonly seen?: string;
  /** What is wrong, in a few words. */
  readonly why: string;
  /** The values that would do; absent where no value would. */
  readonly wanted?: string;
  /** The known name (or value) that was probably meant. */
  readonly nearest?: string;
};

/** All problems as text for people, ready for stderr. */
export function formatProblems(problems: readonly ConfigurationProblem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const blocks = problems.map(formatProblem);
  return `Cannot start: ${count} in the configuration\n\n${blocks.join("\n")}\n\`lifeline --help\` lists every variable.\n`;
}

function formatProblem(problem: ConfigurationProblem): string {
  const seen = problem.seen === undefined ? "" : `=${JSON.stringify(withoutSecrets(problem.seen))}`;
  const lines = [`  ${problem.variable}${seen}`, `    ${problem.why}`];
  if (problem.wanted !== undefined) lines.push(`    wanted: ${problem.wanted}`);
  if (problem.nearest !== undefined) lines.push(`    did you mean ${problem.nearest}?`);
  return `${lines.join("\n")}\n`;
}

/** A URL may carry a password, with a slash in it as the URL is wrong, or a key in its query; and stderr is kept for long. */
function withoutSecrets(value: string): string {
  return value
    .replaceAll(/\/\/\S+@/g, "//[redacted]@")
    .replaceAll(/(\/\/[^\s?]*\?)\S+/g, "$1[redacted]");
}
