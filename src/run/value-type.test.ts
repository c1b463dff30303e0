import * as v from "valibot";
import { expect, test } from "vitest";
import { choice, duration, formatDurationSetting, size, splitList } from "./value-type.ts";

const WIDE = { minMs: 0, maxMs: 24 * 3_600_000 };

test.each([
  ["250ms", 250],
  ["5s", 5_000],
  ["10m", 600_000],
  ["1h", 3_600_000],
  ["0s", 0],
  ["0ms", 0],
  ["007s", 7_000],
  ["24h", 86_400_000],
])("duration() reads %j as %i ms", (input, expected) => {
  const parsed = v.safeParse(duration(WIDE).schema, input);

  expect(parsed.output).toBe(expected);
});

test.each([
  "",
  "5",
  "s",
  "5 s",
  "5S",
  "5sec",
  "1.5s",
  "-5s",
  "+5s",
  "1m30s",
  "5d",
  "Infinity",
  "0x5s",
  "1e3ms",
  "5s\n5s",
  "٥s",
  "9999999999ms",
])("duration() refuses %j", (input) => {
  const parsed = v.safeParse(duration(WIDE).schema, input);

  expect(parsed.success).toBe(false);
});

test.each([
  ["99ms", false],
  ["100ms", true],
  ["4m", true],
  ["240s", true],
  ["241s", false],
])("duration() holds its bounds, themselves allowed, at %j", (input, expected) => {
  const parsed = v.safeParse(duration({ minMs: 100, maxMs: 240_000 }).schema, input);

  expect(parsed.success).toBe(expected);
});

test("duration() says its bounds in what it wants", () => {
  const { wanted } = duration({ minMs: 100, maxMs: 240_000 });

  expect(wanted).toBe("a duration such as 250ms, 5s, 10m or 1h, from 100ms to 4m");
});

test.each([
  [0, "0s"],
  [250, "250ms"],
  [1_500, "1500ms"],
  [60_000, "1m"],
  [90_000, "90s"],
  [3_600_000, "1h"],
])(
  "formatDurationSetting() writes %i ms so that duration() reads it back",
  (durationMs, expected) => {
    const written = formatDurationSetting(durationMs);

    expect(written).toBe(expected);
    expect(v.parse(duration(WIDE).schema, written)).toBe(durationMs);
  },
);

test.each([
  ["DEBUG", "DEBUG"],
  ["debug", "DEBUG"],
  ["Warn", "WARN"],
  ["WARNING", undefined],
  ["", undefined],
])("choice() reads %j as %j", (input, expected) => {
  const parsed = v.safeParse(choice(["DEBUG", "WARN"]).schema, input);

  expect(parsed.success ? parsed.output : undefined).toBe(expected);
});

test.each([
  ["a,b", ["a", "b"]],
  [" a , b ,", ["a", "b"]],
  [",,", []],
  ["", []],
])("splitList() splits %j", (input, expected) => {
  const items = splitList(input);

  expect(items).toEqual(expected);
});

test.each([
  ["64KiB", 65_536],
  ["256MiB", 268_435_456],
  ["2GiB", 2_147_483_648],
])("size() reads %j as %i bytes", (input, expected) => {
  const parsed = v.safeParse(size({ minBytes: 0, maxBytes: 2 ** 40 }).schema, input);

  expect(parsed.output).toBe(expected);
});

test.each([
  "",
  "5",
  "64KB",
  "64kib",
  "64 KiB",
  "1.5GiB",
  "-1MiB",
  "1TiB",
  "64KiB\n",
  "9999999999KiB",
])("size() refuses %j", (input) => {
  const parsed = v.safeParse(size({ minBytes: 0, maxBytes: 2 ** 50 }).schema, input);

  expect(parsed.success).toBe(false);
});

test.each([
  ["63KiB", false],
  ["64KiB", true],
  ["1GiB", true],
  ["1025MiB", false],
])("size() holds its bounds, themselves allowed, at %j", (input, expected) => {
  const type = size({ minBytes: 65_536, maxBytes: 2 ** 30 });
  const parsed = v.safeParse(type.schema, input);

  expect(parsed.success).toBe(expected);
  expect(type.wanted).toBe("a size such as 512KiB, 256MiB or 1GiB, from 64KiB to 1GiB");
});
