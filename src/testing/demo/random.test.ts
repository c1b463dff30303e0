import { expect, test } from "vitest";
import { createRandom, hexDigits, pickSome, randomUid } from "./random.ts";

function numbers(seed: number): readonly number[] {
  return Array.from({ length: 100 }, createRandom(seed));
}

test("createRandom gives the same numbers for the same seed, others for another", () => {
  expect(numbers(7)).toEqual(numbers(7));
  expect(numbers(7)).not.toEqual(numbers(8));
  expect(numbers(7).every((number) => number >= 0 && number < 1)).toBe(true);
  expect(new Set(numbers(7)).size).toBe(100);
});

test("pickSome gives different ones and leaves the list alone", () => {
  const list = Object.freeze(["a", "b", "c", "d"]);

  const picked = pickSome(list, 3, createRandom(1));

  expect(new Set(picked).size).toBe(3);
  expect(list).toEqual(expect.arrayContaining([...picked]));
});

test("randomUid has the form of a UUID, and each is another", () => {
  const random = createRandom(1);
  const uids = [randomUid(random), randomUid(random)];

  expect(uids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uids[0]).not.toBe(uids[1]);
  expect(hexDigits(5, random)).toMatch(/^[0-9a-f]{5}$/);
});
