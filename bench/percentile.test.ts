import { expect, test } from "vitest";
import { percentile } from "./percentile.ts";

test("percentile() is one of the values, by nearest rank", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);

  expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([
    100, 198, 200,
  ]);
  expect(percentile([], 0.5)).toBeNaN();
});
