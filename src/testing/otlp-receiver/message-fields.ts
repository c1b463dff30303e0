import { isMap } from "../../util/json.ts";
import type { Message } from "./protobuf-reader.ts";

/** A decoded `AnyValue`: integers are bigint, so that `1` and `1.0` stay two things. */
export type ReceivedValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | readonly ReceivedValue[]
  | { readonly [key: string]: ReceivedValue }
  | undefined;

export type ReceivedAttributes = Readonly<Record<string, ReceivedValue>>;

export function messageAt(message: Message, field: string): Message {
  const value = message[field];
  return isMap(value) ? value : {};
}

export function messagesAt(message: Message, field: string): readonly Message[] {
  const values = message[field];
  return Array.isArray(values) ? values.filter((value) => isMap(value)) : [];
}

export function textAt(message: Message, field: string): string {
  const value = message[field];
  return typeof value === "string" ? value : "";
}

export function numberAt(message: Message, field: string): number {
  const value = message[field];
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : 0;
}

export function numbersAt(message: Message, field: string): readonly number[] {
  const values = message[field];
  return Array.isArray(values) ? values.map(Number) : [];
}

/** A time in Unix nanoseconds; 0 where it is absent. */
export function nanosAt(message: Message, field: string): bigint {
  const value = message[field];
  return typeof value === "bigint" ? value : 0n;
}

/** Lower-case hex; empty where it is absent. */
export function hexAt(message: Message, field: string): string {
  const value = message[field];
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : "";
}

/** Throws when a key comes twice: OTLP asks for unique keys, and backends disagree about which one wins. */
export function attributesAt(message: Message, field: string): ReceivedAttributes {
  const attributes: Record<string, ReceivedValue> = {};
  for (const keyValue of messagesAt(message, field)) {
    const key = textAt(keyValue, "key");
    if (Object.hasOwn(attributes, key)) throw new Error(`Attribute "${key}" is there twice`);
    attributes[key] = valueOf(messageAt(keyValue, "value"));
  }
  return attributes;
}

/** `undefined` for an empty `AnyValue`. */
export function valueOf(anyValue: Message): ReceivedValue {
  const scalar =
    anyValue["stringValue"] ??
    anyValue["boolValue"] ??
    anyValue["intValue"] ??
    anyValue["doubleValue"];
  if (typeof scalar === "string" || typeof scalar === "boolean") return scalar;
  if (typeof scalar === "number" || typeof scalar === "bigint") return scalar;
  if (isMap(anyValue["arrayValue"]))
    return messagesAt(anyValue["arrayValue"], "values").map(valueOf);
  if (isMap(anyValue["kvlistValue"])) return attributesAt(anyValue["kvlistValue"], "values");
  return anyValue["bytesValue"] instanceof Uint8Array ? anyValue["bytesValue"] : undefined;
}
