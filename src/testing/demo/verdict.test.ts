import { expect, test } from "vitest";
import { type DemoFacts, verdict } from "./verdict.ts";

const GOOD: DemoFacts = {
  end: { exitCode: 0, stderr: "" },
  diedEarly: false,
  isWatching: true,
  isInterrupted: false,
  records: 5,
  errors: [],
  leaks: [],
};

test.each<[string, Partial<DemoFacts>, readonly string[]]>([
  ["all went well", {}, []],
  [
    "somebody interrupted before anything came",
    { isInterrupted: true, isWatching: false, records: 0 },
    [],
  ],
  [
    "the program died",
    { diedEarly: true, isWatching: false, end: { exitCode: 1, stderr: "" } },
    ["kube-lifeline ended by itself, with exit code 1"],
  ],
  [
    "the program was killed",
    { diedEarly: true, end: { exitCode: null, stderr: "" } },
    ["kube-lifeline ended by itself, killed by a signal"],
  ],
  [
    "the program stopped badly",
    { end: { exitCode: 3, stderr: "" } },
    ["kube-lifeline was asked to stop and ended with exit code 3, wanted 0"],
  ],
  [
    "the program never watched",
    { isWatching: false, records: 0 },
    ["kube-lifeline did not come to watch all kinds of the simulated cluster in time"],
  ],
  ["nothing arrived", { records: 0 }, ["The receiver got no log record"]],
  [
    "a request could not be decoded",
    { errors: [new Error("Cannot decode", { cause: "why" })] },
    ["Cannot decode: why"],
  ],
  ["a password arrived", { leaks: ["p"] }, ["1 passwords arrived at the receiver"]],
])("verdict() when %s", (_name, more, problems) => {
  expect(verdict({ ...GOOD, ...more })).toEqual(problems);
});
