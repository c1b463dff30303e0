import { expect, test } from "vitest";
import { splitLines } from "./split-lines.ts";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size)
    yield bytes.subarray(start, start + size);
}

async function collect(batches: AsyncIterable<readonly string[]>): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const batch of batches) lines.push(...batch);
  return lines;
}

const TABLE = [
  { name: "one line", text: "a\n", lines: ["a"] },
  { name: "many lines", text: "a\nb\nc\n", lines: ["a", "b", "c"] },
  { name: "CRLF", text: "a\r\nb\r\n", lines: ["a", "b"] },
  { name: "a lone carriage return inside", text: "a\rb\n", lines: ["a\rb"] },
  { name: "empty lines", text: "\n\na\n\r\n\nb\n\n", lines: ["a", "b"] },
  { name: "a remainder cut off", text: 'a\n{"half":', lines: ["a"] },
  { name: "only a remainder", text: "half", lines: [] },
  { name: "nothing", text: "", lines: [] },
  { name: "two, three and four byte characters", text: "ä€😀\n😀ä\n", lines: ["ä€😀", "😀ä"] },
  {
    name: "NUL and line separators that are no line feeds",
    text: "a\0b\u2028c\n",
    lines: ["a\0b\u2028c"],
  },
];

test.each(TABLE)(
  "B08 split-anywhere: splitLines() yields the same lines wherever $name is split",
  async ({ text, lines }) => {
    const bytes = Buffer.from(text);

    const found = [];
    for (let size = 1; size <= bytes.length + 1; size++)
      found.push(await collect(splitLines(chunksOf(bytes, size))));

    for (const each of found) expect(each).toEqual(lines);
  },
);

test("splitLines() yields what a chunk completes before it asks for the next", async () => {
  const asked: string[] = [];
  async function* source(): AsyncGenerator<Uint8Array> {
    asked.push("first");
    yield Buffer.from("a\nb\nhal");
    asked.push("second");
    yield Buffer.from("f\n");
  }

  const lines = splitLines(source());
  const first = await lines.next();

  expect(first.value).toEqual(["a", "b"]);
  expect(asked).toEqual(["first"]);
});

test("B09 large-line: splitLines() joins a line of 4 MB that comes in pieces of 1 KB", async () => {
  const long = "x".repeat(4_000_000);
  const bytes = Buffer.from(`${long}\nshort\n`);

  const lines = await collect(splitLines(chunksOf(bytes, 1000)));

  expect(lines.map(({ length }) => length)).toEqual([4_000_000, 5]);
});

test("splitLines() gives up on a line that never ends, after it yielded what came before", async () => {
  const seen: string[] = [];

  const reading = (async () => {
    for await (const batch of splitLines(chunksOf(Buffer.from(`a\n${"x".repeat(50)}`), 10), 20))
      seen.push(...batch);
  })();

  await expect(reading).rejects.toThrow("Cannot read a line longer than 20 bytes: got 28 bytes");
  expect(seen).toEqual(["a"]);
});

test("splitLines() closes its source when the consumer leaves", async () => {
  let isClosed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from("a\n");
    } finally {
      isClosed = true;
    }
  }

  for await (const _ of splitLines(source())) break;

  expect(isClosed).toBe(true);
});
