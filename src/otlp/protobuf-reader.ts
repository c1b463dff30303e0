import { Buffer } from "node:buffer";

/** One field as it stands on the wire; what its bits mean only the schema knows. */
export type ProtobufField =
  | {
      readonly number: number;
      readonly type: "varint" | "fixed64" | "fixed32";
      readonly value: bigint;
    }
  | { readonly number: number; readonly type: "bytes"; readonly value: Uint8Array };

/**
 * Splits one protobuf message into its fields, in their order; throws RangeError on bytes that are none.
 *
 * For answers of a few bytes, not for the hot path: integers come as unsigned 64-bit BigInt.
 */
export function readFields(bytes: Uint8Array): readonly ProtobufField[] {
  const fields: ProtobufField[] = [];
  let position = 0;
  while (position < bytes.length) {
    const tag = readVarint(bytes, position);
    const number = Number(tag.value >> 3n);
    const read = readValue(bytes, tag.next, { number, wireType: Number(tag.value & 7n) });
    if (number === 0)
      throw new RangeError(`Cannot read protobuf: field number 0 at byte ${position}`);
    fields.push(read.field);
    position = read.next;
  }
  return fields;
}

/** The text of a string field. */
export function textOf(field: ProtobufField): string {
  return field.type === "bytes"
    ? Buffer.from(field.value).toString("utf8")
    : field.value.toString();
}

type Read = { readonly field: ProtobufField; readonly next: number };

function readValue(
  bytes: Uint8Array,
  position: number,
  tag: { number: number; wireType: number },
): Read {
  const { number } = tag;
  switch (tag.wireType) {
    case 0: {
      const { value, next } = readVarint(bytes, position);
      return { field: { number, type: "varint", value }, next };
    }
    case 1:
      return {
        field: { number, type: "fixed64", value: readFixed(bytes, position, 8) },
        next: position + 8,
      };
    case 2: {
      const { value: size, next } = readVarint(bytes, position);
      const end = next + Number(size);
      if (end > bytes.length)
        throw new RangeError(
          `Cannot read protobuf: field ${number} ends at byte ${end} of ${bytes.length}`,
        );
      return { field: { number, type: "bytes", value: bytes.subarray(next, end) }, next: end };
    }
    case 5:
      return {
        field: { number, type: "fixed32", value: readFixed(bytes, position, 4) },
        next: position + 4,
      };
    default:
      throw new RangeError(`Cannot read protobuf: wire type ${tag.wireType} of field ${number}`);
  }
}

function readVarint(bytes: Uint8Array, position: number): { value: bigint; next: number } {
  let value = 0n;
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[position + index];
    if (byte === undefined)
      throw new RangeError(`Cannot read protobuf: cut within a varint at byte ${position}`);
    value |= BigInt(byte & 0x7f) << BigInt(index * 7);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), next: position + index + 1 };
  }
  throw new RangeError(`Cannot read protobuf: varint of more than 10 bytes at byte ${position}`);
}

function readFixed(bytes: Uint8Array, position: number, size: 4 | 8): bigint {
  if (position + size > bytes.length)
    throw new RangeError(`Cannot read protobuf: cut within a number at byte ${position}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + position, size);
  return size === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
}
