import { expect, test } from "vitest";
import { formatRfc3339 } from "./format-rfc3339.ts";

test.each([
  [1_698_314_400_000, "2023-10-26T10:00:00Z"],
  [1_698_314_400_250, "2023-10-26T10:00:00.250Z"],
])("formatRfc3339(%d) is %s", (timeMs, text) => {
  expect(formatRfc3339(timeMs)).toBe(text);
});
