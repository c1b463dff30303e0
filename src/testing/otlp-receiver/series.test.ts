import { expect, test } from "vitest";
import type { ReceivedPoint } from "./received.ts";
import { foldSeries, seriesKey } from "./series.ts";

function point(more: Partial<ReceivedPoint>): ReceivedPoint {
  return {
    resource: {},
    scope: { name: "", version: "" },
    metric: "m",
    description: "",
    unit: "",
    type: "gauge",
    attributes: { a: "1", b: "2" },
    startTimeUnixNano: 0n,
    timeUnixNano: 1n,
    flags: 0,
    isEnd: false,
    exemplarCount: 0,
    ...more,
  };
}

test("seriesKey is the same whatever the order of attributes", () => {
  const swapped = point({ attributes: { b: "2", a: "1" } });
  const other = point({ attributes: { b: "1", a: "2" } });

  expect(seriesKey(swapped)).toBe(seriesKey(point({})));
  expect(seriesKey(other)).not.toBe(seriesKey(point({})));
});

test("foldSeries tells live series from ended ones by their newest points", () => {
  const other = { attributes: { a: "2" } };

  const { live, ended } = foldSeries([
    point({ value: 1 }),
    point({ ...other, value: 5 }),
    point({ timeUnixNano: 2n, isEnd: true }),
    point({ ...other, timeUnixNano: 2n, isEnd: true }),
    point({ ...other, timeUnixNano: 3n, value: 6 }),
  ]);

  expect([...live.values()].map(({ value }) => value)).toEqual([6]);
  expect([...ended.keys()]).toEqual([seriesKey(point({}))]);
});

test("foldSeries throws when time goes backwards in a series", () => {
  const points = [point({ timeUnixNano: 2n, isEnd: true }), point({ timeUnixNano: 1n, value: 1 })];

  expect(() => foldSeries(points)).toThrow("Time goes backwards");
});
