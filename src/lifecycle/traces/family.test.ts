import { expect, test } from "vitest";
import { drawTrace } from "../../testing/draw-trace.ts";
import { database } from "../../testing/kube-change.ts";
import { EMPTY_MEMORY, type Memory } from "../memory.ts";
import type { Span, TraceSignal } from "../signal.ts";
import { controllerUid, type FamilyMember, withFamily } from "./family.ts";
import { rootName, spanIdOf, traceIdOf } from "./trace-ids.ts";

const ROOT: Span = {
  spanId: "root",
  name: "CustomDatabase converge",
  startMs: 100_000,
  endMs: 160_000,
  attributes: { "lifeline.role": "converge" },
  events: [],
  links: [],
};
const OWNER: TraceSignal = { type: "trace", traceId: "a".repeat(32), spans: [ROOT] };

function member(
  uid: string,
  memory: Partial<Memory>,
  children: readonly FamilyMember[] = [],
): FamilyMember {
  const kind = children.length === 0 ? "Pod" : "StatefulSet";
  return { kind, group: "", name: uid, uid, memory: { ...EMPTY_MEMORY, ...memory }, children };
}

function wellSince(beganMs: number, sinceMs: number): Partial<Memory> {
  return {
    generation: { value: 3, sinceMs: beganMs },
    health: { value: "current", sinceMs },
  };
}

test("each child is a span within its owner's, and its children are below it", () => {
  const pods = [
    member("pod-0", wellSince(105_000, 120_000)),
    member("pod-1", wellSince(120_000, 150_000)),
  ];

  const trace = withFamily(OWNER, [member("set", wellSince(101_000, 150_000), pods)]);

  expect(drawTrace(trace.spans)).toBe(
    `CustomDatabase converge 0–60000
  child StatefulSet 1000–50000
    child Pod 5000–20000
    child Pod 20000–50000`,
  );
});

test("a child is linked to its own trace, and has the same id from any replica", () => {
  const family = [member("pod-0", wellSince(105_000, 120_000))];

  const [, child] = withFamily(OWNER, family).spans;

  const traceId = traceIdOf({ uid: "pod-0", role: "converge", generation: 3, ordinal: "0" });
  expect(child?.links).toEqual([
    {
      traceId,
      spanId: spanIdOf(traceId, rootName("Pod", "converge"), 0),
      attributes: { "lifeline.role": "converge" },
    },
  ]);
  expect(child?.spanId).toBe(spanIdOf(OWNER.traceId, "child pod-0", 0));
});

test("a child that still works when its owner is done goes on to the end", () => {
  const open = {
    role: "converge" as const,
    generation: 1,
    of: 1,
    ordinal: "0",
    start: { observedMs: 130_000 },
    managers: [],
    marks: [],
    leftOut: 0,
  };

  const trace = withFamily(OWNER, [member("pod-0", { ...wellSince(1, 2), work: [open] })]);

  expect(drawTrace(trace.spans)).toContain("child Pod 30000–60000");
});

test("what a child did before, and what it does after, is no part of its owner's work", () => {
  const before = member("old", wellSince(10_000, 20_000));
  const across = member("across", wellSince(99_000, 170_000));

  const trace = withFamily(OWNER, [before, across]);

  expect(drawTrace(trace.spans)).toBe("CustomDatabase converge 0–60000\n  child Pod 0–60000");
});

test("a child that was well at its first sight did not work for its owner, but one whose conditions turned good since did", () => {
  const foundBefore = { generation: { value: 5, sinceMs: 50_000 } };
  const wellForLong = [
    member("found", { ...foundBefore, health: { value: "current" } }),
    member("without-generation", { health: { value: "current" } }),
    member("switched-off", { ...foundBefore, health: { value: "suspended" } }),
  ];
  const meanwhile = member("meanwhile", {
    generation: { value: 5, sinceMs: 110_000 },
    health: { value: "current" },
    conditions: [
      { type: "Ready", status: "True", sinceMs: 140_000 },
      { type: "Scheduled", status: "True", sinceMs: 120_000 },
    ],
  });

  const trace = withFamily(OWNER, [...wellForLong, meanwhile]);

  expect(drawTrace(trace.spans)).toBe("CustomDatabase converge 0–60000\n  child Pod 10000–40000");
});

test("a family of thousands is told by the first 499", () => {
  const family = Array.from({ length: 3_000 }, (_, index) =>
    member(`pod-${index}`, wellSince(101_000, 120_000)),
  );

  expect(withFamily(OWNER, family).spans).toHaveLength(500);
});

test("only the owner that controls the object counts", () => {
  const references = [
    { apiVersion: "v1", kind: "A", name: "a", uid: "other" },
    { apiVersion: "v1", kind: "B", name: "b", uid: "controller", controller: true },
  ];

  const uids = [references, references.slice(0, 1), undefined].map((ownerReferences) =>
    controllerUid(database({ metadata: ownerReferences === undefined ? {} : { ownerReferences } })),
  );

  expect(uids).toEqual(["controller", "", ""]);
});
