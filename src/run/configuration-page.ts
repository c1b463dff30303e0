import { markdownTable } from "../util/markdown-table.ts";
import { COMMANDS } from "./commands/command-table.ts";
import { EXIT_CODES } from "./exit-code.ts";
import { optionUsage, variableFacts } from "./help.ts";
import { SECTIONS, type VariableFacts } from "./variables.ts";

/** docs/configuration.md, made from the tables that the program itself reads by. */
export function renderConfigurationPage(): string {
  const sections = SECTIONS.map((section) => {
    const rows = variableFacts().filter((facts) => facts.section === section);
    return `## ${section}\n\n${markdownTable(["variable", "default", "meaning"], rows.map(tableRow))}`;
  });
  const daemon = ["`lifeline`", "Runs the daemon. Every command has a `--help`, too."];
  const commands = markdownTable(["command", "meaning"], [daemon, ...commandRows()]);
  const codes = markdownTable(
    ["exit code", "meaning"],
    EXIT_CODES.map(([code, meaning]) => [`${code}`, meaning]),
  );
  return `${INTRODUCTION}\n${sections.join("\n")}\n${PER_SIGNAL}\n## Commands\n\n${commands}\n## Exit codes\n\n${codes}`;
}

function commandRows(): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  for (const [name, { help, options }] of Object.entries(COMMANDS)) {
    rows.push([`\`lifeline ${name}\``, help]);
    for (const option of options) {
      const byDefault =
        option.value === undefined ? "" : ` Default: \`${option.value.byDefault}\`.`;
      rows.push([`\`lifeline ${name} ${optionUsage(option)}\``, `${option.help}${byDefault}`]);
    }
  }
  return rows;
}

const INTRODUCTION = `<!-- Made by docs/generate.ts: do not edit. -->

# Configuration

Everything is set by environment variables, and everything works without any. Durations are written \`250ms\`, \`5s\`, \`10m\`, \`1h\`; lists are
separated by commas; a variable that is set to nothing counts as unset. An unknown \`LIFELINE_*\` is an error, except those that Kubernetes itself
injects for a Service named lifeline (\`LIFELINE_PORT*\`, \`LIFELINE_SERVICE_*\`). All problems are reported at once, each with the value seen, the
values wanted and the nearest known name.
`;

const PER_SIGNAL = `Each \`OTEL_EXPORTER_OTLP_*\` variable has forms for one signal that go before it: \`OTEL_EXPORTER_OTLP_LOGS_*\`,
\`OTEL_EXPORTER_OTLP_METRICS_*\` and \`OTEL_EXPORTER_OTLP_TRACES_*\`, such as \`OTEL_EXPORTER_OTLP_LOGS_ENDPOINT\`.
`;

function tableRow(facts: VariableFacts): readonly string[] {
  return [`\`${facts.name}\``, facts.byDefault, `${facts.help} Wanted: ${facts.wanted}.`];
}
