import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

test("canonicalJson writes what parses to the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("canonicalJson does not depend on the order of fields", () => {
  const texts = [
    canonicalJson({ a: [{ c: 1, d: 2 }], b: null }),
    canonicalJson({ b: null, a: [{ d: 2, c: 1 }] }),
  ];

  expect(texts[0]).toBe('{"a":[{"c":1,"d":2}],"b":null}');
  expect(texts[1]).toBe(texts[0]);
});

test("canonicalJson writes 100,000 levels", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 50_000; level++) deep = { a: [deep] };

  const text = canonicalJson(deep);

  expect(text.length).toBe(50_000 * '{"a":[]}'.length + 1);
});
