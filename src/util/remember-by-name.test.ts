import { expect, test } from "vitest";
import { rememberByName } from "./remember-by-name.ts";

test.each([
  { what: "asks once for a name", names: ["a", "b", "a", "b"], asked: ["a", "b"] },
  {
    what: "asks each time for a name that is too long for a field's",
    names: ["x".repeat(129), "x".repeat(129)],
    asked: ["x".repeat(129), "x".repeat(129)],
  },
])("rememberByName() $what", ({ names, asked }) => {
  const questions: string[] = [];
  const look = rememberByName((name) => {
    questions.push(name);
    return undefined;
  });

  for (const name of names) look(name);

  expect(questions).toEqual(asked);
});

test("rememberByName() starts over after 5,000 names and goes on answering", () => {
  let questions = 0;
  const look = rememberByName((name) => {
    questions++;
    return name.toUpperCase();
  });
  for (let index = 0; index <= 5_000; index++) look(`n${index}`);

  const again = look("n0");

  expect([again, questions]).toEqual(["N0", 5_002]);
});
