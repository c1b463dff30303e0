import { expect, test } from "vitest";
import { parseJson } from "./parse-json.ts";

test("parseJson() gives the value", () => {
  expect(parseJson(' {"a":[1]} ')).toEqual({ type: "json", value: { a: [1] } });
});

test.each([
  ["", "is not JSON (it ends too early)"],
  ['{"password":"hunter2', "is not JSON (at position 20)"],
  ['{"token":hunter2}', "is not JSON"],
  ["hunter2", "is not JSON"],
  ['{"password":"hunter2\u0001"}', "is not JSON (at position 20)"],
  ["undefined", "is not JSON"],
])("parseJson() of %j says where, and quotes nothing", (text, problem) => {
  const parsed = parseJson(text);

  expect(parsed).toEqual({ type: "not-json", problem });
});
