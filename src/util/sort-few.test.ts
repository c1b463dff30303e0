import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sortFew } from "./sort-few.ts";

test("sortFew() puts what is equal in the order that it had, of few and of many", () => {
  const item = fc.record({ rank: fc.nat(5), name: fc.string() });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 80 }), (items) => {
      const sorted = [...items];
      sortFew(sorted, (a, b) => a.rank - b.rank);

      expect(sorted).toEqual(items.toSorted((a, b) => a.rank - b.rank));
    }),
  );
});
