import type { DatabaseSync } from "node:sqlite";
import { LIST_STATEMENTS, STATEMENTS } from "./statements.ts";
import type { Statement, UnreadStatements } from "./unread-statements.ts";

type StatementName = keyof typeof STATEMENTS;

/** Compiles every statement once; those of lists answer with arrays, which cost less than an object per row. */
export function prepareStatements(
  database: DatabaseSync,
  unread: UnreadStatements,
): Readonly<Record<StatementName, Statement>> {
  const lists: ReadonlySet<string> = new Set(LIST_STATEMENTS);
  const prepare = ([name, sql]: readonly [string, string]): [string, Statement] => {
    const statement = database.prepare(sql);
    if (lists.has(name)) statement.setReturnArrays(true);
    return [name, unread.follow(sql, statement)];
  };
  // The keys are those of STATEMENTS: `fromEntries` forgets them.
  return Object.fromEntries(Object.entries(STATEMENTS).map(prepare)) as Record<
    StatementName,
    Statement
  >;
}
