import { expect, test } from "vitest";
import { printable } from "./printable.ts";

test.each([
  ["plain – größer 日本 🎉", "plain – größer 日本 🎉"],
  ["\u001B[31mred\u001B[0m", "\\x1b[31mred\\x1b[0m"],
  ["\u001B]0;title\u0007", "\\x1b]0;title\\x07"],
  ["\u009B31m", "\\x9b31m"],
  ["a\r\nb\nc\td\re", "a b c d e"],
  ["a\u2028b", "a b"],
  ["back\b\b\u007F", "back\\x08\\x08\\x7f"],
  ["\u202Egnp.exe", "\\u202egnp.exe"],
  ["\0", "\\x00"],
])("printable(%j) is %j", (given, expected) => {
  expect(printable(given)).toBe(expected);
});

test("printable leaves no control character of any plane", () => {
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join("");

  // oxlint-disable-next-line no-control-regex -- they are what this is about
  expect(printable(all)).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E]/);
});
