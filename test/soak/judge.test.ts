import { expect, test } from "vitest";
import type { KubeObject } from "../../src/cluster/kube-object.ts";
import { expectStory } from "./expected-story.ts";
import { readGadget } from "./gadget.ts";
import { type Copy, type Evidence, type Finding, judge } from "./judge.ts";
import type { Sighting } from "./sighting.ts";

const CREATED_AT = "2026-03-01T10:00:00Z";

type Written = { readonly spec?: object; readonly status?: object; readonly metadata?: object };

function sighting(version: number, name: string, written: Written = {}): Sighting {
  const object: KubeObject = {
    apiVersion: "soak.example.com/v1",
    kind: "Gadget",
    spec: { size: 1 },
    ...written,
    metadata: {
      name,
      uid: `uid-${name}`,
      creationTimestamp: CREATED_AT,
      labels: { tier: "gold" },
      ...written.metadata,
      resourceVersion: String(version),
    },
  };
  return { type: "MODIFIED", version, gadget: readGadget(object) };
}

function gone(version: number, name: string): Sighting {
  return { ...sighting(version, name), type: "DELETED" };
}

/** Two gadgets stand there; one grows, the other gets a status, a third comes, the first goes. */
const SIGHTINGS: readonly Sighting[] = [
  sighting(1, "a"),
  sighting(2, "b"),
  sighting(3, "a", { spec: { size: 2 } }),
  sighting(4, "b", { status: { phase: "Failed" } }),
  sighting(5, "a", { spec: { size: 3 } }),
  sighting(6, "c"),
  gone(7, "a"),
];

function minutes(count: number): object {
  return { checkedAt: `2026-03-01T10:0${count}:00Z` };
}

type Given = Partial<Evidence> & {
  /** What the program took for the beginnings of the gaps. */
  readonly cuts?: readonly number[];
};

/** Evidence of a program that told exactly what happened. */
function truthful({ cuts = [], ...given }: Given = {}): Evidence {
  const { sightings = SIGHTINGS, firstLook = 2, gaps = [] } = given;
  const story = expectStory(sightings, {
    firstLook,
    gaps: gaps.map(({ through }, index) => ({ cut: cuts[index] ?? 0, through })),
  });
  const copies = story.map(({ fact }): Copy => {
    const diff = fact.diff && { "lifeline.change.diff": JSON.stringify(fact.diff) };
    return {
      recordUid: fact.recordUid,
      objectUid: fact.objectUid,
      attributes: { ...fact.attributes, ...diff },
      timeMs: fact.timeMs ?? 0,
      bytes: `${fact.name} ${fact.action} ${fact.recordUid}`,
    };
  });
  return { sightings, firstLook, gaps, copies };
}

function actions({ copies }: Evidence): readonly string[] {
  return copies.map(({ attributes }) =>
    ["k8s.object.name", "lifeline.action", "k8s.object.resource_version"]
      .map((name) => String(attributes[name]))
      .join(" "),
  );
}

function withCopies(evidence: Evidence, change: (copies: Copy[]) => readonly Copy[]): Evidence {
  return { ...evidence, copies: change([...evidence.copies]) };
}

function findings(evidence: Evidence): readonly Finding[] {
  return judge(evidence).findings;
}

/** The copies of `SIGHTINGS`, and one of them, found by what it says. */
function copyOf(evidence: Evidence, action: string): Copy {
  const copy = evidence.copies.find((_, index) => actions(evidence)[index] === action);
  if (copy === undefined) throw new Error(`None is "${action}" of ${actions(evidence).join(", ")}`);
  return copy;
}

test("judge() finds nothing where each write is told, and wants one record for each thing that a write did", () => {
  const evidence = truthful();

  expect(findings(evidence)).toEqual([]);
  expect(actions(evidence)).toEqual([
    "a observed 1",
    "b observed 2",
    "a updated 3",
    "b phase_changed 4",
    "b health_changed 4",
    "a updated 5",
    "c created 6",
    "a deleted 7",
  ]);
});

test("judge() finds a record that is missing", () => {
  const evidence = truthful();
  const lost = copyOf(evidence, "b health_changed 4");

  const found = findings(withCopies(evidence, (copies) => copies.filter((copy) => copy !== lost)));

  expect(found).toEqual([{ type: "lost", fact: "b (uid-b) health_changed at 4" }]);
});

test("judge() takes a repetition that is the same byte for byte, counts it, and finds one that is not", () => {
  const evidence = truthful();
  const copy = copyOf(evidence, "a updated 3");

  const same = judge(withCopies(evidence, (copies) => [...copies, copy]));
  const other = judge(
    withCopies(evidence, (copies) => [...copies, { ...copy, bytes: "observed later" }]),
  );

  expect([same.findings, same.repetitions]).toEqual([[], 1]);
  expect(other.findings).toEqual([
    { type: "differing", fact: "a (uid-a) updated at 3", copies: [copy.bytes, "observed later"] },
  ]);
});

test("judge() finds a record that arrives after a later one of the same object, and minds no other object's", () => {
  const evidence = truthful();
  const early = copyOf(evidence, "a updated 3");
  const late = copyOf(evidence, "a updated 5");
  const rest = evidence.copies.filter((copy) => copy !== early && copy !== late);

  const swapped = findings({
    ...evidence,
    copies: [...rest.slice(0, -1), late, early, ...rest.slice(-1)],
  });
  const delayed = findings({
    ...evidence,
    copies: [...rest.slice(0, -1), early, late, ...rest.slice(-1)],
  });

  expect(swapped).toEqual([
    { type: "reordered", fact: "a (uid-a) updated at 3", after: "a (uid-a) updated at 5" },
  ]);
  expect(delayed).toEqual([]);
});

test("judge() looks at the first copy alone for the order", () => {
  const evidence = truthful();
  const early = copyOf(evidence, "a updated 3");

  const found = findings(withCopies(evidence, (copies) => [...copies, early]));

  expect(found).toEqual([]);
});

test("judge() finds a record of something that did not happen", () => {
  const evidence = truthful();
  const invented = { ...copyOf(evidence, "a updated 3"), recordUid: "other", bytes: "made up" };

  const found = findings(withCopies(evidence, (copies) => [...copies, invented]));

  expect(found).toEqual([{ type: "invented", record: "made up" }]);
});

test.each([
  { action: "a updated 5", name: "lifeline.change.diff", value: "[]" },
  { action: "b health_changed 4", name: "lifeline.previous_health", value: "current" },
  { action: "a deleted 7", name: "lifeline.final_state_unknown", value: true },
  { action: "a updated 5", name: "lifeline.collapsed", value: 2 },
  { action: "c created 6", name: "k8s.object.resource_version", value: "7" },
])("judge() finds a wrong $name in a record", ({ action, name, value }) => {
  const evidence = truthful();
  const copy = copyOf(evidence, action);
  const wrong = { ...copy, attributes: { ...copy.attributes, [name]: value } };

  const found = findings(
    withCopies(evidence, (copies) => copies.map((one) => (one === copy ? wrong : one))),
  );

  expect(found.map(({ type }) => type)).toEqual(["wrong"]);
});

test("judge() finds a Timestamp that is not the object's own", () => {
  const evidence = truthful();
  const copy = copyOf(evidence, "c created 6");

  const found = findings(
    withCopies(evidence, (copies) =>
      copies.map((one) => (one === copy ? { ...one, timeMs: copy.timeMs + 1 } : one)),
    ),
  );

  expect(copy.timeMs).toBe(Date.parse(CREATED_AT));
  expect(found.map(({ type }) => type)).toEqual(["wrong"]);
});

test("judge() wants nothing told of writes that are nobody's news", () => {
  const ready = { type: "Ready", status: "True", reason: "Checked" };
  const evidence = truthful({
    sightings: [
      sighting(1, "a", { status: { conditions: [{ ...ready, message: "one" }] } }),
      sighting(2, "a", { status: { conditions: [{ ...ready, message: "two" }] } }),
      sighting(3, "a", {
        status: { conditions: [{ ...ready, message: "two" }], lastHeartbeatTime: CREATED_AT },
      }),
      sighting(4, "a", {
        status: { conditions: [{ ...ready, message: "two" }], lastHeartbeatTime: CREATED_AT },
        metadata: { annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" } },
      }),
    ],
    firstLook: 1,
  });

  expect(actions(evidence)).toEqual(["a observed 1"]);
});

test("judge() wants a time that ticks told twice, then no more, and again only where it never ticked alone thrice", () => {
  const evidence = truthful({
    sightings: [
      sighting(1, "a", { status: minutes(0) }),
      sighting(2, "a", { status: minutes(1) }),
      sighting(3, "a", { status: { ...minutes(2), units: 5 } }),
      sighting(4, "a", { status: { ...minutes(3), units: 5 } }),
      sighting(5, "a", { status: { ...minutes(4), units: 5 } }),
      sighting(6, "a", { status: { ...minutes(5), units: 5 } }),
      sighting(7, "a", { status: { ...minutes(6), units: 6 } }),
    ],
    firstLook: 1,
  });

  expect(actions(evidence).slice(1)).toEqual([
    "a status_updated 2",
    "a status_updated 3",
    "a status_updated 4",
    "a status_updated 5",
    "a status_updated 7",
  ]);
  expect(evidence.copies.at(-1)?.attributes["lifeline.change.diff"]).toBe(
    '[{"path":"status.units","before":5,"after":6}]',
  );
});

test("judge() wants what is refused among the dead letters, each once, and nothing else there", () => {
  const whole = truthful();
  const refused = ["b observed 2", "b phase_changed 4", "b health_changed 4"].map(
    (action) => copyOf(whole, action).recordUid,
  );
  const evidence = withCopies(whole, (copies) =>
    copies.filter(({ recordUid }) => !refused.includes(recordUid)),
  );
  const judged = (setAside: readonly string[] | undefined, given = evidence): readonly string[] =>
    findings({ ...given, refused: { prefix: "b", setAside } }).map((finding) =>
      "problem" in finding ? finding.problem : finding.type,
    );
  const innocent = copyOf(whole, "c created 6").recordUid;

  expect(judged(undefined)).toEqual([]);
  expect(judged(refused)).toEqual([]);
  expect(judged(refused.slice(1))).toEqual(["lost"]);
  expect(judged([...refused, ...refused.slice(0, 1)])).toEqual(["it was set aside twice"]);
  expect(judged([...refused, innocent])).toEqual(["it was set aside"]);
  expect(judged([...refused, "other"])).toEqual(["invented"]);
  expect(judged(refused, whole)).toEqual(["it arrived", "it arrived", "it arrived"]);
});

/** `b` fails and mends, `c` comes and goes, `a` goes and comes back, all of it unseen. */
const UNSEEN: readonly Sighting[] = [
  sighting(1, "a"),
  sighting(2, "b", { status: { phase: "Ready" } }),
  sighting(3, "b", { spec: { size: 2 }, status: { phase: "Ready" } }),
  sighting(4, "b", { spec: { size: 3 }, status: { phase: "Failed" } }),
  sighting(5, "c"),
  gone(6, "a"),
  sighting(7, "a", { metadata: { uid: "uid-a2" }, status: { phase: "Failed" } }),
  gone(8, "c"),
  sighting(9, "b", { spec: { size: 3 }, status: { phase: "Ready" } }),
  sighting(10, "b", { spec: { size: 4 }, status: { phase: "Ready" } }),
];
const GAP = { cutFrom: 2, cutUntil: 5, through: 9 };

test("judge() wants one net change per object for what a gap hid, from wherever it was committed", () => {
  const evidence = truthful({ sightings: UNSEEN, gaps: [GAP], cuts: [3] });

  const verdict = judge(evidence);

  expect(verdict.findings).toEqual([]);
  expect(verdict.gaps).toEqual([{ cut: 3, through: 9 }]);
  expect([verdict.facts, verdict.netFacts]).toEqual([9, 5]);
  expect(actions(evidence)).toEqual([
    "a observed 1",
    "b observed 2",
    "b updated 3",
    "a deleted 1",
    "b updated 9",
    "a created 7",
    "a phase_changed 7",
    "a health_changed 7",
    "b updated 10",
  ]);
  const net = copyOf(evidence, "b updated 9").attributes["lifeline.change.diff"];
  expect(net).toBe('[{"path":"spec.size","before":2,"after":3}]');
});

test("judge() places each of several gaps by what was told in it", () => {
  const sightings = [
    ...UNSEEN,
    sighting(11, "b", { spec: { size: 5 }, status: { phase: "Ready" } }),
    sighting(12, "b", { spec: { size: 6 }, status: { phase: "Ready" } }),
    sighting(13, "b", { spec: { size: 7 }, status: { phase: "Ready" } }),
  ];
  const gaps = [GAP, { cutFrom: 10, cutUntil: 12, through: 13 }];

  const verdict = judge(truthful({ sightings, gaps, cuts: [3, 11] }));

  expect(verdict.findings).toEqual([]);
  expect(verdict.gaps).toEqual([
    { cut: 3, through: 9 },
    { cut: 11, through: 13 },
  ]);
});

test("judge() places a gap also by what of it was set aside", () => {
  const { copies, ...evidence } = truthful({ sightings: UNSEEN, gaps: [GAP], cuts: [3] });
  const taken = copies.filter(({ objectUid }) => objectUid !== "uid-b");
  const refused = copies.filter(({ objectUid }) => objectUid === "uid-b");
  const setAside = refused.map(({ recordUid }) => recordUid);

  const verdict = judge({ ...evidence, copies: taken, refused: { prefix: "b", setAside } });

  expect(verdict.findings).toEqual([]);
  expect(verdict.gaps).toEqual([{ cut: 3, through: 9 }]);
});

test("judge() finds a net change that begins at another state than the other objects' do", () => {
  const evidence = truthful({ sightings: UNSEEN, gaps: [GAP], cuts: [3] });
  const copy = copyOf(evidence, "b updated 9");
  const diff = '[{"path":"spec.size","before":1,"after":3}]';
  const wrong = { ...copy, attributes: { ...copy.attributes, "lifeline.change.diff": diff } };

  const found = findings(
    withCopies(evidence, (copies) => copies.map((one) => (one === copy ? wrong : one))),
  );

  expect(found).toHaveLength(1);
});

test("judge() finds steps that a gap must have hidden", () => {
  const singles = truthful({ sightings: UNSEEN });
  const evidence = { ...singles, gaps: [GAP] };

  const found = findings(evidence);

  expect(found.map(({ type }) => type)).toContain("invented");
});

test("judge() finds what a gap hid and nobody told", () => {
  const evidence = truthful({ sightings: UNSEEN, gaps: [GAP], cuts: [3] });
  const lost = copyOf(evidence, "a deleted 1");

  const found = findings(withCopies(evidence, (copies) => copies.filter((copy) => copy !== lost)));

  expect(found).toEqual([{ type: "lost", fact: "a (uid-a) deleted at 1" }]);
});
