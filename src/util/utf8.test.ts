import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cutUtf8, fitsUtf8, utf8Length } from "./utf8.ts";

test.each([
  ["abc", 3, "abc"],
  ["abcd", 3, "…"],
  ["abcdef", 5, "ab…"],
  ["äöü", 6, "äöü"],
  ["äöüß", 7, "äö…"],
  ["😀😀😀", 11, "😀😀…"],
  ["😀😀😀", 10, "😀…"],
  ["abcdef", 2, ""],
  ["\ud800", 3, "\ufffd"],
  ["", 0, ""],
])("cutUtf8(%j, %d) is %j", (text, maxBytes, cut) => {
  expect(cutUtf8(text, maxBytes)).toBe(cut);
});

test("cutUtf8() stays within its bytes, well-formed, and a prefix but for the mark", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, maxBytes) => {
      const cut = cutUtf8(text, maxBytes);

      expect(utf8Length(cut)).toBeLessThanOrEqual(maxBytes);
      expect(cut.isWellFormed()).toBe(true);
      expect(text.toWellFormed().startsWith(cut.replace(/…$/, ""))).toBe(true);
    }),
  );
});

test("fitsUtf8() counts bytes, not characters", () => {
  expect(fitsUtf8("€".repeat(10), 30)).toBe(true);
  expect(fitsUtf8("€".repeat(10), 29)).toBe(false);
  expect(fitsUtf8("a".repeat(30), 30)).toBe(true);
});
