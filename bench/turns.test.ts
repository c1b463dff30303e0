import { expect, test } from "vitest";
import { type BenchLine, LAST_OBJECT, Scenario } from "./scenario.ts";
import { turnsOf } from "./turns.ts";

function line(type: BenchLine["type"], name: string): BenchLine {
  return { type, name, resourceVersion: 1, text: "" };
}

test("turnsOf() ends each turn with the first deletion once it has its updates", () => {
  const [update, early, last] = [
    line("MODIFIED", "a"),
    line("DELETED", "early"),
    line("DELETED", "last"),
  ];

  const turns = [...turnsOf([update, early, update, last, update, early], 2)];

  expect(turns).toEqual([{ lines: [update, early, update, last], last: "last" }]);
});

test("turnsOf() does not fall behind when turns are longer than asked for", () => {
  const scenario = new Scenario({ objects: 400, updates: 300, seed: 1, logSeverity: "DEBUG" });

  const turns = [...turnsOf(scenario.updates(), 100)];

  // Ten deletions, one with each thirtieth update.
  expect(turns.map(({ lines }) => lines.length)).toEqual([124, 93, 93]);
  expect(turns.at(-1)?.last).toBe(LAST_OBJECT);
});
