import { fieldAt } from "../util/json.ts";

/** https://sqlite.org/rescode.html; the low byte of an extended code is the primary one. */
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
const OF_THE_DISK: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EIO"]);

/** Whether SQLite itself says it, of the state file: it is not the fault of what was to be read or written. */
export function isOfStateFile(error: unknown): boolean {
  const code = fieldAt(error, "code");
  // The second: the file was closed.
  return code === "ERR_SQLITE_ERROR" || code === "ERR_INVALID_STATE";
}

/** Whether the state file itself is damaged, which no waiting mends. */
export function isDamage(error: unknown): boolean {
  const primary = primaryCode(error);
  return primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB;
}

/** Whether a disk is full or fails, which may pass by itself; not that something may not be written at all. */
export function isDiskTrouble(error: Error): boolean {
  const primary = primaryCode(error);
  if (primary !== undefined) return primary === SQLITE_FULL || primary === SQLITE_IOERR;
  return OF_THE_DISK.has(fieldAt(error, "code"));
}

function primaryCode(error: unknown): number | undefined {
  const errcode = fieldAt(error, "errcode");
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}
