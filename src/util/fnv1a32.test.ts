import { expect, test } from "vitest";
import { FNV_OFFSET, fnv1a32 } from "./fnv1a32.ts";

test.each([
  ["", 0x811c9dc5],
  ["a", 0xe40c292c],
  ["foobar", 0xbf9cf968],
])("fnv1a32 gives the published hash of %j", (text, expected) => {
  const hash = fnv1a32(FNV_OFFSET, text);

  expect(hash >>> 0).toBe(expected);
});

test("fnv1a32 goes on where it stopped", () => {
  const hash = fnv1a32(fnv1a32(FNV_OFFSET, "foo"), "bar");

  expect(hash).toBe(fnv1a32(FNV_OFFSET, "foobar"));
});
