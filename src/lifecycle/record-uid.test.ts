import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sha256 } from "../util/sha256.ts";
import { recordUid } from "./record-uid.ts";

test("recordUid() is half a hash of the parts with NUL between them, empty ones included", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 5 }), (parts) => {
      expect(recordUid(parts)).toBe(sha256(parts.join("\0")).slice(0, 32));
    }),
    { examples: [[["", "a"]], [["", ""]], [["a", ""]], [[]]] },
  );
});
