import { expect, test } from "vitest";
import { RawJson } from "./raw-json.ts";

test("RawJson has its value, which it parses once, and the same hash for the same text", () => {
  const raw = new RawJson('{"a":{}}');

  const { value } = raw;

  expect(value).toEqual({ a: {} });
  expect(raw.value).toBe(value);
  expect(raw.hash).toBe(new RawJson('{"a":{}}').hash);
  expect(raw.hash).not.toBe(new RawJson('{"b":{}}').hash);
});

test("RawJson has no value where its text is no JSON", () => {
  const { value } = new RawJson('{"a":');

  expect(value).toBeUndefined();
});
