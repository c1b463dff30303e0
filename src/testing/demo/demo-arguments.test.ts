import { expect, test } from "vitest";
import { parseDemoArguments } from "./demo-arguments.ts";

test.each([
  [[], { type: "play", seconds: 30, seed: 1 }],
  [["--seconds", "5"], { type: "play", seconds: 5, seed: 1 }],
  [["--seconds=60", "--seed=0"], { type: "play", seconds: 60, seed: 0 }],
  [["--seconds", "0", "--help"], { type: "help" }],
])("parseDemoArguments(%j) understands", (args, expected) => {
  expect(parseDemoArguments(args)).toEqual(expected);
});

test.each([
  [["--second", "5"], "--second"],
  [["--seconds"], "--seconds"],
  [["--seconds", "4"], 'Cannot take --seconds "4": wanted a whole number from 5 to 3600'],
  [["--seconds", "1e3"], "whole number"],
  [["--seconds", ""], "whole number"],
  [["--seed", "1.5"], "--seed"],
  [["--seed", "4294967296"], "from 0 to 4294967295"],
  [["fast"], "fast"],
])("parseDemoArguments(%j) says what is wrong", (args, problem) => {
  expect(parseDemoArguments(args)).toEqual({
    type: "wrong",
    problem: expect.stringContaining(problem),
  });
});
