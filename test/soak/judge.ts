import { isDeepStrictEqual } from "node:util";
import { unreachable } from "../../src/util/unreachable.ts";
import { expectGap, expectStory, type Gap, type OpenGap, type Step } from "./expected-story.ts";
import type { Sighting } from "./sighting.ts";

/** One record as it arrived, repetitions included. */
export type Copy = {
  readonly recordUid: string;
  readonly objectUid: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly timeMs: number;
  /** All of it, resource, Timestamp and ObservedTimestamp included. */
  readonly bytes: string;
};

export type Evidence = {
  /** What an independent watch saw, in order. */
  readonly sightings: readonly Sighting[];
  /** The version at which the program looked for the first time. */
  readonly firstLook: number;
  readonly gaps: readonly OpenGap[];
  /** What arrived, in order. */
  readonly copies: readonly Copy[];
  readonly refused?: Refused;
};

/** What something before the collector refuses for good, and what the program therefore put aside. */
type Refused = {
  /** Of which objects: those whose names begin so. */
  readonly prefix: string;
  /** The uids of the records among the dead letters; undefined as long as nobody has looked. */
  readonly setAside: readonly string[] | undefined;
};

/** What is wrong with what arrived. */
export type Finding =
  | { readonly type: "lost"; readonly fact: string }
  /** Nothing that happened is told by it. */
  | { readonly type: "invented"; readonly record: string }
  /** It happened, but not so. */
  | { readonly type: "wrong"; readonly fact: string; readonly problem: string }
  /** A repetition that is not, byte for byte, its first copy. */
  | { readonly type: "differing"; readonly fact: string; readonly copies: readonly string[] }
  /** It arrived, for the first time, after a later one of the same object. */
  | { readonly type: "reordered"; readonly fact: string; readonly after: string };

export type Verdict = {
  readonly findings: readonly Finding[];
  /** As the evidence speaks for it best: each gap begins at one version, the same for all objects. */
  readonly gaps: readonly Gap[];
  /** How many things there were to tell, and how many of them as the net change of a gap. */
  readonly facts: number;
  readonly netFacts: number;
  /** How many copies were repetitions. */
  readonly repetitions: number;
};

/** Compares what arrived of one program with what happened; pure. */
export function judge(evidence: Evidence): Verdict {
  const { sightings, firstLook, copies } = evidence;
  const gaps: Gap[] = [];
  for (const gap of evidence.gaps) gaps.push(placeGap(evidence, gaps, gap));
  const steps = expectStory(sightings, { firstLook, gaps });
  return {
    findings: findingsOf(steps, evidence),
    gaps,
    facts: steps.length,
    netFacts: steps.filter(({ isNet }) => isNet).length,
    repetitions: copies.length - new Set(copies.map(({ recordUid }) => recordUid)).size,
  };
}

/** The beginning of a gap for which the evidence speaks best; the earliest of several. Only what was told in it counts. */
function placeGap(evidence: Evidence, earlier: readonly Gap[], gap: OpenGap): Gap {
  const { sightings, firstLook, copies, refused } = evidence;
  const { before, trials } = expectGap(sightings, { firstLook, gaps: earlier }, gap);
  const toldBefore = new Set(before.map(({ fact }) => fact.recordUid));
  const isOfGap = (recordUid: string): boolean => !toldBefore.has(recordUid);
  const setAside = refused?.setAside?.filter(isOfGap);
  const inGap = {
    copies: copies.filter(
      ({ recordUid, attributes }) =>
        isOfGap(recordUid) && Number(attributes["k8s.object.resource_version"]) <= gap.through,
    ),
    refused: refused && { ...refused, setAside },
  };
  let best: Gap = { cut: gap.cutFrom, through: gap.through };
  let fewest = Infinity;
  for (const trial of trials) {
    const { length } = findingsOf(trial.steps, inGap);
    if (length < fewest) [best, fewest] = [trial.gap, length];
  }
  return best;
}

/** What is wrong where this was to be told and that arrived. */
type Arrived = Pick<Evidence, "copies"> & { readonly refused?: Refused | undefined };

function findingsOf(steps: readonly Step[], evidence: Arrived): readonly Finding[] {
  const { copies } = evidence;
  const byUid = new Map(steps.map((step) => [step.fact.recordUid, step]));
  const arrived = Map.groupBy(copies, ({ recordUid }) => recordUid);
  const findings = [...findLost(steps, evidence), ...findMisplaced(steps, evidence)];
  const latest = new Map<string, Step>();
  for (const [recordUid, [first, ...others]] of arrived) {
    if (first === undefined) continue;
    const step = byUid.get(recordUid);
    if (step === undefined) {
      findings.push({ type: "invented", record: first.bytes });
      continue;
    }
    findings.push(...compareFact(step, first), ...compareCopies(step, first, others));
    const last = latest.get(first.objectUid);
    if (last !== undefined && last.ordinal > step.ordinal)
      findings.push({ type: "reordered", fact: nameOf(step.fact), after: nameOf(last.fact) });
    else latest.set(first.objectUid, step);
  }
  return findings;
}

/** What is neither there nor, if it is refused, set aside. */
function findLost(steps: readonly Step[], { copies, refused }: Arrived): readonly Finding[] {
  const arrived = new Set(copies.map(({ recordUid }) => recordUid));
  const setAside = refused?.setAside && new Set(refused.setAside);
  return steps.flatMap(({ fact }): readonly Finding[] => {
    const place = refuses(refused, fact) ? setAside : arrived;
    const isLost = place !== undefined && !place.has(fact.recordUid);
    return isLost ? [{ type: "lost", fact: nameOf(fact) }] : [];
  });
}

/** What was set aside and should not have been, or twice; what arrived although it is refused. */
function findMisplaced(steps: readonly Step[], { refused, copies }: Arrived): readonly Finding[] {
  if (refused === undefined) return [];
  const { setAside = [] } = refused;
  const facts = new Map(steps.map(({ fact }) => [fact.recordUid, fact]));
  const findings: Finding[] = [];
  for (const [index, recordUid] of setAside.entries()) {
    const fact = facts.get(recordUid);
    if (fact === undefined) findings.push({ type: "invented", record: `dead letter ${recordUid}` });
    else if (!refuses(refused, fact))
      findings.push({ type: "wrong", fact: nameOf(fact), problem: "it was set aside" });
    else if (setAside.indexOf(recordUid) !== index)
      findings.push({ type: "wrong", fact: nameOf(fact), problem: "it was set aside twice" });
  }
  for (const { recordUid } of copies) {
    const fact = facts.get(recordUid);
    if (fact !== undefined && refuses(refused, fact))
      findings.push({ type: "wrong", fact: nameOf(fact), problem: "it arrived" });
  }
  return findings;
}

function refuses(refused: Refused | undefined, fact: Step["fact"]): boolean {
  return refused !== undefined && fact.name.startsWith(refused.prefix);
}

function compareFact({ fact }: Step, copy: Copy): readonly Finding[] {
  const problems = Object.entries(fact.attributes)
    .filter(([name, wanted]) => copy.attributes[name] !== wanted)
    .map(([name, wanted]) => `${name} is ${show(copy.attributes[name])}, not ${show(wanted)}`);
  if (fact.timeMs !== undefined && copy.timeMs !== fact.timeMs)
    problems.push(`its Timestamp is ${copy.timeMs}, not ${fact.timeMs}`);
  const diff = copy.attributes["lifeline.change.diff"];
  if (fact.diff !== undefined && !isSameDiff(diff, fact.diff))
    problems.push(`its difference is ${show(diff)}, not ${show(fact.diff)}`);
  return problems.map((problem) => ({ type: "wrong", fact: nameOf(fact), problem }));
}

function isSameDiff(text: unknown, wanted: readonly { readonly path: string }[]): boolean {
  const told: unknown = typeof text === "string" ? JSON.parse(text) : undefined;
  if (!Array.isArray(told) || told.length !== wanted.length) return false;
  return wanted.every((change) => told.some((one) => isDeepStrictEqual(one, change)));
}

function compareCopies({ fact }: Step, first: Copy, others: readonly Copy[]): readonly Finding[] {
  const differing = others.filter(({ bytes }) => bytes !== first.bytes).map(({ bytes }) => bytes);
  if (differing.length === 0) return [];
  return [{ type: "differing", fact: nameOf(fact), copies: [first.bytes, ...differing] }];
}

function nameOf({ name, action, objectUid, attributes }: Step["fact"]): string {
  return `${name} (${objectUid}) ${action} at ${String(attributes["k8s.object.resource_version"])}`;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "absent";
}

/** One line for people. */
export function describeFinding(finding: Finding): string {
  switch (finding.type) {
    case "lost":
      return `lost: ${finding.fact}`;
    case "invented":
      return `invented: ${finding.record.slice(0, 1500)}`;
    case "wrong":
      return `wrong: ${finding.fact}: ${finding.problem}`;
    case "differing":
      return `copies differ: ${finding.fact}:\n    ${finding.copies.join("\n    ")}`;
    case "reordered":
      return `reordered: ${finding.fact} arrived after ${finding.after}`;
    default:
      return unreachable(finding);
  }
}
