import { expect, test } from "vitest";
import { EMPTY_MEMORY, type Memory } from "../memory.ts";
import { goneChild, withGoneChild } from "./gone-child.ts";
import type { GoneChild, Role, Work } from "./work.ts";

const START_MS = 10_000;

function workingOn(role: Role, fields: Partial<Work> = {}): Memory {
  const work: Work = {
    role,
    generation: 1,
    of: 1,
    ordinal: "0",
    start: { observedMs: START_MS },
    managers: [],
    marks: [],
    leftOut: 0,
    ...fields,
  };
  return { ...EMPTY_MEMORY, work: [work] };
}

function gone(uid: string, fields: Partial<GoneChild> = {}): GoneChild {
  const at = { observedMs: START_MS + 5_000 };
  return { owner: "o", kind: "Pod", group: "", name: uid, uid, at, past: [], ...fields };
}

function goneOf(memory: Memory | undefined): readonly string[] | undefined {
  return memory?.work?.[0]?.gone?.map(({ uid }) => uid);
}

test("a child is remembered by whose work on a generation goes on, and was begun when it went", () => {
  const early = gone("pod", { at: { observedMs: START_MS - 1 } });

  expect(goneOf(withGoneChild(workingOn("converge"), gone("pod")))).toEqual(["pod"]);
  expect(withGoneChild(workingOn("converge"), early)).toBeUndefined();
  expect(withGoneChild(workingOn("delete"), gone("pod"))).toBeUndefined();
  expect(withGoneChild(workingOn("disruption"), gone("pod"))).toBeUndefined();
  expect(withGoneChild(EMPTY_MEMORY, gone("pod"))).toBeUndefined();
});

function convergedAt(second: number): GoneChild["past"][number] {
  const [start, end] = [{ observedMs: 0 }, { observedMs: second * 1_000 }];
  return { role: "converge", generation: 1, start, end };
}

test("of a child only what it did meanwhile is remembered, and the same child once", () => {
  const pod = gone("pod", { past: [convergedAt(9), convergedAt(12)] });

  const once = withGoneChild(workingOn("converge"), pod);

  expect(once?.work?.[0]?.gone?.[0]?.past).toEqual([convergedAt(12)]);
  expect(once && withGoneChild(once, pod)).toBeUndefined();
});

test("the twenty-first child that went is counted", () => {
  let memory = workingOn("converge");

  for (let index = 0; index < 22; index += 1)
    memory = withGoneChild(memory, gone(`pod-${index}`)) ?? memory;

  expect(goneOf(memory)).toHaveLength(20);
  expect(memory.work?.[0]?.leftOut).toBe(2);
});

test("what is told of a child that is gone is its last work, and its deletion", () => {
  const done = {
    role: "converge",
    generation: 1,
    start: { observedMs: 1 },
    end: { observedMs: 2 },
  } as const;
  const [deletion, disruption] = (["delete", "disruption"] as const).flatMap(
    (role) => workingOn(role).work ?? [],
  );
  if (deletion === undefined || disruption === undefined) throw new Error("There is no work");
  const end = { observedMs: 20_000 };
  const ended = [disruption, deletion].map((work) => ({ work, outcome: "deleted" as const, end }));

  const child = goneChild(gone("pod"), {
    change: { observedAtMs: 20_000, isLate: true },
    memory: { ...EMPTY_MEMORY, done },
    ended,
  });

  expect(child).toMatchObject({
    at: { observedMs: 20_000, isLate: true },
    past: [done, { role: "delete", generation: 1, start: { observedMs: START_MS }, end }],
  });
});
