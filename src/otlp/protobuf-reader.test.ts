import { expect, test } from "vitest";
import { readFields } from "./protobuf-reader.ts";

test("readFields reads each wire type", () => {
  const bytes = Uint8Array.of(
    0x08,
    0xac,
    0x02,
    0x15,
    1,
    0,
    0,
    0,
    0x19,
    2,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0x22,
    1,
    9,
  );

  const fields = readFields(bytes);

  expect(fields).toEqual([
    { number: 1, type: "varint", value: 300n },
    { number: 2, type: "fixed32", value: 1n },
    { number: 3, type: "fixed64", value: 2n },
    { number: 4, type: "bytes", value: Uint8Array.of(9) },
  ]);
});

test.each([
  ["a length beyond the end", [0x0a, 5, 1]],
  ["a huge length", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
  ["a cut varint", [0x08, 0x80]],
  ["an endless varint", [0x08, ...Array.from({ length: 10 }, () => 0x80), 0]],
  ["a cut fixed64", [0x09, 1, 2, 3]],
  ["a cut fixed32", [0x0d, 1]],
  ["a group", [0x0b]],
  ["field number 0", [0x02, 0]],
  ["text", [...new TextEncoder().encode("<html>")]],
])("readFields throws on %s", (_what, bytes) => {
  expect(() => readFields(Uint8Array.from(bytes))).toThrow(RangeError);
});
