import { readFields, textOf } from "./protobuf-reader.ts";

export type PartialSuccess = { readonly rejected: number; readonly message: string };

/**
 * What an `Export…ServiceResponse` says was refused; the three signals' messages have one form:
 * field 1 is `partial_success`, in it field 1 the rejected count and field 2 the error message.
 *
 * A receiver that took the request but answers something else is believed about the taking: rejected 0.
 */
export function decodePartialSuccess(response: Uint8Array): PartialSuccess {
  try {
    let rejected = 0;
    let message = "";
    for (const field of readFields(response)) {
      if (field.number !== 1 || field.type !== "bytes") continue;
      for (const inner of readFields(field.value)) {
        if (inner.number === 1 && inner.type === "varint")
          rejected = Number(BigInt.asIntN(64, inner.value));
        if (inner.number === 2) message = textOf(inner);
      }
    }
    return { rejected: Math.max(0, rejected), message };
  } catch {
    return {
      rejected: 0,
      message: `The answer of ${response.length} bytes is not an OTLP response`,
    };
  }
}
