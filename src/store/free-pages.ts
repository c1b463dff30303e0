import type { DatabaseSync } from "node:sqlite";

/**
 * Gives pages that hold nothing back to the file system, at most `atMost` at once, until `keep` are left; answers
 * whether there is more to give. The file itself shrinks with the next checkpoint.
 *
 * `exec` and nothing else: the pragma frees one page per step, and `run` makes only one.
 */
export function giveBackPages(
  database: DatabaseSync,
  { keep, atMost }: { readonly keep: number; readonly atMost: number },
): boolean {
  const surplus = countFreePages(database) - keep;
  if (surplus <= 0) return false;
  database.exec(`PRAGMA incremental_vacuum(${Math.min(surplus, atMost)})`);
  return surplus > atMost;
}

function countFreePages(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA freelist_count").get()?.["freelist_count"]);
}
