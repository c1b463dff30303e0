import { expect, test } from "vitest";
import type { ObjectPoints, Point } from "../lifecycle/signal.ts";
import type { Touched } from "./commit.ts";
import { compareSeries, SeriesPins, union, without } from "./series-pins.ts";

const PLACE = { kindId: 1, namespace: "default", name: "a" };

function point(metric: string, attributes: Point["attributes"] = {}): Point {
  return { metric, unit: "", value: 1, attributes };
}

function columns(list: readonly Point[]): ObjectPoints {
  return {
    identity: { name: "a" },
    series: list.map(({ metric, unit, attributes }) => ({ metric, unit, attributes })),
    values: list.map(({ value }) => value),
  };
}

function points(...metrics: readonly string[]): ObjectPoints {
  return columns(metrics.map((metric) => point(metric)));
}

function touch(id: number, fields: Partial<Touched> = {}): Touched {
  return {
    ...PLACE,
    id,
    watchId: 1,
    before: { watchId: 1, health: "current" },
    healthAfter: "current",
    pointsBefore: undefined,
    ...fields,
  };
}

/** Pins of a process that has delivered the series of these rows. */
function pinsAfter(...rowIds: readonly number[]): SeriesPins {
  const pins = new SeriesPins();
  for (const rowId of rowIds) pins.delivered(rowId);
  return pins;
}

function valuesOf(pins: SeriesPins): unknown {
  return [...pins.take().values()].map(({ exported }) => exported?.values);
}

function metricsOf(exported: ObjectPoints | undefined): readonly string[] | undefined {
  return exported?.series.map(({ metric }) => metric);
}

test("the first change of an object pins what was exported of it, later ones leave that", () => {
  const pins = pinsAfter(1);
  pins.touch([touch(1, { pointsBefore: points("x") })]);

  pins.touch([touch(1, { pointsBefore: points("y") })]);

  expect([...pins.take().values()]).toEqual([{ kindId: 1, rowId: 1, exported: points("x") }]);
});

test("a recreated object's row takes over the name and what was exported under it", () => {
  const pins = pinsAfter(1);

  pins.touch([
    touch(1, { pointsBefore: points("x"), healthAfter: undefined }),
    touch(2, { before: undefined }),
  ]);

  expect([...pins.take().values()]).toEqual([{ kindId: 1, rowId: 2, exported: points("x") }]);
});

test("a removal that comes after its successor's arrival takes nothing from it", () => {
  const pins = pinsAfter(1);

  pins.touch([
    touch(2, { before: undefined }),
    touch(1, { pointsBefore: points("x"), healthAfter: undefined }),
  ]);

  expect([...pins.take().values()]).toEqual([{ kindId: 1, rowId: 2, exported: points("x") }]);
});

test("a row that changes on after its name was another's takes it back, also from what was given back", () => {
  const pins = pinsAfter(1, 2);
  pins.touch([touch(1), touch(2), touch(1)]);
  const taken = pins.take();
  const first = [...taken.values()].map(({ rowId }) => rowId);
  pins.touch([touch(2)]);
  pins.giveBack(taken);

  pins.touch([touch(1)]);

  expect([first, [...pins.take().values()].map(({ rowId }) => rowId)]).toEqual([[1], [1]]);
});

test("take() begins anew; has() asks by kind, namespace and name", () => {
  const pins = new SeriesPins();
  pins.touch([touch(1)]);
  const before = [
    pins.has(PLACE),
    pins.has({ ...PLACE, kindId: 2 }),
    pins.has({ ...PLACE, namespace: "b" }),
  ];

  pins.take();

  expect([before, pins.has(PLACE), pins.take().size]).toEqual([[true, false, false], false, 0]);
});

test("giveBack() keeps what was out there before, under the row that bears the name by now", () => {
  const pins = pinsAfter(1, 2);
  pins.touch([touch(1, { pointsBefore: points("x", "y") })]);
  const taken = pins.take();
  pins.touch([touch(2, { pointsBefore: points("y", "z") })]);

  pins.giveBack(taken);

  const [pin] = pins.take().values();
  expect(pin?.rowId).toBe(2);
  expect(metricsOf(pin?.exported)).toEqual(["x", "y"]);
});

test("of a row that this process has not delivered yet the series are known, but no value", () => {
  const pins = new SeriesPins();

  pins.touch([touch(1, { pointsBefore: points("x") })]);

  expect(valuesOf(pins)).toEqual([[Number.NaN]]);
});

test("hasRow() asks by row, also of what was given back, until the next take()", () => {
  const pins = pinsAfter();
  pins.touch([touch(1), touch(2, { name: "b" })]);
  const pinned = [pins.hasRow(1), pins.hasRow(2), pins.hasRow(3)];
  const taken = pins.take();
  const afterwards = pins.hasRow(1);

  pins.giveBack(taken);

  expect(pinned).toEqual([true, true, false]);
  expect([afterwards, pins.hasRow(1), pins.hasRow(2)]).toEqual([false, true, true]);
});

test("no value is known where two rows bore the same name, or where all of an object is demanded", () => {
  const pins = pinsAfter(1, 2, 3);
  pins.touch([
    touch(1, { pointsBefore: points("x"), healthAfter: undefined }),
    touch(2, { pointsBefore: points("x", "y") }),
    touch(3, { name: "b", pointsBefore: points("z") }),
  ]);

  pins.demandAll({ ...PLACE, name: "b" });

  expect(valuesOf(pins)).toEqual([[Number.NaN, Number.NaN], [Number.NaN]]);
});

test("what was lost is unknown, pinned already or not; so is all of it when somebody else may have exported", () => {
  const pins = pinsAfter(1, 2);
  pins.touch([touch(1, { pointsBefore: points("x") })]);
  const key = [...pins.take().keys()].join();
  pins.touch([touch(1, { pointsBefore: points("x") })]);
  pins.lost(key, 1);
  const pinned = valuesOf(pins);
  pins.touch([touch(1, { pointsBefore: points("x") })]);
  const later = valuesOf(pins);
  pins.touch([touch(2, { pointsBefore: points("x") })]);

  pins.loseAll();

  expect([pinned, later, valuesOf(pins)]).toEqual([[[Number.NaN]], [[Number.NaN]], [[Number.NaN]]]);
});

test("without() tells series apart by metric and attributes, in whatever order those stand", () => {
  const before = [point("m", { a: "1", b: "2" }), point("m", { a: "2" }), point("n", { a: "2" })];
  const after = [point("m", { b: "2", a: "1" }), point("m", { a: "2" })];

  expect(without(columns(before), after)).toEqual([point("n", { a: "2" })]);
});

test("without() finds a series at another place of the list, and lists among its attributes", () => {
  const before = [point("gone"), point("m", { a: ["1", "2"] }), point("m", { a: ["1"] })];
  const after = [point("m", { a: ["1", "2"] }), point("new"), point("m", { a: ["2"] })];

  expect(without(columns(before), after)).toEqual([point("gone"), point("m", { a: ["1"] })]);
});

test("compareSeries() finds new series, other values, values that nobody knows, and ends", () => {
  const before = [point("x"), point("y"), { ...point("u"), value: Number.NaN }, point("gone")];
  const after = [point("new"), point("x"), { ...point("y"), value: 2 }, point("u")];

  const { changed, ended } = compareSeries(columns(before), columns(after));

  expect(changed.map(({ metric }) => metric)).toEqual(["new", "y", "u"]);
  expect(ended.map(({ metric }) => metric)).toEqual(["gone"]);
});

test("compareSeries() finds nothing between equal lists, in whatever order", () => {
  const before = [point("x"), point("y", { a: "1" }), point("y", { a: "2" })];

  const difference = compareSeries(columns(before), columns(before.toReversed()));

  expect(difference).toEqual({ changed: [], ended: [] });
});

test("union() of nothing and something is that", () => {
  expect(union(undefined, points("x"))).toEqual(points("x"));
  expect(union(points("x"), undefined)).toEqual(points("x"));
  expect(union(undefined, undefined)).toBe(undefined);
});
