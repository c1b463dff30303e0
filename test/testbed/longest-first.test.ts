import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LONGEST } from "./longest-first.ts";

const REPOSITORY = new URL("../../", import.meta.url).pathname;

test("each of the longest suites is where it is said to be", () => {
  const missing = LONGEST.filter((path) => !existsSync(join(REPOSITORY, path)));

  expect(missing).toEqual([]);
});
