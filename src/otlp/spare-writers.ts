import { ProtobufWriter } from "./protobuf-writer.ts";

/** A request of 250 objects takes some twenty metrics, of which conditions are the largest: 110 KB where each has four. */
const WRITERS_MAX = 64;
const WRITER_BYTES_MAX = 256 * 1024;

/**
 * Writers that have done their work, with the room that they have grown: without them every request of thousands of
 * points would leave behind several times its size.
 */
export class SpareWriters {
  readonly #spare: ProtobufWriter[] = [];

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
}
