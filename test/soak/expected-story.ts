import {
  changedFacts,
  createdFacts,
  deletedFact,
  type Fact,
  observedFact,
  type Ticks,
} from "./facts.ts";
import { type Gadget, healthOf } from "./gadget.ts";
import type { Sighting } from "./sighting.ts";

/** A time that the API server's watch window did not reach back over: what lay in it is told as one net change per object. */
export type Gap = {
  /** The version that was committed last before it. */
  readonly cut: number;
  /** The version of the list that ended it; nothing was written while that was looked at. */
  readonly through: number;
};

/** A gap of which is only known between which versions its beginning was committed. */
export type OpenGap = {
  /** By then everything had been told. */
  readonly cutFrom: number;
  readonly cutUntil: number;
  readonly through: number;
};

/** One write, or the net change of a gap, and what is told of it. */
export type Step = {
  readonly fact: Fact;
  readonly ordinal: number;
  /** It stands for all that a gap hid of its object. */
  readonly isNet: boolean;
};

type Course = { readonly firstLook: number; readonly gaps: readonly Gap[] };

/** What a program tells that lives through all of it: the first look at `firstLook`, then every write but those in gaps. */
export function expectStory(sightings: readonly Sighting[], course: Course): readonly Step[] {
  return tell(sightings, course).steps;
}

/** What is told up to where a gap begins at the earliest, and from there to its end for each version at which it may begin. */
export type GapTrials = {
  readonly before: readonly Step[];
  readonly trials: Iterable<{ readonly gap: Gap; readonly steps: readonly Step[] }>;
};

/** The gaps of the course are those before this one. What the trials have in common is told once, as there may be hundreds of them. */
export function expectGap(sightings: readonly Sighting[], course: Course, gap: OpenGap): GapTrials {
  const { cutFrom, through } = gap;
  const known = sightings.filter(({ version }) => version <= cutFrom);
  const story = tell(known, course);
  const hidden = sightings.filter(({ version }) => version > cutFrom && version <= through);
  return { before: [...story.steps], trials: tryCuts(story, hidden, gap) };
}

function* tryCuts(
  story: Story,
  hidden: readonly Sighting[],
  { cutFrom, cutUntil, through }: OpenGap,
): GapTrials["trials"] {
  const start = story.steps.length;
  const there = story.thereAfter(hidden);
  yield { gap: { cut: cutFrom, through }, steps: story.stepsWhenListing(there, start) };
  for (const sighting of hidden) {
    if (sighting.version > cutUntil) return;
    story.see(sighting, false);
    const gap = { cut: sighting.version, through };
    yield { gap, steps: story.stepsWhenListing(there, start) };
  }
}

function tell(sightings: readonly Sighting[], { firstLook, gaps }: Course): Story {
  const story = new Story();
  let isLooking = false;
  let waiting = gaps;
  for (const sighting of sightings) {
    if (!isLooking && sighting.version > firstLook) {
      story.look();
      isLooking = true;
    }
    const [gap] = waiting;
    if (gap !== undefined && sighting.version > gap.through) {
      story.relist();
      waiting = waiting.slice(1);
    }
    const [current] = waiting;
    const isUnseen =
      sighting.version <= firstLook || (current !== undefined && sighting.version > current.cut);
    story.see(sighting, isUnseen);
  }
  if (!isLooking) story.look();
  if (waiting.length > 0) story.relist();
  return story;
}

type Known = { readonly gadget: Gadget; readonly ticks: Ticks };

/** What the program knows beside what is there. */
class Story {
  readonly steps: Step[] = [];
  #there = new Map<string, Gadget>();
  #known = new Map<string, Known>();
  #ordinal = 0;
  #isListing = false;

  look(): void {
    for (const gadget of this.#there.values()) {
      this.#known.set(gadget.uid, { gadget, ticks: 0 });
      this.#tell([observedFact(gadget)]);
    }
  }

  see(sighting: Sighting, isUnseen: boolean): void {
    const { type, gadget } = sighting;
    put(this.#there, sighting);
    if (isUnseen) return;
    if (type === "DELETED") this.#gone(gadget.uid, gadget, true);
    else this.#seen(gadget);
  }

  relist(): void {
    this.#isListing = true;
    for (const { gadget } of this.#known.values())
      if (!this.#there.has(gadget.uid)) this.#gone(gadget.uid, gadget, false);
    for (const gadget of this.#there.values()) this.#seen(gadget);
    this.#isListing = false;
  }

  /** What is there after more that nobody saw. */
  thereAfter(sightings: readonly Sighting[]): ReadonlyMap<string, Gadget> {
    const there = new Map(this.#there);
    for (const sighting of sightings) put(there, sighting);
    return there;
  }

  /** The steps from the `start`th on, had it listed now and found this; it stays as it is. */
  stepsWhenListing(there: ReadonlyMap<string, Gadget>, start: number): readonly Step[] {
    const other = new Story();
    other.steps.push(...this.steps.slice(start));
    other.#ordinal = this.#ordinal;
    other.#known = new Map(this.#known);
    other.#there = new Map(there);
    other.relist();
    return other.steps;
  }

  #seen(gadget: Gadget): void {
    const known = this.#known.get(gadget.uid);
    if (known?.gadget.version === gadget.version) return;
    const told =
      known === undefined
        ? { facts: createdFacts(gadget), ticks: 0 }
        : changedFacts(known.gadget, gadget, known.ticks);
    this.#known.set(gadget.uid, { gadget, ticks: told.ticks });
    this.#tell(told.facts);
  }

  /** A deletion that was seen tells at which version it was, but its health is the last that was told. */
  #gone(uid: string, last: Gadget, seen: boolean): void {
    const known = this.#known.get(uid);
    if (known === undefined) return;
    this.#known.delete(uid);
    this.#tell([deletedFact(last, { health: healthOf(known.gadget), seen })]);
  }

  #tell(facts: readonly Fact[]): void {
    this.#ordinal += 1;
    for (const fact of facts)
      this.steps.push({ fact, ordinal: this.#ordinal, isNet: this.#isListing });
  }
}

function put(there: Map<string, Gadget>, { type, gadget }: Sighting): void {
  if (type === "DELETED") there.delete(gadget.uid);
  else there.set(gadget.uid, gadget);
}
