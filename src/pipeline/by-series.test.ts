import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { AttributeValue } from "../lifecycle/signal.ts";
import { BySeries } from "./by-series.ts";

const TEXT = fc.constantFrom("a", "b", "1");
const VALUE: fc.Arbitrary<AttributeValue> = fc.oneof(TEXT, fc.constantFrom(1, true));
const SERIES = fc.record({ metric: TEXT, attributes: fc.dictionary(TEXT, VALUE) });

test("each series has a value of its own, whatever its attributes have in common with those of others", () => {
  fc.assert(
    fc.property(fc.array(SERIES), (seen) => {
      const counts = new BySeries((metric, attributes) => ({ metric, attributes, by: 0 }));

      for (const { metric, attributes } of seen) counts.at(metric, attributes).by += 1;

      const spelled = seen.map(({ metric, attributes }) => JSON.stringify([metric, attributes]));
      const expected = [...new Set(spelled)].map((text) => [
        text,
        spelled.filter((one) => one === text).length,
      ]);
      expect(
        counts.values.map(({ metric, attributes, by }) => [
          JSON.stringify([metric, attributes]),
          by,
        ]),
      ).toEqual(expected);
    }),
  );
});
