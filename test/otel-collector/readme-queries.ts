import { readFileSync } from "node:fs";

const README = new URL("../../README.md", import.meta.url);

/** A query of README and what README says that it answers. */
export type ReadmeQuery = {
  readonly language: "logql" | "promql";
  /** The comment above the query, without its `#`. */
  readonly title: string;
  /** The whole block, comment included. */
  readonly text: string;
  /** The lines of the `text` block right below it. */
  readonly answer: readonly string[];
};

const QUERY_AND_ANSWER =
  /^```(?<language>logql|promql)\n(?<text># (?<title>[^\n]+)\n[^`]*)\n```\n\n```text\n(?<answer>[^`]*)\n```$/gm;

/** Each block of LogQL or PromQL; throws for one that has no title or no answer. */
export function readmeQueries(): readonly ReadmeQuery[] {
  const readme = readFileSync(README, "utf8");
  const queries = [...readme.matchAll(QUERY_AND_ANSWER)].map(({ groups = {} }): ReadmeQuery => {
    const { language, title = "", text = "", answer = "" } = groups;
    const lines = answer.split("\n");
    return { language: language === "logql" ? language : "promql", title, text, answer: lines };
  });
  const blocks = [...readme.matchAll(/^```(?:logql|promql)$/gm)].length;
  if (queries.length === blocks && blocks > 0) return queries;
  throw new Error(
    `Cannot read the queries of README: of ${blocks} blocks of logql or promql, ${queries.length} begin with a title ("# …") ` +
      "and are followed by a block of text with the answer",
  );
}
