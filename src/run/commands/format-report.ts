import type { Finding, Section } from "./finding.ts";

/** Names behind a piece of advice; more would hide it. */
const NAMES_MAX = 10;
const GAP = "  ";

const MARKS: Readonly<Record<Finding["level"], string>> = {
  ok: "ok  ",
  note: "note",
  fail: "FAIL",
  none: "    ",
};
const COLORS: Readonly<Record<Finding["level"], string>> = {
  ok: "\u001B[32m",
  note: "\u001B[33m",
  fail: "\u001B[1;31m",
  none: "",
};
const PLAIN = "\u001B[0m";

/** Sections with aligned columns, then what to do; plain text but for the marks' colours. */
export function formatReport(
  sections: readonly Section[],
  { color }: { readonly color: boolean },
): string {
  const blocks = sections.map((section) => formatSection(section, color));
  const findings = sections.flatMap((section) => section.findings);
  return `${blocks.join("\n")}\n${formatSummary(findings)}`;
}

function formatSection({ title, findings }: Section, color: boolean): string {
  const widths: number[] = [];
  for (const { columns } of findings) {
    for (const [index, cell] of columns.entries())
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  const lines = findings.flatMap(({ level, columns, details = [] }) => {
    const cells = columns.map((cell, index) => cell.padEnd(widths[index] ?? 0));
    const line = `${GAP}${formatMark(level, color)}${GAP}${cells.join(GAP)}`.trimEnd();
    return [line, ...details.map((detail) => `${GAP}    ${GAP}${GAP}${detail}`)];
  });
  return `${[title, ...lines].join("\n")}\n`;
}

function formatMark(level: Finding["level"], color: boolean): string {
  const mark = MARKS[level];
  return color && COLORS[level] !== "" ? `${COLORS[level]}${mark}${PLAIN}` : mark;
}

function formatSummary(findings: readonly Finding[]): string {
  const failed = findings.filter(({ level }) => level === "fail");
  const notes = adviceOf(findings.filter(({ level }) => level === "note"));
  const count = failed.length === 1 ? "1 thing is wrong" : `${failed.length} things are wrong`;
  return [
    failed.length === 0 ? "Nothing is wrong.\n" : `${count}; what would help:\n`,
    ...adviceOf(failed).map((text, index) => `  ${index + 1}. ${text}\n`),
    ...(notes.length === 0 ? [] : ["\nWorth knowing:\n"]),
    ...notes.map((text) => `  - ${text}\n`),
  ].join("");
}

/** `what, what: advice`, each piece of advice once; what has none was said where it stands. */
function adviceOf(findings: readonly Finding[]): readonly string[] {
  const advised = findings.filter(({ advice }) => advice !== undefined);
  const byAdvice = Map.groupBy(advised, ({ advice = "" }) => advice);
  return [...byAdvice].map(([advice, all]) => {
    const names = all.map(({ columns: [name = ""] }) => name);
    const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : "";
    return `${names.slice(0, NAMES_MAX).join(", ")}${more}: ${advice}`;
  });
}
