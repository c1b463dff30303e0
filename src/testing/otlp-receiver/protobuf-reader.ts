/**
 * A protobuf reader of its own, so that what src/otlp writes is judged by somebody else. It is strict: unknown fields,
 * wrong wire types, cut input and broken UTF-8 throw, because each of them would be our bug.
 */
export type Field = {
  readonly name: string;
  readonly type: ScalarType | (() => MessageTable);
  readonly isRepeated?: boolean;
};

export type ScalarType =
  | "bool"
  | "bytes"
  | "double"
  | "enum"
  | "fixed32"
  | "fixed64"
  | "int64"
  | "sfixed64"
  | "string"
  | "uint32";

/** Fields by number. */
export type MessageTable = Readonly<Record<number, Field>>;

/** Fields by name; absent fields are absent. 64-bit integers are bigint, `bytes` Uint8Array, other numbers number. */
export type Message = Readonly<Record<string, unknown>>;

type WireType = 0 | 1 | 2 | 5;

const WIRE_TYPES: Readonly<Record<ScalarType, WireType>> = {
  bool: 0,
  enum: 0,
  int64: 0,
  uint32: 0,
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  bytes: 2,
  string: 2,
  fixed32: 5,
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Decodes one message; throws with the field's name where it can't. */
export function readMessage(bytes: Uint8Array, table: MessageTable): Message {
  const cursor = new Cursor(bytes);
  const message: Record<string, unknown> = {};
  while (!cursor.isAtEnd()) {
    const tag = Number(cursor.varint());
    const field = table[tag >>> 3];
    if (field === undefined)
      throw new Error(`Cannot read protobuf field ${tag >>> 3}: the message has none`);
    try {
      readField(cursor, { field, wireType: tag & 7, message });
    } catch (error) {
      throw new Error(`Cannot read protobuf field "${field.name}"`, { cause: error });
    }
  }
  return message;
}

type FieldRead = {
  readonly field: Field;
  readonly wireType: number;
  readonly message: Record<string, unknown>;
};

function readField(cursor: Cursor, { field, wireType, message }: FieldRead): void {
  const { name, type } = field;
  const expected = typeof type === "string" ? WIRE_TYPES[type] : 2;
  const isPacked = field.isRepeated === true && wireType === 2 && expected !== 2;
  if (wireType !== expected && !isPacked)
    throw new Error(`Wire type is ${wireType}, wanted ${expected}`);
  if (field.isRepeated !== true) {
    message[name] = readValue(cursor, type);
    return;
  }
  const known = message[name];
  const values: unknown[] = Array.isArray(known) ? known : [];
  if (isPacked) {
    const packed = new Cursor(cursor.lengthDelimited());
    while (!packed.isAtEnd()) values.push(readValue(packed, type));
  } else {
    values.push(readValue(cursor, type));
  }
  message[name] = values;
}

function readValue(cursor: Cursor, type: Field["type"]): unknown {
  if (typeof type !== "string") return readMessage(cursor.lengthDelimited(), type());
  switch (type) {
    case "bool":
      return cursor.varint() !== 0n;
    case "enum":
    case "uint32":
      return Number(cursor.varint());
    case "int64":
      return BigInt.asIntN(64, cursor.varint());
    case "double":
      return cursor.view(8).getFloat64(0, true);
    case "fixed64":
      return cursor.view(8).getBigUint64(0, true);
    case "sfixed64":
      return cursor.view(8).getBigInt64(0, true);
    case "fixed32":
      return cursor.view(4).getUint32(0, true);
    case "bytes":
      return cursor.lengthDelimited();
    case "string":
      return utf8.decode(cursor.lengthDelimited());
  }
}

class Cursor {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#take(1)[0] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error("Varint is longer than ten bytes");
  }

  lengthDelimited(): Uint8Array {
    return this.#take(Number(this.varint()));
  }

  view(sizeBytes: number): DataView {
    const { buffer, byteOffset } = this.#take(sizeBytes);
    return new DataView(buffer, byteOffset, sizeBytes);
  }

  #take(sizeBytes: number): Uint8Array {
    const end = this.#offset + sizeBytes;
    if (end > this.#bytes.length)
      throw new Error(`Input ends ${end - this.#bytes.length} bytes too early`);
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}
