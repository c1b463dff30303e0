import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { fnv1a64 } from "./fnv1a64.ts";

test.each([
  ["", 0xcbf29ce484222325n],
  ["a", 0xaf63dc4c8601ec8cn],
  ["foobar", 0x85944171f73967e8n],
])("fnv1a64() gives the published hash of %j", (text, expected) => {
  const hash = fnv1a64(text);

  expect(hash).toBe(expected);
});

test("fnv1a64() hashes as arithmetic on 16-bit limbs does, whatever the text", () => {
  const texts = Array.from({ length: 2000 }, (_, seed) => textOf(seed));

  const wrong = texts.filter((text) => fnv1a64(text) !== oracle(text));

  expect(wrong).toEqual([]);
});

/** Knows no BigInt but for its answer: a product with 2^40 + 0x1b3, limb by limb. */
function oracle(text: string): bigint {
  const limbs = [0x2325, 0x8422, 0x9ce4, 0xcbf2];
  for (const byte of Buffer.from(text)) {
    limbs[0] = (limbs[0] ?? 0) ^ byte;
    const [a = 0, b = 0, c = 0, d = 0] = limbs;
    const products = [a * 0x1b3, b * 0x1b3, c * 0x1b3 + a * 0x100, d * 0x1b3 + b * 0x100];
    let carry = 0;
    for (const [place, product] of products.entries()) {
      limbs[place] = (product + carry) % 0x10000;
      carry = Math.floor((product + carry) / 0x10000);
    }
  }
  return BigInt(
    `0x${limbs
      .map((limb) => limb.toString(16).padStart(4, "0"))
      .toReversed()
      .join("")}`,
  );
}

/** Of every third seed ASCII alone, as UIDs are; else with characters of one to four bytes. */
function textOf(seed: number): string {
  const hex = createHash("sha256").update(String(seed)).digest("hex");
  if (seed % 3 === 0) return hex.slice(seed % 40);
  const points = hex.match(/.{5}/g) ?? [];
  return points
    .map((point) => Number(`0x${point}`) % 0x1ffff)
    .filter((point) => point < 0xd800 || point > 0xdfff)
    .map((point) => String.fromCodePoint(point))
    .join("");
}
