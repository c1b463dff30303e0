import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";

test("eventually rethrows the last failure when time is up", async () => {
  let attempts = 0;

  const failing = eventually(
    () => {
      attempts++;
      throw new Error(`attempt ${attempts}`);
    },
    { timeoutMs: 30, intervalMs: 1 },
  );

  await expect(failing).rejects.toThrow(/^attempt \d+$/);
  await expect(failing).rejects.toThrow(String(attempts));
});
