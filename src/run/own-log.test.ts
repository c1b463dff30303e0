import { expect, test } from "vitest";
import {
  createOwnLog,
  type OwnLog,
  type OwnLogLevel,
  type OwnLogRecord,
  withRecords,
} from "./own-log.ts";

const CLOCK = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) };

function logTo(lines: string[], level: OwnLogLevel = "info"): OwnLog {
  return createOwnLog({ level, clock: CLOCK, write: (line) => lines.push(line) });
}

test("own log writes one JSON line with time, level, message and fields in this order", () => {
  const lines: string[] = [];

  logTo(lines).log("info", "Synced pods", {
    watch: "pods",
    objects: 3,
    names: ["a"],
    none: undefined,
  });

  expect(lines).toEqual([
    '{"time":"2026-01-02T03:04:05.678Z","level":"info","message":"Synced pods","watch":"pods","objects":3,"names":["a"]}\n',
  ]);
});

test.each([
  ["debug", ["debug", "info", "warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
] as const)("own log at level %s writes %j", (level, expected) => {
  const lines: string[] = [];
  const log = logTo(lines, level);

  for (const each of ["debug", "info", "warn", "error"] as const) log.log(each, each);

  expect(lines.map((line) => JSON.parse(line).level)).toEqual(expected);
});

test("own log keeps time, level and message when fields have the same names", () => {
  const lines: string[] = [];

  logTo(lines).log("warn", "true", { message: "false", level: "debug", time: "never" });

  expect(JSON.parse(lines[0] ?? "")).toEqual({
    time: "2026-01-02T03:04:05.678Z",
    level: "warn",
    message: "true",
  });
});

test("own log keeps one line when a message holds line breaks", () => {
  const lines: string[] = [];

  logTo(lines).log("info", "one\ntwo\u2028three");

  expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
});

test("withRecords() hands on warn and above, whatever the level of the lines", () => {
  const lines: string[] = [];
  const records: OwnLogRecord[] = [];
  const log = withRecords(logTo(lines, "error"), CLOCK, (record) => records.push(record));

  for (const each of ["debug", "info", "warn", "error"] as const)
    log.log(each, each, { watch: "pods" });

  expect(lines).toHaveLength(1);
  expect(records).toEqual([
    { timeMs: CLOCK.now(), level: "warn", message: "warn", fields: { watch: "pods" } },
    { timeMs: CLOCK.now(), level: "error", message: "error", fields: { watch: "pods" } },
  ]);
});
