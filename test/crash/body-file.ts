import { closeSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";

const HEAD_BYTES = 4;

/** Appends bodies to a file, each behind its length; what a killed writer left half-written, `readBodies` cuts off. */
export class BodyFile implements Disposable {
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, "a");
  }

  append(body: Uint8Array): void {
    const frame = Buffer.alloc(HEAD_BYTES + body.length);
    frame.writeUInt32BE(body.length);
    frame.set(body, HEAD_BYTES);
    const written = writeSync(this.#descriptor, frame);
    if (written !== frame.length) throw new Error(`Wrote ${written} of ${frame.length} bytes`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

/** All whole bodies; half of one, at the end, was never acknowledged: it is cut off. */
export function readBodies(path: string): readonly Uint8Array[] {
  const file = readFileSync(path);
  const bodies: Uint8Array[] = [];
  let position = 0;
  while (position + HEAD_BYTES <= file.length) {
    const end = position + HEAD_BYTES + file.readUInt32BE(position);
    if (end > file.length) break;
    bodies.push(file.subarray(position + HEAD_BYTES, end));
    position = end;
  }
  if (position < file.length) truncateSync(path, position);
  return bodies;
}
