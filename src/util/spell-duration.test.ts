import { expect, test } from "vitest";
import { spellDuration } from "./spell-duration.ts";

test.each([
  [0, "less than 1 s"],
  [999.9, "less than 1 s"],
  [42_000, "42 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [200_000, "3 min 20 s"],
  [3_600_000, "1 h"],
  [7_500_000, "2 h 5 min"],
  [86_400_000, "1 d"],
  [1_051_200_000, "12 d 4 h"],
])("spellDuration(%d) is %s", (durationMs, text) => {
  expect(spellDuration(durationMs)).toBe(text);
});
