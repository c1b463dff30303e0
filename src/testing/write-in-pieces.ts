import type { Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";

/** Writes pieces that stay apart on the wire as far as a socket lets them: the next one goes in another turn. */
export async function writeInPieces(to: Writable, pieces: Iterable<Uint8Array>): Promise<void> {
  for (const piece of pieces) {
    to.write(piece);
    await nextTurn();
  }
}
