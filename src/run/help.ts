import { type CommandName, type CommandOption, COMMANDS } from "./commands/command-table.ts";
import { EXIT_CODES } from "./exit-code.ts";
import { EXPORTER_VARIABLES } from "./exporter-variables.ts";
import { SECTIONS, type VariableFacts, VARIABLES } from "./variables.ts";

const USES: readonly (readonly [string, string])[] = [
  ["", "run the daemon"],
  ...Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const),
  ["--help", "show this text; after a command, what it does and takes"],
  ["--version", "show the version"],
];

const USE_WIDTH = Math.max(...USES.map(([use]) => use.length));

const USAGE = `kube-lifeline watches Kubernetes resources and tells their life story over OTLP.

Usage:
${USES.map(([use, what]) => `  lifeline ${use.padEnd(USE_WIDTH)}  ${what}\n`).join("")}`;

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

/** The answer to `lifeline COMMAND --help`. */
export function formatCommandHelp(command: CommandName): string {
  const { summary, help, options } = COMMANDS[command];
  const usage = options.map((option) => `[${optionUsage(option)}]`);
  const rows = options.map((option) => {
    const byDefault = option.value === undefined ? "" : ` Default: ${option.value.byDefault}.`;
    return `  ${optionUsage(option)}\n${wrap(plain(option.help + byDefault), "      ")}`;
  });
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`);
  return [
    `lifeline ${command}: ${summary}\n`,
    `Usage:\n  ${["lifeline", command, ...usage].join(" ")}\n`,
    wrap(plain(help), ""),
    `Options:\n${rows.join("")}  --help\n      Show this text.\n`,
    'The configuration is the daemon\'s, by the same variables: see "lifeline --help".\n',
    `Exit codes:\n${codes.join("\n")}\n`,
  ].join("\n");
}

/** Such as `--name NAME`. */
export function optionUsage({ name, value }: CommandOption): string {
  return value === undefined ? name : `${name} ${value.name}`;
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
  const byDefault = facts.byDefault === "–" ? "not set" : facts.byDefault;
  const paragraphs = [facts.help, `Wanted: ${facts.wanted}.`, `Default: ${byDefault}.`].map(plain);
  return `  ${facts.name}\n${paragraphs.map((text) => wrap(text, "      ")).join("")}`;
}

function plain(markdown: string): string {
  return markdown.replaceAll("`", "");
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
