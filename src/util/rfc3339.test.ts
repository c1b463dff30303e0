import { expect, test } from "vitest";
import { parseRfc3339Ms } from "./rfc3339.ts";

test.each([
  ["1970-01-01T00:00:01Z", 1_000],
  ["1970-01-01T00:00:00.250Z", 250],
  ["1970-01-01T00:00:00.250999Z", 250],
  ["1970-01-01T02:00:00+02:00", 0],
  ["0001-01-01T00:00:00Z", -62_135_596_800_000],
])("parseRfc3339Ms() reads %j", (text, timeMs) => {
  expect(parseRfc3339Ms(text)).toBe(timeMs);
});

test.each([
  "",
  "now",
  "2026-01-31",
  "2026-13-01T00:00:00Z",
  "2026-01-31T08:00:00",
  " 2026-01-31T08:00:00Z",
  0,
  null,
  undefined,
  {},
])("parseRfc3339Ms() gives nothing for %j", (value) => {
  expect(parseRfc3339Ms(value)).toBeUndefined();
});
