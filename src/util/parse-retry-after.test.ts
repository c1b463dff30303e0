import { expect, test } from "vitest";
import { parseRetryAfter } from "./parse-retry-after.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");

test.each([
  [undefined, undefined],
  ["7", 7000],
  [" 0 ", 0],
  ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
  ["Thursday, 01-Jan-26 00:00:30 GMT", 30_000],
  ["soon", undefined],
  ["", undefined],
  ["-5", undefined],
  ["1.5", undefined],
  ["2026-01-01", undefined],
])("parseRetryAfter(%j) is %j", (header, waitMs) => {
  const found = parseRetryAfter(header, NOW_MS);

  expect(found).toBe(waitMs);
});
