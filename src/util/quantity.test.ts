import { expect, test } from "vitest";
import { parseQuantity } from "./quantity.ts";

test.each([
  ["0", 0, ""],
  ["500m", 0.5, "m"],
  ["100m", 0.1, "m"],
  ["1Gi", 1_073_741_824, "Gi"],
  ["1.5Gi", 1_610_612_736, "Gi"],
  ["2e3", 2_000, ""],
  ["2E-3", 0.002, ""],
  ["1E", 1e18, "E"],
  ["1Ei", 2 ** 60, "Ei"],
  ["-5k", -5_000, "k"],
  ["+.5", 0.5, ""],
  ["5.", 5, ""],
  ["12n", 1.2e-8, "n"],
  ["128974848", 128_974_848, ""],
])("parseQuantity() reads %j", (text, value, suffix) => {
  expect(parseQuantity(text)).toEqual({ value, suffix });
});

test.each([
  "",
  ".",
  "m",
  "1 Gi",
  "1gi",
  "1K",
  "4.4.1",
  "1h",
  "0x10",
  "1e",
  "1e9999",
  "1e999",
  "NaN",
  "Infinity",
  "٣",
  "1Gi\n",
  "1".repeat(100),
])("parseQuantity() gives nothing for %j", (text) => {
  expect(parseQuantity(text)).toBeUndefined();
});
