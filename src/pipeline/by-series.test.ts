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
      const texts = new BySeries((metric, attributes) => ({
        text: JSON.stringify([metric, attributes]),
      }));

      const found = seen.map(({ metric, attributes }) => texts.at(metric, attributes));

      const spelled = seen.map(({ metric, attributes }) => JSON.stringify([metric, attributes]));
      expect(found.map(({ text }) => text)).toEqual(spelled);
      expect(new Set(found).size).toBe(new Set(spelled).size);
    }),
  );
});

test("of too many series each has a value all the same", () => {
  const names = new BySeries((_metric, attributes) => ({ name: attributes["name"] }));
  const all = Array.from({ length: 5_000 }, (_, index) => `name-${index}`);

  const found = [...all, ...all].map((name) => names.at("metric", { name }));

  expect(found.map(({ name }) => name)).toEqual([...all, ...all]);
});
