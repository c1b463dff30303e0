import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ATTRIBUTES } from "../lifecycle/attribute-table.ts";
import { LOG_RECORDS, METRICS } from "../lifecycle/signal-table.ts";
import { renderSignalsPage } from "./signals-page.ts";

test("docs/signals.md is what the tables say (else: node docs/generate.ts)", () => {
  const page = readFileSync(new URL("../../docs/signals.md", import.meta.url), "utf8");

  expect(page).toBe(renderSignalsPage());
});

test("docs/signals.md has one row for each record, metric and attribute", () => {
  const rows = renderSignalsPage()
    .split("\n")
    .flatMap((line) => /^\| `([^`]+)`/.exec(line)?.[1] ?? []);

  const names = [...Object.keys(LOG_RECORDS), ...Object.keys(METRICS), ...Object.keys(ATTRIBUTES)];

  for (const name of names) expect(rows.filter((row) => row === name)).toEqual([name]);
});
