import { expect, test } from "vitest";
import { formatDuration } from "./format-duration.ts";

test.each([
  [-5_000, "0s"],
  [999, "0s"],
  [119_999, "119s"],
  [120_000, "2m"],
  [7_199_999, "119m"],
  [7_200_000, "2h"],
  [172_799_999, "47h"],
  [172_800_000, "2d"],
])("formatDuration(%d) is %s", (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});
