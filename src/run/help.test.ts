import { expect, test } from "vitest";
import { parse } from "valibot";
import { formatCommandHelp, formatHelp, variableFacts } from "./help.ts";
import { type Variable, VARIABLES, VARIABLES_OF_LATER_VERSIONS } from "./variables.ts";

const HELP = formatHelp();
const ROWS = Object.values<Variable<unknown>>(VARIABLES);

test.each(ROWS.map((variable) => variable.name))("help text tells %s", (name) => {
  const pattern = new RegExp(`^  ${name}$`, "m");

  expect(HELP).toMatch(pattern);
});

test.each([
  "ENDPOINT",
  "PROTOCOL",
  "HEADERS",
  "COMPRESSION",
  "TIMEOUT",
  "CERTIFICATE",
  "CLIENT_KEY",
  "CLIENT_CERTIFICATE",
  "INSECURE",
])("help text tells OTEL_EXPORTER_OTLP_%s", (suffix) => {
  const pattern = new RegExp(`^  OTEL_EXPORTER_OTLP_${suffix}$`, "m");

  expect(HELP).toMatch(pattern);
});

test.each(VARIABLES_OF_LATER_VERSIONS)(
  "help text keeps silent about %s, which does nothing yet",
  (name) => {
    const told = HELP.includes(name);

    expect(told).toBe(false);
  },
);

test("help text tells the commands and exit codes and fits a terminal", () => {
  const lines = HELP.split("\n");

  expect(HELP).toMatch(/lifeline --version/);
  expect(HELP).toMatch(/^ {2}lifeline check {2,}\w/m);
  expect(HELP).toMatch(/^ {2}lifeline rbac {2,}\w/m);
  expect(HELP).toMatch(/^ {2}2 {2}configuration or command line wrong/m);
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
  expect(HELP).not.toContain("`");
});

test.each([
  ["check", ["lifeline check [--state]", "--state", "--help"]],
  ["rbac", ["lifeline rbac [--name NAME] [--service-account NAMESPACE/NAME]", "--name NAME"]],
] as const)(
  "help text of %s tells its options and exit codes and fits a terminal",
  (name, said) => {
    const help = formatCommandHelp(name);

    for (const text of said) expect(help).toContain(text);
    expect(help).toMatch(/^ {2}1 {2}failed/m);
    expect(help.split("\n").filter((line) => line.length > 100)).toEqual([]);
    expect(help).not.toContain("`");
  },
);

test("help text says in one column what each use is for", () => {
  const [, usage = ""] = /^Usage:\n(.*?)\n\n/ms.exec(HELP) ?? [];

  const columns = usage.split("\n").map((line) => /^ {2}lifeline \S* +/.exec(line)?.[0].length);

  expect(columns.length).toBeGreaterThan(3);
  expect(new Set(columns).size).toBe(1);
});

test("help text says in words that a variable has no default", () => {
  expect(HELP).toContain("Default: not set.");
  expect(HELP).not.toContain("Default: –.");
});

test("variableFacts() gives each variable once", () => {
  const names = variableFacts().map((facts) => facts.name);

  expect(new Set(names).size).toBe(names.length);
});

test.each(ROWS.map((variable) => [variable.name, variable] as const))(
  "default of %s can itself be read",
  (_, { type, whenUnset }) => {
    const readDefault = (): unknown =>
      whenUnset.type === "value" ? parse(type.schema, whenUnset.text) : undefined;

    expect(readDefault).not.toThrow();
  },
);
