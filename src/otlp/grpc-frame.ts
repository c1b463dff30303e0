import { Buffer } from "node:buffer";
import { decompress, MAX_RESPONSE_BYTES } from "./compress.ts";

/** The five bytes before a message: whether it is compressed, and its length (gRPC, PROTOCOL-HTTP2.md). */
export function framePrefix(sizeBytes: number, compressed: boolean): Uint8Array {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(sizeBytes, 1);
  return prefix;
}

/** The one message of a unary answer; throws on a frame that is cut, and on a compression that we did not offer. */
export async function readFrame(data: Uint8Array, encoding: string): Promise<Uint8Array> {
  if (data.length === 0) return data;
  const frame = Buffer.from(data.buffer, data.byteOffset, data.length);
  const sizeBytes = data.length < 5 ? Infinity : frame.readUInt32BE(1);
  if (data.length < 5 + sizeBytes)
    throw new RangeError(`Cannot read gRPC answer: ${data.length} bytes are no whole frame`);
  if (sizeBytes > MAX_RESPONSE_BYTES)
    throw new RangeError(`Cannot read gRPC answer: message of ${sizeBytes} bytes`);
  const message = data.subarray(5, 5 + sizeBytes);
  if (frame[0] === 0) return message;
  if (encoding !== "gzip")
    throw new RangeError(`Cannot read gRPC answer: compressed as "${encoding}"`);
  return await decompress(message);
}
