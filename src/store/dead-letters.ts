import type { DatabaseSync } from "node:sqlite";
import type { DeadLetter } from "./rows.ts";
import { STATEMENTS } from "./statements.ts";
import type { Statement } from "./unread-statements.ts";

/** One dead letter as it is kept. */
export type DeadLetterRow = DeadLetter & { readonly id: number };

/** Enough to see a pattern, and not what the outbox itself may take. */
const DEAD_LETTERS_MAX = 1_000;
const DEAD_LETTER_BYTES_MAX = 16 * 1024 * 1024;

/** Within a transaction; answers how many of the oldest had to go for it. One that is over the bound by itself goes at once. */
export function addDeadLetter(
  statements: Readonly<Record<"addDeadLetter" | "forgetDeadLetters", Statement>>,
  { signal, encoding, refusedAtMs, reason, body }: DeadLetter,
): number {
  statements.addDeadLetter.run(signal, encoding, refusedAtMs, reason, body.length, body);
  const { changes } = statements.forgetDeadLetters.run(DEAD_LETTERS_MAX, DEAD_LETTER_BYTES_MAX);
  return Number(changes);
}

/** All of them, oldest first. Throws what SQLite throws. */
export function readDeadLetters(database: DatabaseSync): readonly DeadLetterRow[] {
  return database
    .prepare(STATEMENTS.deadLetters)
    .all()
    .map((row) => {
      const { body } = row;
      return {
        id: Number(row["id"]),
        signal: String(row["signal"]),
        encoding: String(row["encoding"]),
        refusedAtMs: Number(row["refused_at"]),
        reason: String(row["reason"]),
        body: body instanceof Uint8Array ? body : new Uint8Array(),
      };
    });
}
