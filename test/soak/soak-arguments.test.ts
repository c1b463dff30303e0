import { expect, test } from "vitest";
import { parseSoakArguments, SOAK_HELP } from "./soak-arguments.ts";

test("parseSoakArguments() takes ten minutes, 50 kills and a seed of its own when nothing is said", () => {
  const asked = parseSoakArguments([], 42);

  expect(asked).toEqual({ type: "run", options: { seconds: 600, kills: 50, seed: 42 } });
});

test("parseSoakArguments() takes what is said", () => {
  const asked = parseSoakArguments("--seconds 0 --kills 7 --seed 4294967295".split(" "), 42);

  expect(asked).toEqual({
    type: "run",
    options: { seconds: 0, kills: 7, seed: 4_294_967_295 },
  });
});

test.each(["--kills 0", "--seconds -1", "--seed x", "--what", "more"])(
  "parseSoakArguments() says what is wrong with %s",
  (line) => {
    expect(parseSoakArguments(line.split(" "), 42)).toMatchObject({ type: "wrong" });
  },
);

test("parseSoakArguments() names every option in its help", () => {
  expect(parseSoakArguments(["--help"], 42)).toEqual({ type: "help" });
  expect(SOAK_HELP.match(/--\w+/g)).toEqual(["--seconds", "--kills", "--seed", "--help"]);
});
