const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** What the figures are of, besides the program. */
type Occasion = {
  /** Such as `2026-01-15`. */
  readonly date: string;
  readonly version: string;
  readonly machine: string;
};

/** The page with its tables replaced; throws when the page has no place for them. */
export function updatePerformancePage(
  page: string,
  report: string,
  { date, version, machine }: Occasion,
): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin)
    throw new Error(
      `Cannot write the tables to docs/performance.md: it needs a line "${BEGIN}" and after it a line "${END}"`,
    );
  const head = `Measured on ${date}: kube-lifeline ${version} on ${machine}.`;
  return `${page.slice(0, begin)}${BEGIN}\n\n${head}\n\n${report}\n${page.slice(end)}`;
}
