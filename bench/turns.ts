import type { BenchLine } from "./scenario.ts";

/** One turn's lines, and the object that the last of them deletes. */
type Turn = { readonly lines: readonly BenchLine[]; readonly last: string };

/**
 * Cuts a stream into turns of so many updates, each made when it is asked for. A turn goes on until the next deletion,
 * whose record names its object as no other record does: when that was told, the whole turn was.
 */
export function* turnsOf(lines: Iterable<BenchLine>, size: number): Generator<Turn> {
  let turn: BenchLine[] = [];
  let updates = 0;
  let due = size;
  for (const line of lines) {
    turn.push(line);
    if (line.type === "MODIFIED") updates++;
    if (line.type !== "DELETED" || updates < due) continue;
    yield { lines: turn, last: line.name };
    turn = [];
    due += size;
  }
}
