import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderConfigurationPage } from "./configuration-page.ts";

test("docs/configuration.md is what the table says (else: node docs/generate.ts)", () => {
  const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");

  expect(page).toBe(renderConfigurationPage());
});
