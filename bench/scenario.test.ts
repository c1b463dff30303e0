import { expect, test } from "vitest";
import { isMap } from "../src/util/json.ts";
import { type BenchLine, Scenario, type ScenarioOptions } from "./scenario.ts";

const OPTIONS: ScenarioOptions = { objects: 40, updates: 2000, seed: 1, logSeverity: "DEBUG" };
const SERIES_PER_OBJECT = 19;

type Event = { readonly type: string; readonly object: Readonly<Record<string, unknown>> };

function eventsOf(lines: Iterable<BenchLine>): readonly Event[] {
  // The scenario's own text.
  return [...lines].map(({ text }) => JSON.parse(text) as Event);
}

function seriesOf(scenario: Scenario): ReadonlyMap<string, ReadonlyMap<string, number>> {
  return new Map(scenario.expected().live());
}

test("the updates hold the mix: 20 % spec, 25 % conditions, 10 % phases, and some objects are deleted", () => {
  // Few updates each, so that the flood guard has nothing to say.
  const scenario = new Scenario({ ...OPTIONS, objects: 200 });

  const events = eventsOf(scenario.updates());

  const { records } = scenario.expected();
  expect(events.filter(({ type }) => type === "MODIFIED")).toHaveLength(2000);
  expect(records.get("lifeline.object.updated")).toBe(400);
  expect(records.get("lifeline.object.condition_changed")).toBe(500);
  expect(records.get("lifeline.object.phase_changed")).toBe(200);
  expect(records.get("lifeline.object.deleted")).toBe(5);
  expect(events.filter(({ type }) => type === "DELETED")).toHaveLength(5);
  expect(events.at(-1)?.type).toBe("DELETED");
});

test("the same seed gives the same changes, another seed another order", () => {
  const [first, again, other] = [1, 1, 2].map((seed) => generationsOf(seed));

  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test("each event is about 3.1 KB", () => {
  const scenario = new Scenario(OPTIONS);

  const count = [...scenario.updates()].length;

  expect(scenario.events).toBe(count);
  expect(scenario.meanEventBytes).toBeGreaterThan(3050);
  expect(scenario.meanEventBytes).toBeLessThan(3250);
});

test("what is live in the end is what the last event of each object shows, and nothing of the deleted ones", () => {
  const scenario = new Scenario(OPTIONS);

  const last = new Map(
    eventsOf(scenario.updates()).map(({ type, object }) => [nameOf(object), { type, object }]),
  );

  const live = seriesOf(scenario);
  const shown = [...last.values()].filter(({ type }) => type === "MODIFIED");
  expect(live.size).toBe(40);
  expect(shown).toHaveLength(40);
  for (const { object } of shown) {
    const status = isMap(object["status"]) ? object["status"] : {};
    const series = live.get(nameOf(object));
    expect(series?.size).toBe(SERIES_PER_OBJECT);
    expect(series?.get("lifeline.object.status.connections")).toBe(status["connections"]);
    expect(series?.get(`lifeline.object.phase{phase=${String(status["phase"])}}`)).toBe(1);
    expect(series?.get("lifeline.object.observed_generation")).toBe(status["observedGeneration"]);
  }
  expect([...scenario.expected().deleted.values()].map((series) => series.length)).toEqual([
    SERIES_PER_OBJECT,
  ]);
});

test("paced changes touch each object once, and the states that they leave are to be ended", () => {
  const scenario = new Scenario(OPTIONS);
  eventsOf(scenario.updates());
  const before = seriesOf(scenario);

  const events = eventsOf(scenario.paced(1000));

  const after = seriesOf(scenario);
  const left = [...before].flatMap(([object, series]) =>
    [...series.keys()]
      .filter((name) => after.get(object)?.has(name) !== true)
      .map((name) => `${object} ${name}`),
  );
  expect(new Set(events.map(({ object }) => nameOf(object))).size).toBe(40);
  expect(events).toHaveLength(40);
  expect(left.length).toBeGreaterThan(10);
  expect([...scenario.expected().left].toSorted()).toEqual(left.toSorted());
});

test("without updates nothing is deleted, and pages hold all objects", () => {
  const scenario = new Scenario({ ...OPTIONS, updates: 0 });

  const first = scenario.page(0, 30);
  const second = scenario.page(first.next ?? 0, 30);

  expect([first.items.length, second.items.length, second.next]).toEqual([30, 10, undefined]);
  expect(seriesOf(scenario).size).toBe(40);
  expect([...scenario.expected().records]).toEqual([["lifeline.synced", 1]]);
});

test("of an object that changes more often than the flood guard lets through, 20 records and a hot one are due", () => {
  const scenario = new Scenario({ ...OPTIONS, objects: 20 });

  eventsOf(scenario.updates());

  const { records } = scenario.expected();
  const told = ["updated", "status_updated"].map(
    (action) => records.get(`lifeline.object.${action}`) ?? 0,
  );
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(20 * 20);
  expect(records.get("lifeline.object.hot")).toBe(20);
  expect(records.get("lifeline.object.condition_changed")).toBe(500);
});

test("at INFO no record of a mere status is expected", () => {
  const scenario = new Scenario({ ...OPTIONS, logSeverity: "INFO" });

  eventsOf(scenario.updates());

  expect(scenario.expected().records.has("lifeline.object.status_updated")).toBe(false);
});

function nameOf(object: Event["object"]): string {
  const metadata = isMap(object["metadata"]) ? object["metadata"] : {};
  return `BenchDatabase.bench.example.com ${String(metadata["namespace"])}/${String(metadata["name"])}`;
}

function generationsOf(seed: number): readonly unknown[] {
  return eventsOf(new Scenario({ ...OPTIONS, seed }).updates()).map(
    ({ object }) => isMap(object["metadata"]) && object["metadata"]["generation"],
  );
}

test("spans are known of many objects, and none are expected without traces", () => {
  const spans = spansOf({ updates: 10_000 }) ?? new Map<string, number>();

  const roots = [...spans].filter(([label]) => label.startsWith("BenchDatabase converge"));
  // Each spec that is written begins a converge; some are not over yet.
  expect(roots.map(([label]) => label).toSorted()).toEqual([
    "BenchDatabase converge: current",
    "BenchDatabase converge: superseded",
  ]);
  expect(roots.reduce((sum, [, count]) => sum + count, 0)).toBe(spans.get("observe"));
  expect(spansOf({ traces: false })?.size).toBe(0);
  expect(spansOf({ objects: 4999 })).toBeUndefined();
});

function spansOf(options: Partial<ScenarioOptions>): ReadonlyMap<string, number> | undefined {
  const scenario = new Scenario({ ...OPTIONS, objects: 5000, updates: 20, ...options });
  for (const _ of scenario.updates()) continue;
  return scenario.expected().spans;
}
