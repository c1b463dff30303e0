/** A Markdown table with its columns padded to one width each, as the formatter of this repository writes them. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const table = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, column) =>
    Math.max(3, ...table.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |\n`;
  const [first = [], ...others] = table;
  return `${line(first)}${line(widths.map((width) => "-".repeat(width)))}${others.map(line).join("")}`;
}
