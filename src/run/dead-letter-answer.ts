import { Buffer } from "node:buffer";
import type { DeadLetterRow } from "../store/dead-letters.ts";
import { fieldAt, isMap } from "../util/json.ts";

/** What a daemon answers at `/dead-letters`. */
export type DeadLetterAnswer = {
  /** Of the state file. */
  readonly path: string;
  readonly deadLetters: readonly DeadLetterRow[];
};

/** As JSON, the bodies in base64. */
export function formatDeadLetterAnswer(path: string, rows: readonly DeadLetterRow[]): string {
  const deadLetters = rows.map((row) => ({
    ...row,
    body: Buffer.from(row.body).toString("base64"),
  }));
  return JSON.stringify({ path, deadLetters });
}

/** Undefined for anything else: another program may have the port, or another version of ours. */
export function parseDeadLetterAnswer(value: unknown): DeadLetterAnswer | undefined {
  const path = fieldAt(value, "path");
  const list = fieldAt(value, "deadLetters");
  if (typeof path !== "string" || !Array.isArray(list)) return undefined;
  const deadLetters = list.map(parseRow);
  return deadLetters.every((row) => row !== undefined) ? { path, deadLetters } : undefined;
}

function parseRow(value: unknown): DeadLetterRow | undefined {
  if (!isMap(value)) return undefined;
  const { id, signal, encoding, refusedAtMs, reason, body } = value;
  return typeof id === "number" &&
    typeof signal === "string" &&
    typeof encoding === "string" &&
    typeof refusedAtMs === "number" &&
    typeof reason === "string" &&
    typeof body === "string"
    ? { id, signal, encoding, refusedAtMs, reason, body: Buffer.from(body, "base64") }
    : undefined;
}
