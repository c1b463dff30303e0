import { expect, test } from "vitest";
import { drawTrace } from "../../testing/draw-trace.ts";
import { database } from "../../testing/kube-change.ts";
import { EMPTY_MEMORY, type Memory } from "../memory.ts";
import type { Span, TraceSignal } from "../signal.ts";
import { controllerUid, type FamilyMember, hasFamily, withFamily } from "./family.ts";
import { rootName, spanIdOf, traceIdOf } from "./trace-ids.ts";
import type { GoneChild, Work } from "./work.ts";

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

const OPEN = {
  role: "converge" as const,
  generation: 1,
  of: 1,
  ordinal: "0",
  start: { observedMs: 130_000 },
  managers: [],
  marks: [],
  leftOut: 0,
};

test("a child that still works when its owner is done goes on to the end", () => {
  const trace = withFamily(OWNER, [member("pod-0", { ...wellSince(1, 2), work: [OPEN] })]);

  expect(drawTrace(trace.spans)).toContain("child Pod 30000–60000");
});

const DONE: NonNullable<Memory["done"]> = {
  role: "converge",
  generation: 3,
  start: { observedMs: 105_300, recordedMs: 105_000 },
  end: { observedMs: 120_700, recordedMs: 119_000, isLate: false },
};

test("a child's span goes by when its work was seen to begin and to end, and says what was recorded", () => {
  const seen = member("pod-0", { ...wellSince(105_000, 119_000), done: DONE });
  const late = member("pod-1", {
    ...wellSince(105_000, 119_000),
    done: { ...DONE, end: { observedMs: 150_700, recordedMs: 119_000, isLate: true } },
  });

  const [, ...spans] = withFamily(OWNER, [seen, late]).spans;

  const start = { "lifeline.start": "observed", "lifeline.recorded_start": "1970-01-01T00:01:45Z" };
  expect(spans).toMatchObject([
    {
      startMs: 105_300,
      endMs: 120_700,
      attributes: {
        ...start,
        "lifeline.end": "observed",
        "lifeline.recorded_end": "1970-01-01T00:01:59Z",
      },
    },
    {
      endMs: 119_000,
      attributes: {
        ...start,
        "lifeline.end": "recorded",
        "lifeline.observed_end": "1970-01-01T00:02:30.700Z",
      },
    },
  ]);
});

test("a child whose work nobody saw goes by what was recorded, and where it leaves its owner's work by that", () => {
  const says = { "lifeline.start": "observed", "lifeline.recorded_start": "1970-01-01T00:01:39Z" };
  const owner = {
    ...OWNER,
    spans: [{ ...ROOT, attributes: { ...ROOT.attributes, ...says } }] as const,
  };

  const [, across, inside] = withFamily(owner, [
    member("pod-0", wellSince(105_000, 119_000)),
    member("pod-1", wellSince(90_000, 119_000)),
  ]).spans;

  const recorded = { "lifeline.start": "recorded", "lifeline.end": "recorded" };
  expect(inside?.attributes).toMatchObject(recorded);
  expect(across?.attributes).toMatchObject({ ...recorded, ...says });
});

test("what was done for a child before it worked itself, or after, belongs to it", () => {
  const pods = [
    member("pod-0", wellSince(103_000, 108_000)),
    member("pod-1", wellSince(112_000, 150_000)),
  ];
  const well = member("quiet", { health: { value: "current" } }, [
    member("pod-2", wellSince(120_000, 130_000)),
  ]);

  const trace = withFamily(OWNER, [member("set", wellSince(110_000, 115_000), pods), well]);

  expect(drawTrace(trace.spans)).toBe(
    `CustomDatabase converge 0–60000
  child StatefulSet 3000–50000
    child Pod 3000–8000
    child Pod 12000–50000
  child StatefulSet 20000–30000
    child Pod 20000–30000`,
  );
  expect(trace.spans.map(({ links }) => links.length)).toEqual([0, 1, 1, 1, 0, 1]);
});

test("a child that came to its goal and lost it again has both in one span, linked to both traces", () => {
  const disruption = {
    ...OPEN,
    role: "disruption" as const,
    ordinal: "T",
    start: { observedMs: 140_000 },
  };

  const trace = withFamily(OWNER, [
    member("pod-0", { health: { value: "failed" }, done: DONE, work: [disruption] }),
  ]);

  expect(drawTrace(trace.spans)).toContain("child Pod 5300–60000");
  expect(trace.spans[1]?.links.map(({ traceId }) => traceId)).toEqual([
    traceIdOf({ uid: "pod-0", role: "converge", generation: 3, ordinal: "0" }),
    traceIdOf({ uid: "pod-0", role: "disruption", generation: 1, ordinal: "T" }),
  ]);
});

function lost(uid: string, owner: string, fromMs: number): GoneChild {
  const [start, end] = [{ observedMs: fromMs }, { observedMs: fromMs + 5_000 }];
  const past = [{ role: "delete" as const, generation: 2, start, end }];
  return { owner, kind: "Pod", group: "", name: uid, uid, at: end, past };
}

test("what went meanwhile is below whom it belonged to, if that is still known, and nobody is there twice", () => {
  const gone = [
    lost("pod-2", "set", 120_000),
    lost("pod-3", "gone-set", 130_000),
    { ...lost("gone-set", "owner", 125_000), kind: "ReplicaSet" },
    lost("pod-4", "nobody", 140_000),
    lost("pod-0", "set", 150_000),
  ];
  const set = member("set", wellSince(101_000, 104_000), [
    member("pod-0", wellSince(102_000, 103_000)),
  ]);

  const trace = withFamily({ ...OWNER, gone }, [set]);

  expect(drawTrace(trace.spans)).toBe(
    `CustomDatabase converge 0–60000
  child StatefulSet 1000–25000
    child Pod 2000–3000
    child Pod 20000–25000
  child ReplicaSet 25000–35000
    child Pod 30000–35000
  child Pod 40000–45000`,
  );
  expect(trace.spans.map(({ attributes }) => attributes["lifeline.gone"] === true)).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
  expect(trace.spans.at(-1)?.links).toEqual([
    {
      traceId: traceIdOf({ uid: "pod-4", role: "delete", generation: 2, ordinal: "0" }),
      spanId: expect.any(String),
      attributes: { "lifeline.role": "delete" },
    },
  ]);
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

test("a child that failed and may never recover is linked to the work that failed alone", () => {
  const start = { observedMs: 120_000 };
  const failed: Work["marks"][number] = { about: "health", name: "", value: "failed", reason: "" };
  const about = { generation: 3, of: 3, ordinal: "since", managers: [], leftOut: 0 } as const;
  const recovery: Work = { role: "disruption", ...about, start, marks: [failed] };
  const memory: Partial<Memory> = {
    health: { value: "failed", sinceMs: 120_000 },
    generation: { value: 3, sinceMs: 105_000 },
    work: [recovery],
    done: { role: "converge", generation: 3, start: { observedMs: 105_000 }, end: start },
  };

  const [, child] = withFamily(OWNER, [member("pod-0", memory)]).spans;

  expect(child?.links.map(({ attributes }) => attributes)).toEqual([
    { "lifeline.role": "converge" },
  ]);
});

test.each(["delete", "disruption"])("a %s has no family: none of it works for that", (role) => {
  const told: TraceSignal = {
    ...OWNER,
    spans: [{ ...ROOT, attributes: { "lifeline.role": role } }],
  };

  expect([hasFamily(OWNER), hasFamily(told)]).toEqual([true, false]);
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
