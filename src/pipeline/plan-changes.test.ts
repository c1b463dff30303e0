import { expect, test } from "vitest";
import type { PlannedWatch } from "../cluster/plan-watches.ts";
import { formatWatchKey } from "../cluster/watch-event.ts";
import { type Changes, planChanges, type Situation } from "./plan-changes.ts";

function watch(resource: string, version = "v1", group = "example.com"): PlannedWatch {
  const key = { group, resource };
  const hints = { phases: [], printerColumns: [] };
  const facts = { ...key, version, kind: resource, scope: "Cluster" as const, hints };
  return { key, facts: { ...facts, hasStatusSubresource: true } };
}

function plan(situation: Partial<Situation>): Readonly<Record<keyof Changes, readonly string[]>> {
  const { start, restart, stop, vanished } = planChanges({
    wanted: [],
    served: new Set(),
    isUncertain: () => false,
    running: [],
    remembered: [],
    ...situation,
  });
  return {
    start: names(start),
    restart: names(restart),
    stop: names(stop),
    vanished: names(vanished),
  };
}

function names(watches: readonly PlannedWatch[]): readonly string[] {
  return watches.map(({ key, facts }) => `${formatWatchKey(key)} ${facts.version}`);
}

const NONE = { start: [], restart: [], stop: [], vanished: [] };
const NAME = "a.example.com";
const SERVED = new Set([NAME]);

test.each<[string, Partial<Situation>, object]>([
  ["new", { wanted: [watch("a")], served: SERVED }, { start: [`${NAME} v1`] }],
  [
    "remembered",
    { wanted: [watch("a")], served: SERVED, remembered: [watch("a")] },
    { start: [`${NAME} v1`] },
  ],
  ["running", { wanted: [watch("a")], served: SERVED, running: [watch("a")] }, {}],
  [
    "under another version",
    { wanted: [watch("a", "v2")], served: SERVED, running: [watch("a")] },
    { restart: [`${NAME} v2`] },
  ],
  ["served, but not wanted", { served: SERVED, running: [watch("a")] }, { stop: [`${NAME} v1`] }],
  ["not served", { running: [watch("a")] }, { vanished: [`${NAME} v1`] }],
  ["remembered, and not served", { remembered: [watch("a")] }, { vanished: [`${NAME} v1`] }],
  ["remembered, and not wanted", { served: SERVED, remembered: [watch("a")] }, {}],
  [
    "hidden by its group's trouble",
    { running: [watch("a")], isUncertain: (group) => group === "example.com" },
    {},
  ],
  [
    "not served, another group in trouble",
    { running: [watch("a")], isUncertain: (group) => group === "b.com" },
    { vanished: [`${NAME} v1`] },
  ],
])("planChanges() of what is %s", (_, situation, expected) => {
  expect(plan(situation)).toEqual({ ...NONE, ...expected });
});

test("planChanges() settles whatever it meets: what it leads to has no changes left", () => {
  const bits = Array.from({ length: 4 ** 4 }, (_, index) => index);

  for (const bit of bits) {
    const has = (place: number): boolean => ((bit >> place) & 1) === 1;
    const all = ["a", "b"].map((name) => watch(name));
    const pick = (offset: number): PlannedWatch[] => all.filter((__, at) => has(offset + at));
    const served = pick(0);
    const situation: Situation = {
      served: new Set(served.map(({ key }) => formatWatchKey(key))),
      wanted: served.filter((one) => pick(2).includes(one)),
      running: pick(4),
      remembered: pick(6).filter((one) => !pick(4).includes(one)),
      isUncertain: () => false,
    };
    const { start, stop, vanished } = planChanges(situation);

    const touched = [...start, ...stop, ...vanished].map(({ key }) => formatWatchKey(key));
    const left = (watches: readonly PlannedWatch[]): readonly PlannedWatch[] =>
      watches.filter((one) => !stop.includes(one) && !vanished.includes(one));
    const after = { ...situation, running: [...left(situation.running), ...start], remembered: [] };
    expect(new Set(touched).size).toBe(touched.length);
    expect(plan(after)).toEqual(NONE);
  }
});
