import { fieldAt } from "../util/json.ts";

/** https://sqlite.org/rescode.html; the low byte of an extended code is the primary one. */
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const OF_THE_DISK: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EIO"]);

/** Whether a disk is full or fails, which may pass by itself; not that something may not be written at all. */
export function isDiskTrouble(error: Error): boolean {
  const errcode = fieldAt(error, "errcode");
  if (typeof errcode === "number") {
    const primary = errcode & 0xff;
    return primary === SQLITE_FULL || primary === SQLITE_IOERR;
  }
  return OF_THE_DISK.has(fieldAt(error, "code"));
}
