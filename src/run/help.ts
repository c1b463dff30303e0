import { EXPORTER_VARIABLES } from "./exporter-variables.ts";
import { SECTIONS, type VariableFacts, VARIABLES } from "./variables.ts";

/** What `lifeline` answers when it ends; in docs/configuration.md too. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, "stopped as asked"],
  [1, "failed"],
  [2, "configuration wrong: all problems at once on stderr"],
];

const USAGE = `kube-lifeline watches Kubernetes resources and tells their life story over OTLP.

Usage:
  lifeline              run the daemon
  lifeline --help       show this text
  lifeline --version    show the version
`;

const LINE_WIDTH = 100;

/** The answer to `lifeline --help`: usage, every variable, exit codes; plain text that fits a terminal. */
export function formatHelp(): string {
  const sections = SECTIONS.map((section) => {
    const rows = variableFacts().filter((facts) => facts.section === section);
    return `${section}:\n${rows.map(formatVariable).join("\n")}`;
  });
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`);
  return `${USAGE}\nEverything is set by environment variables; none is required.\n\n${sections.join("\n")}\nExit codes:\n${codes.join("\n")}\n`;
}

/** All variables that do something, in the order of their sections. */
export function variableFacts(): readonly VariableFacts[] {
  const own = Object.values(VARIABLES).map(({ name, section, type, whenUnset, help }) => {
    const byDefault =
      whenUnset.says ?? (whenUnset.type === "value" ? `\`${whenUnset.text}\`` : "–");
    return { name, section, byDefault, wanted: type.wanted, help };
  });
  const facts: readonly VariableFacts[] = [...own, ...EXPORTER_VARIABLES];
  return SECTIONS.flatMap((section) => facts.filter((row) => row.section === section));
}

function formatVariable(facts: VariableFacts): string {
  const paragraphs = [facts.help, `Wanted: ${facts.wanted}.`, `Default: ${facts.byDefault}.`].map(
    (text) => text.replaceAll("`", ""),
  );
  return `  ${facts.name}\n${paragraphs.map((text) => wrap(text, "      ")).join("")}`;
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line !== indent && line.length + word.length >= LINE_WIDTH) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return `${[...lines, line].join("\n")}\n`;
}
