/** The few messages that a receiver writes; built by hand, because src/otlp's writer is what is under test. */

/** `Export…ServiceResponse`: empty is full success; else `partial_success` (field 1) with how many were rejected and why. */
export function exportResponse(partial?: {
  readonly rejected: number;
  readonly message: string;
}): Uint8Array {
  if (partial === undefined) return new Uint8Array();
  return lengthDelimited(
    1,
    concat([varintField(1, partial.rejected), textField(2, partial.message)]),
  );
}

/** `google.rpc.Status`, with a `RetryInfo` where a delay is given. */
export function rpcStatus(code: number, message: string, retryAfterSeconds?: number): Uint8Array {
  const parts = [varintField(1, code), textField(2, message)];
  if (retryAfterSeconds !== undefined) {
    const retryInfo = lengthDelimited(1, varintField(1, retryAfterSeconds));
    const typeUrl = textField(1, "type.googleapis.com/google.rpc.RetryInfo");
    parts.push(lengthDelimited(3, concat([typeUrl, lengthDelimited(2, retryInfo)])));
  }
  return concat(parts);
}

function varintField(field: number, value: number): Uint8Array {
  return concat([varint(field << 3), varint(value)]);
}

function textField(field: number, text: string): Uint8Array {
  return lengthDelimited(field, new TextEncoder().encode(text));
}

function lengthDelimited(field: number, bytes: Uint8Array): Uint8Array {
  return concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  bytes.push(left);
  return Uint8Array.from(bytes);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
