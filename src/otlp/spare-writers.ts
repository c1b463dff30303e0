import { Buffer } from "node:buffer";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** A request of 250 objects takes some twenty metrics, of which conditions are the largest: 110 KB where each has four. */
const WRITERS_MAX = 64;
const WRITER_BYTES_MAX = 256 * 1024;

/** Above the pool that Node cuts small buffers from, which is not ours to write into twice. */
const BODY_BYTES_STEP = 128 * 1024;
/** What collectors take by default; a larger one is rare, and not kept. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Writers that have done their work, with the room that they have grown: without them every request of thousands of
 * points would leave behind several times its size, and V8 collect all garbage each time that this comes to 14 MB.
 */
export class SpareWriters {
  readonly #spare: ProtobufWriter[] = [];
  #body: ArrayBufferLike | undefined;

  /** An empty writer. */
  take(): ProtobufWriter {
    return this.#spare.pop() ?? new ProtobufWriter();
  }

  /** To be called by who uses the writer no more; what it wrote is lost. */
  giveBack(writer: ProtobufWriter): void {
    if (this.#spare.length >= WRITERS_MAX || writer.capacity > WRITER_BYTES_MAX) return;
    writer.truncate(0);
    this.#spare.push(writer);
  }

  /** A writer for a whole request of that size at most; its `view` is what to give back. */
  takeForBody(sizeBytes: number): ProtobufWriter {
    const spare = this.#body;
    this.#body = undefined;
    if (spare !== undefined && spare.byteLength >= sizeBytes)
      return new ProtobufWriter(Buffer.from(spare));
    const roundedBytes = Math.ceil(sizeBytes / BODY_BYTES_STEP) * BODY_BYTES_STEP;
    return new ProtobufWriter(Buffer.allocUnsafeSlow(roundedBytes));
  }

  /** To be called when nobody reads that request any more: the next one is written over it. */
  giveBackBody({ buffer }: Uint8Array): void {
    const isOurs = buffer.byteLength >= BODY_BYTES_STEP && buffer.byteLength <= BODY_BYTES_MAX;
    if (isOurs) this.#body = buffer;
  }
}
