import { readFileSync } from "node:fs";

/** Documents with TraceQL, from the repository's root on. */
type Document = "README.md" | "examples/README.md";

const BLOCK_OR_CELL = /^```traceql\n([^`]+)\n```$|TraceQL <code>([^<]+)<\/code>/gm;

/** The TraceQL queries of a document: its blocks, and what a table calls TraceQL; throws if it has none or one can't be read. */
export function documentedTraceql(document: Document): readonly string[] {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), "utf8");
  const queries = [...text.matchAll(BLOCK_OR_CELL)].map(([, block, cell]) => block ?? cell ?? "");
  const announced = [...text.matchAll(/^```traceql$|TraceQL <code>/gm)].length;
  if (queries.length === announced && announced > 0) return queries;
  throw new Error(
    `Cannot read the TraceQL of ${document}: it announces ${announced} queries, ${queries.length} have an end`,
  );
}
