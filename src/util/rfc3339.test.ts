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

test("parseRfc3339Ms() reads what Kubernetes writes as Date does, on every day of 400 years", () => {
  const dayMs = 86_400_000;
  // Some time of the day that differs from day to day.
  const times = Array.from({ length: 146_097 }, (_, day) => day * dayMs + (day % 86_400) * 1000);

  const wrong = times.filter(
    (timeMs) => parseRfc3339Ms(new Date(timeMs).toISOString().replace(".000Z", "Z")) !== timeMs,
  );

  expect(wrong).toEqual([]);
});

test.each([
  "2026-00-10T00:00:00Z",
  "2026-01-00T00:00:00Z",
  "2026-01-32T00:00:00Z",
  "2026-01-10T25:00:00Z",
  "2026-01-10T00:60:00Z",
  "2026-01-10T00:00:61Z",
  "2026-01-1 T00:00:00Z",
  "2026:01-10T00:00:00Z",
  "2026-01-10T00:00:00z",
  "2026-01-10t00:00:00Z",
])("parseRfc3339Ms() gives nothing for %j, which has the length of a time", (text) => {
  expect(parseRfc3339Ms(text)).toBeUndefined();
});
