import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readFields, textOf } from "./protobuf-reader.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

function written(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter(1);
  write(writer);
  return writer.finish();
}

function onlyValue(bytes: Uint8Array): bigint | Uint8Array | undefined {
  const fields = readFields(bytes);
  expect(fields).toHaveLength(1);
  return fields[0]?.value;
}

test("uint and int write what two's complement over 64 bits says", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const bytes = written((writer) => {
        writer.int(3, value);
      });

      expect(onlyValue(bytes)).toBe(BigInt.asUintN(64, BigInt(value)));
    }),
    { examples: [[0], [127], [128], [2 ** 31], [2 ** 32], [2 ** 53 - 1], [-1], [-(2 ** 53 - 1)]] },
  );
});

test("time is exact in nanoseconds for every millisecond", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Date.UTC(2500, 0) }), (unixMs) => {
      const bytes = written((writer) => {
        writer.time(1, unixMs);
      });

      expect(onlyValue(bytes)).toBe(BigInt(unixMs) * 1_000_000n);
    }),
    { examples: [[2 ** 32 - 1], [2 ** 32], [Date.UTC(2026, 6, 1)]] },
  );
});

test.each([
  [-1, 0n],
  [Number.NaN, 0n],
  [1.9, 1_000_000n],
])("time writes %d ms as %d ns", (unixMs, nanos) => {
  const bytes = written((writer) => {
    writer.time(1, unixMs);
  });

  expect(onlyValue(bytes)).toBe(nanos);
});

function textWritten(text: string): string {
  const bytes = written((writer) => {
    writer.string(9, text);
  });
  return textOf(readFields(bytes)[0] ?? fail());
}

test("string writes any text as well-formed UTF-8", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(textWritten(text)).toBe(text.toWellFormed());
    }),
    { examples: [["\uD800"], ["a\uDC00b"], ["\0"], [""]] },
  );
});

test.each(["a", "é", "€", "𝄞"])("string writes lengths around each limit: %s", (character) => {
  for (const count of [
    1, 31, 32, 42, 43, 63, 64, 127, 128, 5461, 5462, 8191, 8192, 16_383, 16_384,
  ]) {
    const text = character.repeat(count);

    expect(textWritten(text) === text, `${count} times`).toBe(true);
  }
});

test("end writes the shortest length, whatever the size of the content", () => {
  for (const size of [0, 1, 126, 127, 128, 129, 16_382, 16_383, 16_384, 16_385, 2_097_152]) {
    const content = new Uint8Array(size).fill(7);

    const bytes = written((writer) => {
      const mark = writer.begin(2);
      writer.append(content);
      writer.end(mark);
    });

    const lengthBytes = Math.max(1, Math.ceil(Math.log2(size + 1) / 7));
    expect(bytes.length).toBe(1 + lengthBytes + size);
    expect(onlyValue(bytes)).toHaveLength(size);
  }
});

test("nested messages keep their content when inner and outer lengths both grow", () => {
  const text = "x".repeat(200);

  const bytes = written((writer) => {
    const outer = writer.begin(1);
    const inner = writer.begin(2);
    writer.string(3, text);
    writer.end(inner);
    writer.uint(4, 5);
    writer.end(outer);
    writer.bool(16, true);
  });

  const [outer, flag] = readFields(bytes);
  const [inner, number] = readFields(outer?.type === "bytes" ? outer.value : fail());
  expect(flag).toEqual({ number: 16, type: "varint", value: 1n });
  expect(number).toEqual({ number: 4, type: "varint", value: 5n });
  expect(inner?.type === "bytes" && textOf(readFields(inner.value)[0] ?? fail())).toBe(text);
});

test("finish hands out a copy that later writing does not touch", () => {
  const writer = new ProtobufWriter();
  writer.string(1, "first");
  const first = writer.finish();

  writer.string(1, "other");

  expect(textOf(readFields(first)[0] ?? fail())).toBe("first");
});

function fail(): never {
  throw new Error("No such field");
}
