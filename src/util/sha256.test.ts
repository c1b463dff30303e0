import { expect, test } from "vitest";
import { sha256 } from "./sha256.ts";

test.each([
  // FIPS 180-4's own examples.
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
])("sha256() hashes %j", (text, digest) => {
  expect(sha256(text)).toBe(digest);
});

test("sha256() hashes the bytes of UTF-8", () => {
  expect(sha256("é")).not.toBe(sha256("\u00e9".normalize("NFD")));
  expect(sha256("\ud800")).toBe(sha256("\ufffd"));
});
