import {
  changedFacts,
  createdFacts,
  deletedFact,
  type Fact,
  observedFact,
  type Ticks,
} from "./facts.ts";
import { type Gadget, healthOf, readGadget } from "./gadget.ts";
import type { Sighting } from "./sighting.ts";

/** A time that the API server's watch window did not reach back over: what lay in it is told as one net change per object. */
export type Gap = {
  /** The version that was committed last before it. */
  readonly cut: number;
  /** The version of the list that ended it; nothing was written while that was looked at. */
  readonly through: number;
};

/** One write, or the net change of a gap, and what is told of it. */
export type Step = {
  readonly fact: Fact;
  readonly ordinal: number;
  /** It stands for all that a gap hid of its object. */
  readonly isNet: boolean;
};

/** What a program tells that lives through all of it: the first look at `firstLook`, then every write but those in gaps. */
export function expectStory(
  sightings: readonly Sighting[],
  { firstLook, gaps }: { readonly firstLook: number; readonly gaps: readonly Gap[] },
): readonly Step[] {
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
  return story.steps;
}

type Known = { readonly gadget: Gadget; readonly ticks: Ticks };

/** What the program knows beside what is there. */
class Story {
  readonly steps: Step[] = [];
  readonly #there = new Map<string, Gadget>();
  readonly #known = new Map<string, Known>();
  #ordinal = 0;
  #isListing = false;

  look(): void {
    for (const gadget of this.#there.values()) {
      this.#known.set(gadget.uid, { gadget, ticks: 0 });
      this.#tell([observedFact(gadget)]);
    }
  }

  see({ type, object }: Sighting, isUnseen: boolean): void {
    const gadget = readGadget(object);
    if (type === "DELETED") this.#there.delete(gadget.uid);
    else this.#there.set(gadget.uid, gadget);
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
