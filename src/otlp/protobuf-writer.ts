import { Buffer } from "node:buffer";

const TWO_32 = 2 ** 32;
const NANOS_PER_MS = 1e6;

/** Below this length a loop over char codes beats the call into Node's UTF-8 encoder (35 ns, where a character takes 2). */
const SHORT_TEXT = 16;

/** Smaller ones are parts of Node's shared pool, which they would hold. */
const HAND_OVER_BYTES = 65_536;

/**
 * Writes protobuf's wire format into one growing buffer, fields in the order of the calls, lengths minimal.
 *
 * A nested message's length is reserved as one byte, and its content moved by a few where it turns out longer.
 */
export class ProtobufWriter {
  #bytes: Buffer;
  #length = 0;

  /** `room`: how many bytes to begin with, or the buffer to write into. */
  constructor(room: number | Buffer = 1024) {
    this.#bytes = typeof room === "number" ? Buffer.allocUnsafe(room) : room;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that it has room for before it grows. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** The bytes written so far, valid only until the next call that writes. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Exactly the bytes written so far; the writer is empty afterwards. A large buffer that is full is handed over, not copied. */
  finish(): Uint8Array {
    const bytes = this.view();
    this.#length = 0;
    if (bytes.length < HAND_OVER_BYTES || bytes.length < this.#bytes.length * 0.9)
      return new Uint8Array(bytes);
    this.#bytes = Buffer.alloc(0);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Takes back what was written after the first `lengthBytes`. */
  truncate(lengthBytes: number): void {
    this.#length = Math.min(this.#length, lengthBytes);
  }

  /** Starts a nested message; hand the returned mark to `end`. */
  begin(field: number): number {
    this.#ensure(6);
    this.#varint(field * 8 + 2);
    this.#length += 1;
    return this.#length;
  }

  end(mark: number): void {
    const size = this.#length - mark;
    if (size < 0x80) {
      this.#bytes[mark - 1] = size;
      return;
    }
    const extraBytes = varintSize(size) - 1;
    this.#ensure(extraBytes);
    this.#bytes.copyWithin(mark + extraBytes, mark, this.#length);
    this.#length = mark - 1;
    this.#varint(size);
    this.#length += size;
  }

  /** Ready-made fields, as they are. */
  append(bytes: Uint8Array): void {
    this.#ensure(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Bytes that are written down in lower-case hex, such as a trace id. */
  hex(field: number, digits: string): void {
    const size = digits.length / 2;
    this.#ensure(size + 10);
    this.#varint(field * 8 + 2);
    this.#varint(size);
    this.#length += this.#bytes.write(digits, this.#length, "hex");
  }

  /** UTF-8; half a surrogate pair becomes U+FFFD, as protobuf takes well-formed text only. */
  string(field: number, text: string): void {
    this.#ensure(text.length * 3 + 10);
    this.#varint(field * 8 + 2);
    if (text.length >= SHORT_TEXT || !this.#shortAscii(text)) this.#utf8(text);
  }

  /** uint32, enum, or a non-negative int64 up to 2^53. */
  uint(field: number, value: number): void {
    this.#ensure(15);
    this.#varint(field * 8);
    this.#varint(value);
  }

  bool(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  /** int64, safe integers only; a negative one takes ten bytes. */
  int(field: number, value: number): void {
    if (value >= 0) {
      this.uint(field, value);
      return;
    }
    this.#ensure(15);
    this.#varint(field * 8);
    this.#negativeVarint(value);
  }

  /** fixed64 of a safe integer that is not negative. */
  fixed64(field: number, value: number): void {
    this.#ensure(13);
    this.#varint(field * 8 + 1);
    this.#rawFixed64(value);
  }

  /** Repeated fixed64, packed. */
  packedFixed64(field: number, values: readonly number[]): void {
    const mark = this.begin(field);
    this.#ensure(values.length * 8);
    for (const value of values) this.#rawFixed64(value);
    this.end(mark);
  }

  /** Repeated double, packed. */
  packedDoubles(field: number, values: readonly number[]): void {
    const mark = this.begin(field);
    this.#ensure(values.length * 8);
    for (const value of values) this.#length = this.#bytes.writeDoubleLE(value, this.#length);
    this.end(mark);
  }

  fixed32(field: number, value: number): void {
    this.#ensure(9);
    this.#varint(field * 8 + 5);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  double(field: number, value: number): void {
    this.#ensure(13);
    this.#varint(field * 8 + 1);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /**
   * Unix milliseconds as fixed64 nanoseconds, exact without BigInt: the product of the lower half stays below 2^53.
   * Fractions of a millisecond are cut; a time before 1970 or not a number becomes 0, OTLP's "unknown".
   */
  time(field: number, unixMs: number): void {
    const ms = unixMs > 0 ? Math.floor(unixMs) : 0;
    const low = (ms % TWO_32) * NANOS_PER_MS;
    const high = Math.floor(ms / TWO_32) * NANOS_PER_MS + Math.floor(low / TWO_32);
    this.#ensure(13);
    this.#varint(field * 8 + 1);
    this.#length = this.#bytes.writeUInt32LE(low >>> 0, this.#length);
    this.#length = this.#bytes.writeUInt32LE(high >>> 0, this.#length);
  }

  #rawFixed64(value: number): void {
    this.#length = this.#bytes.writeUInt32LE(value % TWO_32, this.#length);
    this.#length = this.#bytes.writeUInt32LE(Math.floor(value / TWO_32), this.#length);
  }

  #ensure(moreBytes: number): void {
    const needed = this.#length + moreBytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.view());
    this.#bytes = larger;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest = rest < TWO_32 ? rest >>> 7 : Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Two's complement over 64 bits: nine groups of seven bits and the sign. */
  #negativeVarint(value: number): void {
    let rest = value;
    for (let group = 0; group < 9; group += 1) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = 1;
  }

  /** Gives up, writing nothing, at the first character that is not ASCII. */
  #shortAscii(text: string): boolean {
    const bytes = this.#bytes;
    const start = this.#length + 1;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[start + index] = code;
    }
    bytes[start - 1] = text.length;
    this.#length = start + text.length;
    return true;
  }

  #utf8(text: string): void {
    const guessBytes = varintSize(text.length);
    const start = this.#length + guessBytes;
    const size = this.#bytes.write(text, start, "utf8");
    const extraBytes = varintSize(size) - guessBytes;
    if (extraBytes > 0) this.#bytes.copyWithin(start + extraBytes, start, start + size);
    this.#varint(size);
    this.#length += size;
  }
}

/** How many bytes a non-negative integer below 2^35 takes as a varint. */
function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
