import { expect, test } from "vitest";
import { markdownTable } from "./markdown-table.ts";

test("markdownTable() pads columns and escapes bars when cells hold some", () => {
  const table = markdownTable(
    ["a", "meaning"],
    [
      ["`x|y`", "short"],
      ["b", "a longer cell"],
    ],
  );

  expect(table).toBe(
    [
      "| a      | meaning       |",
      "| ------ | ------------- |",
      "| `x\\|y` | short         |",
      "| b      | a longer cell |",
      "",
    ].join("\n"),
  );
});

test("markdownTable() fills up rows that are too short", () => {
  const table = markdownTable(["one", "two"], [["x"]]);

  expect(table).toBe("| one | two |\n| --- | --- |\n| x   |     |\n");
});
