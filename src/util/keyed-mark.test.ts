import { expect, test } from "vitest";
import { createKeyedMark, createMarkKey } from "./keyed-mark.ts";

test("createKeyedMark gives four characters that depend on the text and the key", () => {
  const texts = ["", "a", "b", "é\uD83D", "x".repeat(1_000_000)];

  const marks = texts.map(createKeyedMark("one"));

  for (const mark of marks) expect(mark).toMatch(/^[0-9A-Za-z]{4}$/);
  expect(new Set(marks).size).toBe(texts.length);
  expect(texts.map(createKeyedMark("one"))).toEqual(marks);
  expect(texts.map(createKeyedMark("two"))).not.toEqual(marks);
});

test("createMarkKey gives another key each time", () => {
  const keys = [createMarkKey(), createMarkKey()];

  expect(new Set(keys).size).toBe(2);
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
});
