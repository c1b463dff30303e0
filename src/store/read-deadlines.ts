import type { ObjectRow } from "./rows.ts";

/** Several commits' worth; beyond it nothing is noted, and the commit finds out by itself. */
const NOTED_MAX = 2000;

/**
 * The deadlines of rows as they were read since the last commit. Only a hint by which statement to write a row: whoever
 * is told the wrong thing writes the same, more slowly.
 */
export class ReadDeadlines {
  readonly #dueAt = new Map<number, number | null>();

  /** Gives back what it is given. */
  note(row: ObjectRow | undefined): ObjectRow | undefined {
    if (row !== undefined && this.#dueAt.size < NOTED_MAX) this.#dueAt.set(row.id, row.dueAt);
    return row;
  }

  /** Whether that row was read with another deadline. */
  hasMoved({ id, dueAt }: ObjectRow): boolean {
    const known = this.#dueAt.get(id);
    return known !== undefined && known !== dueAt;
  }

  clear(): void {
    this.#dueAt.clear();
  }
}
