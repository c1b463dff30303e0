import { expect, test } from "vitest";
import { type MessageTable, readMessage } from "./protobuf-reader.ts";

const inner: MessageTable = { 1: { name: "text", type: "string" } };
const TABLE: MessageTable = {
  1: { name: "signed", type: "int64" },
  2: { name: "text", type: "string" },
  3: { name: "inner", type: () => inner },
  4: { name: "doubles", type: "double", isRepeated: true },
  5: { name: "fixed", type: "fixed64" },
  6: { name: "flag", type: "bool" },
  7: { name: "bits", type: "fixed32" },
  8: { name: "negative", type: "sfixed64" },
  9: { name: "texts", type: "string", isRepeated: true },
};

function read(hex: string): unknown {
  return readMessage(Buffer.from(hex.replaceAll(" ", ""), "hex"), TABLE);
}

test.each([
  ["", {}],
  ["08 ac02", { signed: 300n }],
  ["08 ffffffffffffffffff01", { signed: -1n }],
  ["12 03 e2 82 ac", { text: "€" }],
  ["12 00", { text: "" }],
  ["1a 03 0a0161", { inner: { text: "a" } }],
  ["21 000000000000f83f 21 00000000000000c0", { doubles: [1.5, -2] }],
  ["22 10 000000000000f83f 00000000000000c0", { doubles: [1.5, -2] }],
  ["29 ffffffffffffffff", { fixed: 18446744073709551615n }],
  ["30 01", { flag: true }],
  ["3d 01000080", { bits: 2147483649 }],
  ["41 ffffffffffffffff", { negative: -1n }],
  ["4a 0161 4a 00", { texts: ["a", ""] }],
])("readMessage(%j) gives the fields", (hex, message) => {
  expect(read(hex)).toEqual(message);
});

test.each([
  ["an unknown field", "50 01", "field 10: the message has none"],
  ["a wrong wire type", "0a 00", 'field "signed"'],
  ["a value that is cut", "29 0000", 'field "fixed"'],
  ["a length beyond the end", "12 05 61", 'field "text"'],
  ["broken UTF-8", "12 01 ff", 'field "text"'],
  ["an endless varint", "08 ffffffffffffffffffff01", 'field "signed"'],
  ["an unknown field further in", "1a 02 1001", 'field "inner"'],
])("readMessage throws at %s", (_name, hex, message) => {
  expect(() => read(hex)).toThrow(message);
});
