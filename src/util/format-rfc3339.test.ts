import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatRfc3339 } from "./format-rfc3339.ts";

test.each([
  [1_698_314_400_000, "2023-10-26T10:00:00Z"],
  [1_698_314_400_250, "2023-10-26T10:00:00.250Z"],
  [0, "1970-01-01T00:00:00Z"],
  [-1_000, "1969-12-31T23:59:59Z"],
  [1_709_251_199_000, "2024-02-29T23:59:59Z"],
  [253_402_300_800_000, "+010000-01-01T00:00:00Z"],
])("formatRfc3339(%d) is %s", (timeMs, text) => {
  expect(formatRfc3339(timeMs)).toBe(text);
});

test("formatRfc3339() says of any second what a Date says", () => {
  const seconds = fc.integer({ min: -8.64e12, max: 8.64e12 });

  const holds = fc.property(seconds, (second) => {
    const iso = new Date(second * 1_000).toISOString();
    expect(formatRfc3339(second * 1_000)).toBe(iso.replace(".000Z", "Z"));
  });

  expect(() => fc.assert(holds, { numRuns: 1_000 })).not.toThrow();
});
