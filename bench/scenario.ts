import { createRandom } from "../src/testing/demo/random.ts";
import {
  type BenchObject,
  createBenchObject,
  renderBenchObject,
  SERIES_PER_OBJECT,
} from "./bench-object.ts";

export type ScenarioOptions = {
  readonly objects: number;
  readonly updates: number;
  readonly seed: number;
  readonly logSeverity: "DEBUG" | "INFO";
};

/** What of each twenty updates changes what: 20 % spec, 25 % a condition, 10 % the phase, 35 % numbers, 10 % ticks. */
const MIX = [
  ...Array<"spec">(4).fill("spec"),
  ...Array<"condition">(5).fill("condition"),
  ...Array<"phase">(2).fill("phase"),
  ...Array<"numbers">(7).fill("numbers"),
  ...Array<"tick">(2).fill("tick"),
] as const;
type Update = (typeof MIX)[number];

/** The name of the object whose deletion is the stream's last event: when its record is there, all records are. */
export const LAST_OBJECT = "the-last-of-the-bench";

/**
 * A seeded life of many objects, and how many records of each EventName it means. The expectation is a model of its
 * own: it counts what is done to the objects, and knows nothing of how the program finds out.
 */
export class Scenario {
  readonly #options: ScenarioOptions;
  readonly #objects: BenchObject[];
  readonly #last: BenchObject;
  readonly #expected = new Map<string, number>();
  readonly #random: () => number;
  readonly #beginMs = Date.now();
  #resourceVersion: number;
  #bytes = 0;

  constructor(options: ScenarioOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
    this.#objects = Array.from({ length: options.objects }, (_, index) =>
      createBenchObject(index, this.#beginMs),
    );
    this.#last = { ...createBenchObject(options.objects, this.#beginMs), name: LAST_OBJECT };
    this.#resourceVersion = options.objects + 1;
    this.#expect("lifeline.synced");
  }

  get listResourceVersion(): string {
    return String(this.#options.objects + 1);
  }

  /** The objects from `start` on as they are at first, and whether there are more. */
  page(
    start: number,
    limit: number,
  ): { readonly items: readonly unknown[]; readonly next?: number } {
    const all = [...this.#objects, this.#last];
    const items = all
      .slice(start, start + limit)
      .map((object) => renderBenchObject(object, this.#beginMs));
    return start + limit < all.length ? { items, next: start + limit } : { items };
  }

  /** The lines of the watch stream; may be run through once. Expectations grow as it goes. */
  *lines(): Generator<string> {
    let deck: readonly Update[] = [];
    for (let index = 0; index < this.#options.updates; index++) {
      if (index % MIX.length === 0) deck = this.#shuffle(MIX);
      const object = this.#objects[index % this.#objects.length];
      const update = deck[index % MIX.length];
      if (object === undefined || update === undefined) continue;
      this.#apply(update, object);
      yield this.#line("MODIFIED", object);
    }
    this.#expect("lifeline.object.deleted");
    yield this.#line("DELETED", this.#last);
  }

  /** Records by EventName, as far as the lines were read. */
  expected(): ReadonlyMap<string, number> {
    return this.#expected;
  }

  /** Gauges of objects that are live when all has been told. */
  get expectedSeries(): number {
    return this.#objects.length * SERIES_PER_OBJECT;
  }

  /** Of the lines that were read. */
  get meanEventBytes(): number {
    return this.#bytes / (this.#options.updates + 1);
  }

  #apply(update: Update, object: BenchObject): void {
    const wasCurrent = isCurrent(object);
    if (update === "spec") {
      object.size = (object.size % 9) + 1;
      object.generation++;
      this.#expect("lifeline.object.updated");
    } else {
      this.#applyStatus(update, object);
    }
    if (isCurrent(object) !== wasCurrent) this.#expect("lifeline.object.health_changed");
  }

  /** A write of the controller, which has then seen the newest spec. */
  #applyStatus(update: Exclude<Update, "spec">, object: BenchObject): void {
    const isCatchingUp = object.observedGeneration < object.generation;
    object.observedGeneration = object.generation;
    if (update === "condition") {
      const condition = object.conditions[Math.floor(this.#random() * object.conditions.length)];
      if (condition === undefined) return;
      condition.isTrue = !condition.isTrue;
      condition.sinceMs = Date.now();
      this.#expect("lifeline.object.condition_changed");
    } else if (update === "phase") {
      object.phase = object.phase === "Running" ? "Resizing" : "Running";
      this.#expect("lifeline.object.phase_changed");
    } else if (update === "numbers") {
      object.connections += 1 + Math.floor(this.#random() * 50);
    } else {
      object.beats++;
    }
    const isToldAsStatus = update === "numbers" || isCatchingUp;
    if (isToldAsStatus && this.#options.logSeverity === "DEBUG")
      this.#expect("lifeline.object.status_updated");
  }

  #line(type: "MODIFIED" | "DELETED", object: BenchObject): string {
    object.resourceVersion = ++this.#resourceVersion;
    const line = `${JSON.stringify({ type, object: renderBenchObject(object, Date.now()) })}\n`;
    this.#bytes += line.length;
    return line;
  }

  #expect(eventName: string): void {
    this.#expected.set(eventName, (this.#expected.get(eventName) ?? 0) + 1);
  }

  #shuffle<T>(list: readonly T[]): readonly T[] {
    return list
      .map((value) => ({ value, rank: this.#random() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ value }) => value);
  }
}

/** Progressing is all else that these objects can be. */
function isCurrent({ generation, observedGeneration, conditions }: BenchObject): boolean {
  return observedGeneration === generation && conditions[0]?.isTrue === true;
}
