import { expect, test } from "vitest";
import { parseResourceAttributes } from "./resource-attributes.ts";

test.each([
  ["", {}],
  [" , ,", {}],
  ["a=b", { a: "b" }],
  [" a = b , c=d", { a: "b", c: "d" }],
  ["a=b=c", { a: "b=c" }],
  ["a=", { a: "" }],
  ["a=x%2Cy%3Dz,b=%C3%BC", { a: "x,y=z", b: "ü" }],
  ["a=1,a=2", { a: "2" }],
])("parseResourceAttributes() reads %j", (input, expected) => {
  const parsed = parseResourceAttributes(input);

  expect(parsed).toEqual({ type: "valid", value: expected });
});

test("parseResourceAttributes() takes __proto__ for a key like any other", () => {
  const parsed = parseResourceAttributes("__proto__=x");

  expect(parsed.type === "valid" && Object.entries(parsed.value)).toEqual([["__proto__", "x"]]);
});

test.each([
  ["a", 'no "=" in "a"'],
  ["a=b,c", 'no "=" in "c"'],
  ["=b", 'no key in "=b"'],
  ["a=%zz", 'a "%" that encodes nothing in "a=%zz"'],
  ["a=100%", 'a "%" that encodes nothing in "a=100%"'],
])("parseResourceAttributes() refuses %j: %s", (input, why) => {
  const parsed = parseResourceAttributes(input);

  expect(parsed).toEqual({ type: "invalid", why });
});
