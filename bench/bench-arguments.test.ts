import { expect, test } from "vitest";
import { BENCH_HELP, parseBenchArguments } from "./bench-arguments.ts";

test("parseBenchArguments() asks for the whole input when nothing is said", () => {
  const asked = parseBenchArguments([]);

  expect(asked).toMatchObject({
    type: "run",
    options: {
      objects: 10_000,
      updates: 200_000,
      large: 100_000,
      pacedSeconds: 15,
      engine: false,
      reconnects: 1000,
      logSeverity: "DEBUG",
      traceTurns: 4,
      traces: true,
      peers: true,
      strict: false,
      cpuProfile: false,
    },
  });
});

test("parseBenchArguments() takes a smaller input and every switch", () => {
  const asked = parseBenchArguments(
    "--objects 20 --updates 40 --large 0 --paced-seconds 0 --engine --reconnects 3 --trace-turns 2 --no-traces --seed 7 --log-severity INFO --strict --no-peers --cpu-prof".split(
      " ",
    ),
  );

  expect(asked).toEqual({
    type: "run",
    options: {
      objects: 20,
      updates: 40,
      large: 0,
      pacedSeconds: 0,
      engine: true,
      reconnects: 3,
      seed: 7,
      logSeverity: "INFO",
      traceTurns: 2,
      traces: false,
      strict: true,
      peers: false,
      buildPeers: false,
      cpuProfile: true,
      writeDocs: false,
    },
  });
});

test.for([
  [["--objects", "5"], '--objects "5": wanted a whole number from 20 to 100000'],
  [["--log-severity", "WARN"], '--log-severity "WARN": wanted DEBUG or INFO'],
  [["--no-peers", "--build-peers"], "choose one"],
  [["--write-docs", "--large", "0"], "the whole input"],
  [["--write-docs", "--reconnects", "10"], "the whole input"],
  [["--write-docs", "--trace-turns", "2"], "the whole input"],
  [["--write-docs", "--cpu-prof"], "the whole input"],
  [["--built"], "--built"],
  [["fast"], "fast"],
] as const)("parseBenchArguments() says what is wrong with %o", ([args, problem]) => {
  const asked = parseBenchArguments(args);

  expect(asked).toEqual({ type: "wrong", problem: expect.stringContaining(problem) });
});

test("the help names every option and what a missed bar means for the exit code", () => {
  const names = [...BENCH_HELP.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, name]) => name);

  expect(names).toHaveLength(16);
  expect(BENCH_HELP).toMatch(/with --strict a bar was missed/);
});
