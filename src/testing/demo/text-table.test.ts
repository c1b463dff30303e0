import { expect, test } from "vitest";
import { renderTable } from "./text-table.ts";

test("renderTable aligns texts left and numbers right, without blanks at the ends of lines", () => {
  const lines = renderTable(
    ["name", "count", "unit"],
    [
      ["a", "5", "s"],
      ["longer", "12345.5", ""],
    ],
  );

  expect(lines).toEqual([
    "name      count  unit",
    "──────  ───────  ────",
    "a             5  s",
    "longer  12345.5",
  ]);
});

test("renderTable shows its head when there are no rows", () => {
  expect(renderTable(["a", "bcd"], [])).toEqual(["a  bcd", "─  ───"]);
});
