import { expect, test } from "vitest";
import { parseSelector } from "./selector.ts";

test.each([
  ["", true],
  ["tier=gold", true],
  ["tier==gold", true],
  ["tier!=gold", false],
  ["missing!=gold", true],
  ["tier=gold,zone=b", false],
  ["tier in (silver, gold)", true],
  ["tier in (silver),zone", false],
  ["tier notin (silver,bronze),zone=a", true],
  ["missing notin (x)", true],
  ["missing in (x)", false],
  ["example.com/team", true],
  ["!example.com/team", false],
  ["!missing", true],
  ["empty=", true],
  ["empty", true],
])("parseSelector(%j) says %s", (text, expected) => {
  const isSelected = parseSelector(text);

  expect(isSelected({ tier: "gold", zone: "a", "example.com/team": "db", empty: "" })).toBe(
    expected,
  );
});

test.each(["a b", "a in x", "=x", "a in (x", "a>1 2"])("parseSelector(%j) throws", (text) => {
  expect(() => parseSelector(text)).toThrow("Cannot parse selector");
});
