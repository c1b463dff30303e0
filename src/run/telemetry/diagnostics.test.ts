import { expect, test } from "vitest";
import { createOwnLog } from "../own-log.ts";
import { createDiagnostics } from "./diagnostics.ts";

function createRig(): {
  readonly diagnostics: ReturnType<typeof createDiagnostics>;
  readonly lines: string[];
  readonly clock: { nowMs: number };
} {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const now = (): number => clock.nowMs;
  const ownLog = createOwnLog({
    level: "debug",
    clock: { now },
    write: (line) => lines.push(JSON.parse(line).message),
  });
  return { diagnostics: createDiagnostics(ownLog, { now }), lines, clock };
}

test("diagnostics say one line, then count, then say one line again", () => {
  const { diagnostics, lines, clock } = createRig();

  for (let attempt = 0; attempt < 50; attempt++)
    diagnostics.error('{"stack":"at /x","message":"14 UNAVAILABLE"}');
  clock.nowMs = 5 * 60_000;
  diagnostics.warn("still down");

  expect(lines).toEqual([
    "Cannot send the process's own metrics and logs: 14 UNAVAILABLE",
    "Cannot send the process's own metrics and logs: still down",
  ]);
});

test.each<readonly [complaint: readonly [string, ...unknown[]], line: string]>([
  [["timed out"], "timed out"],
  [["export threw", new Error("no")], "export threw no"],
  [['{"message":"m","metadata":{}}'], "m"],
  [["{not json"], "{not json"],
  [['{"code":1}'], '{"code":1}'],
])("diagnostics make one line of %j", (args, expected) => {
  const { diagnostics, lines } = createRig();

  diagnostics.error(...args);

  expect(lines).toEqual([`Cannot send the process's own metrics and logs: ${expected}`]);
});

test("diagnostics keep the libraries' chatter to themselves", () => {
  const { diagnostics, lines } = createRig();

  diagnostics.info("a");
  diagnostics.debug("b");
  diagnostics.verbose("c");

  expect(lines).toEqual([]);
});
