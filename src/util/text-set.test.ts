import { expect, test } from "vitest";
import { TextSet } from "./text-set.ts";

test("TextSet has what was added, and nothing else", () => {
  const texts = new TextSet();

  texts.add("a");

  expect([texts.has("a"), texts.has("b")]).toEqual([true, false]);
});

test("TextSet starts over when it is full, and keeps nothing long", () => {
  const texts = new TextSet();

  texts.add("x".repeat(257));
  for (let number = 0; number < 2_000; number++) texts.add(`text ${number}`);
  const beforeFull = texts.has("text 0");
  texts.add("one more");

  expect(beforeFull).toBe(true);
  expect(["text 0", "text 1999", "one more"].map((text) => texts.has(text))).toEqual([
    false,
    false,
    true,
  ]);
  expect(texts.has("x".repeat(257))).toBe(false);
});
