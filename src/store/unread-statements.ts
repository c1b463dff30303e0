import type { SQLInputValue, StatementResultingChanges, StatementSync } from "node:sqlite";
import { toError } from "../util/to-error.ts";
import type { RawRow } from "./columns.ts";
import { isOfStateFile } from "./sqlite-error.ts";

/** What of a prepared statement is used. */
export type Statement = {
  get(...values: readonly SQLInputValue[]): RawRow | undefined;
  all(...values: readonly SQLInputValue[]): readonly RawRow[];
  run(...values: readonly SQLInputValue[]): StatementResultingChanges;
};

/** Remembers of each statement what it could not read last, so that just that can be tried again. */
export class UnreadStatements {
  readonly #retries = new Map<StatementSync, () => unknown>();

  /** A statement that writes is never tried again from here. */
  follow(sql: string, statement: StatementSync): Statement {
    if (!sql.startsWith("SELECT")) return statement;
    return {
      get: (...values) => {
        try {
          return statement.get(...values);
        } catch (thrown) {
          return this.#fail(statement, thrown, () => statement.get(...values));
        }
      },
      all: (...values) => {
        try {
          return statement.all(...values);
        } catch (thrown) {
          return this.#fail(statement, thrown, () => statement.all(...values));
        }
      },
      run: (...values) => statement.run(...values),
    };
  }

  /** Reads once more what could not be read; answers with why that fails still. */
  retry(): Error | undefined {
    for (const [statement, read] of this.#retries) {
      try {
        read();
      } catch (thrown) {
        return toError(thrown);
      }
      this.#retries.delete(statement);
    }
    return undefined;
  }

  #fail(statement: StatementSync, thrown: unknown, read: () => unknown): never {
    if (isOfStateFile(thrown)) this.#retries.set(statement, read);
    throw thrown;
  }
}
