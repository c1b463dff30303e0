/** Which tables: each kind has a place of its own in the page. */
export type PagePlace = "bench" | "engine";

/** What the figures are of, besides the program. */
type Occasion = {
  /** Such as `2026-01-15`. */
  readonly date: string;
  readonly version: string;
  readonly machine: string;
  readonly place: PagePlace;
};

/** The page with the tables of one place replaced; throws when the page has no place for them. */
export function updatePerformancePage(
  page: string,
  report: string,
  { date, version, machine, place }: Occasion,
): string {
  const [beginMark, endMark] = [`<!-- ${place}:begin -->`, `<!-- ${place}:end -->`];
  const [begin, end] = [page.indexOf(beginMark), page.indexOf(endMark)];
  if (begin === -1 || end < begin)
    throw new Error(
      `Cannot write the tables to docs/performance.md: it needs a line "${beginMark}" and after it a line "${endMark}"`,
    );
  const head = `Measured on ${date}: kube-lifeline ${version} on ${machine}.`;
  return `${page.slice(0, begin)}${beginMark}\n\n${head}\n\n${report}\n${page.slice(end)}`;
}
