import type { Expected } from "./scenario.ts";
import type { Reading, Tally } from "./tally.ts";

/** One line of the comparison; right where the two numbers are the same and no problem was found. */
export type Comparison = {
  readonly what: string;
  readonly wanted: number;
  readonly got: number;
};

/** `problems`: sentences for people; empty if exactly that arrived which the stream means. */
export type Verdict = {
  readonly comparisons: readonly Comparison[];
  readonly problems: readonly string[];
};

/** Compares what arrived with what the stream means. */
export function judge(tally: Tally, expected: Expected): Verdict {
  const live = compareLive(tally, expected);
  const comparisons = [
    ...compareCounts("records", tally.records, expected.records),
    { what: "records that came twice", wanted: 0, got: tally.repeatedUids },
    ...(expected.spans === undefined
      ? []
      : [
          ...compareCounts("spans", tally.spans, expected.spans),
          { what: "spans that came twice", wanted: 0, got: tally.repeatedSpans },
        ]),
    { what: "live series of objects", wanted: live.wanted, got: live.got },
    {
      what: "ended series of deleted objects",
      wanted: [...expected.deleted.values()].reduce((sum, series) => sum + series.length, 0),
      got: countEnded(tally, expected.deleted),
    },
    {
      what: "series of states that were left, ended (paced changes)",
      wanted: expected.left.size,
      got: tally.endedPaced.size,
    },
  ];
  return {
    comparisons,
    problems: [
      ...comparisons
        .filter(({ wanted, got }) => wanted !== got)
        .map(({ what, wanted, got }) => `Wrong answer: wanted ${wanted} ${what}, got ${got}`),
      ...live.problems,
      ...compareLeft(tally, expected),
      ...tally.complaints.map((text) => `The program complains: ${text}`),
    ],
  };
}

/** One comparison for each name that either of them knows. */
function compareCounts(
  what: string,
  arrived: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
): readonly Comparison[] {
  const names = [...new Set([...expected.keys(), ...arrived.keys()])].toSorted();
  return names.map((name) => ({
    what: `${what} ${name}`,
    wanted: expected.get(name) ?? 0,
    got: arrived.get(name) ?? 0,
  }));
}

/** Numbers alone would let one series too few and one too many pass. */
function compareLive(
  { series }: Tally,
  { live }: Expected,
): { readonly wanted: number; readonly got: number; readonly problems: readonly string[] } {
  const missing = new Examples("is not there, but should");
  const wrong = new Examples("has a wrong value");
  const extra = new Examples("is there, but should not");
  const unexpected = new Set(series.keys());
  let wantedCount = 0;
  for (const [object, wanted] of live()) {
    const got = series.get(object) ?? new Map<string, Reading>();
    unexpected.delete(object);
    wantedCount += wanted.size;
    for (const [name, value] of wanted) {
      const reading = got.get(name);
      if (!isLive(reading)) missing.add(`${object} ${name}`);
      else if (reading !== value) wrong.add(`${object} ${name}: wanted ${value}, got ${reading}`);
    }
    for (const name of liveNames(got)) if (!wanted.has(name)) extra.add(`${object} ${name}`);
  }
  for (const object of unexpected)
    for (const name of liveNames(series.get(object))) extra.add(`${object} ${name}`);
  return {
    wanted: wantedCount,
    got: wantedCount - missing.count + extra.count,
    problems: [missing, wrong, extra].flatMap((examples) => examples.problem() ?? []),
  };
}

function isLive(reading: Reading | undefined): reading is number {
  return reading !== undefined && reading !== "ended";
}

function liveNames(readings: ReadonlyMap<string, Reading> = new Map()): readonly string[] {
  return [...readings].flatMap(([name, reading]) => (isLive(reading) ? [name] : []));
}

function compareLeft({ endedPaced }: Tally, { left }: Expected): readonly string[] {
  const missing = new Examples("was left and not ended");
  const extra = new Examples("was ended and not left");
  for (const series of left) if (!endedPaced.has(series)) missing.add(series);
  for (const series of endedPaced) if (!left.has(series)) extra.add(series);
  return [missing, extra].flatMap((examples) => examples.problem() ?? []);
}

function countEnded({ series }: Tally, deleted: Expected["deleted"]): number {
  let ended = 0;
  for (const [object, names] of deleted)
    for (const name of names) if (series.get(object)?.get(name) === "ended") ended++;
  return ended;
}

/** How many there are of one kind of mistake, and the first of them. */
class Examples {
  readonly #what: string;
  #count = 0;
  #first = "";

  constructor(what: string) {
    this.#what = what;
  }

  get count(): number {
    return this.#count;
  }

  add(example: string): void {
    if (this.#count++ === 0) this.#first = example;
  }

  problem(): string | undefined {
    if (this.#count === 0) return undefined;
    const more = this.#count === 1 ? "" : ` (and ${this.#count - 1} more)`;
    return `Wrong answer: a series ${this.#what}: ${this.#first}${more}`;
  }
}
