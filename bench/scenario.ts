import { createRandom } from "../src/testing/demo/random.ts";
import {
  BENCH_KIND,
  type BenchObject,
  benchSeries,
  createBenchObject,
  isCurrent,
  isReady,
  objectKey,
  renderBenchObject,
} from "./bench-object.ts";
import { WorkModel } from "./work-model.ts";

export type ScenarioOptions = {
  readonly objects: number;
  readonly updates: number;
  readonly seed: number;
  readonly logSeverity: "DEBUG" | "INFO";
  /** False: no traces are sent. */
  readonly traces?: boolean;
};

/** One line of a watch stream, and whom it is about. */
export type BenchLine = {
  readonly type: "MODIFIED" | "DELETED";
  readonly name: string;
  readonly resourceVersion: number;
  readonly text: string;
};

/** What a stream means: what must have arrived when all of it was told. */
export type Expected = {
  /** By EventName. */
  readonly records: ReadonlyMap<string, number>;
  /** Per object: its series and their values. Made one by one, as there may be millions. */
  readonly live: () => Iterable<readonly [object: string, series: ReadonlyMap<string, number>]>;
  /** By object: the series of those that were deleted. */
  readonly deleted: ReadonlyMap<string, readonly string[]>;
  /** `OBJECT SERIES` of states that were left in the paced part, where each change is exported by itself. */
  readonly left: ReadonlySet<string>;
  /** By `spanLabel()`; undefined where nobody can say (`SPANS_KNOWN_FROM`). */
  readonly spans: ReadonlyMap<string, number> | undefined;
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

/** One object in so many goes during the updates. */
const DELETED_SHARE = 40;

/** So many `updated` and `status_updated` records of one object are told; a bench is over before ten minutes are. */
const GUARDED_MAX = 20;

/**
 * With fewer objects than this, updates of one of them follow each other so closely that some are observed in the same
 * millisecond: work that takes no time has no trace.
 */
const SPANS_KNOWN_FROM = 5_000;
const NO_SPANS: ReadonlyMap<string, number> = new Map();

/** The name of the object whose deletion ends the updates: when its record is there, all their records are. */
export const LAST_OBJECT = "the-last-of-the-bench";

/**
 * A seeded life of many objects, and what it means. The expectation is a model of its own: it counts what is done to
 * the objects, and knows nothing of how the program finds out.
 *
 * Some objects more than are asked for are there at first, are never updated, and are deleted one by one between the
 * updates.
 */
export class Scenario {
  readonly #options: ScenarioOptions;
  readonly #all: readonly BenchObject[];
  readonly #updated: readonly BenchObject[];
  readonly #doomed: readonly BenchObject[];
  readonly #records = new Map<string, number>();
  readonly #deleted = new Map<string, readonly string[]>();
  readonly #left = new Set<string>();
  readonly #work = new WorkModel<BenchObject>();
  /** By object: how many records that the flood guard counts were due. */
  readonly #guarded = new Map<BenchObject, number>();
  readonly #random: () => number;
  readonly #listResourceVersion: number;
  readonly #beginMs = Date.now();
  #deck: readonly Update[] = [];
  #turn = 0;
  #resourceVersion: number;
  #bytes = 0;
  #lines = 0;

  constructor(options: ScenarioOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
    const doomed = options.updates === 0 ? 0 : Math.ceil(options.objects / DELETED_SHARE);
    const count = options.objects + doomed;
    const objects = Array.from({ length: count }, (_, index) =>
      createBenchObject(index, {
        nowMs: this.#beginMs,
        ...(doomed > 0 && index === count - 1 ? { name: LAST_OBJECT } : {}),
      }),
    );
    this.#all = objects;
    this.#updated = objects.slice(0, options.objects);
    this.#doomed = objects.slice(options.objects);
    this.#listResourceVersion = objects.length + 1;
    this.#resourceVersion = this.#listResourceVersion;
    this.#expect("lifeline.synced");
  }

  /** How many objects a list shows. */
  get listed(): number {
    return this.#all.length;
  }

  /** What a list shows, in its order; to be read before the updates. */
  *initial(): Generator<Pick<BenchLine, "name" | "resourceVersion">> {
    for (const { name, resourceVersion } of this.#all) yield { name, resourceVersion };
  }

  get listResourceVersion(): string {
    return String(this.#listResourceVersion);
  }

  /** The objects from `start` on as they are at first, as JSON, and whether there are more. */
  page(
    start: number,
    limit: number,
  ): { readonly items: readonly string[]; readonly next?: number } {
    const items = this.#all
      .slice(start, start + limit)
      .map((object) => renderBenchObject(object, this.#beginMs));
    return start + limit < this.#all.length ? { items, next: start + limit } : { items };
  }

  /** The updates, as fast as they are read; may be run through once. Expectations grow as it goes. */
  *updates(): Generator<BenchLine> {
    const { updates } = this.#options;
    let gone = 0;
    for (let index = 0; index < updates; index++) {
      const object = this.#updated[index % this.#updated.length];
      if (object === undefined) break;
      this.#apply(this.#nextUpdate(), object);
      yield this.#line("MODIFIED", object);
      const due = Math.floor(((index + 1) / updates) * this.#doomed.length);
      for (const doomed of this.#doomed.slice(gone, due)) yield this.#delete(doomed);
      gone = due;
    }
  }

  /**
   * The same mix once more, at most one change per object: as nothing collapses, each state that is left must be ended.
   * To be read after the updates have been told.
   */
  *paced(changes: number): Generator<BenchLine> {
    for (const object of this.#updated.slice(0, changes)) {
      const before = benchSeries(object);
      this.#apply(this.#nextUpdate(), object);
      const after = benchSeries(object);
      for (const series of before.keys())
        if (!after.has(series)) this.#left.add(`${objectKey(object)} ${series}`);
      yield this.#line("MODIFIED", object);
    }
  }

  /** As far as the lines were read. */
  expected(): Expected {
    return {
      records: this.#records,
      live: () => this.#liveSeries(),
      deleted: this.#deleted,
      left: this.#left,
      spans: this.#expectedSpans(),
    };
  }

  #expectedSpans(): Expected["spans"] {
    if (this.#options.traces === false || this.#lines === 0) return NO_SPANS;
    return this.#options.objects < SPANS_KNOWN_FROM ? undefined : this.#work.spans;
  }

  *#liveSeries(): Generator<readonly [string, ReadonlyMap<string, number>]> {
    for (const object of this.#updated) yield [objectKey(object), benchSeries(object)];
  }

  /** How many lines were read. */
  get events(): number {
    return this.#lines;
  }

  /** Of the lines that were read. */
  get meanEventBytes(): number {
    return this.#bytes / this.#lines;
  }

  #nextUpdate(): Update {
    if (this.#turn % MIX.length === 0) this.#deck = this.#shuffle(MIX);
    return this.#deck[this.#turn++ % MIX.length] ?? "tick";
  }

  #apply(update: Update, object: BenchObject): void {
    const wasCurrent = isCurrent(object);
    const { phase } = object;
    const wasReady = isReady(object);
    if (update === "spec") {
      object.size = (object.size % 9) + 1;
      object.generation++;
      this.#expectGuarded("lifeline.object.updated", object);
    } else {
      this.#applyStatus(update, object);
    }
    if (isCurrent(object) !== wasCurrent) this.#expect("lifeline.object.health_changed");
    this.#work.update(object, {
      kind: BENCH_KIND.kind,
      isNewSpec: update === "spec",
      ready: { before: wasReady, after: isReady(object) },
      phase: { before: phase, after: object.phase },
      isCurrent: isCurrent(object),
    });
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
      this.#expectGuarded("lifeline.object.status_updated", object);
  }

  #delete(object: BenchObject): BenchLine {
    this.#deleted.set(objectKey(object), [...benchSeries(object).keys()]);
    this.#expect("lifeline.object.deleted");
    return this.#line("DELETED", object);
  }

  #line(type: BenchLine["type"], object: BenchObject): BenchLine {
    const resourceVersion = ++this.#resourceVersion;
    object.resourceVersion = resourceVersion;
    const text = `{"type":"${type}","object":${renderBenchObject(object, Date.now())}}\n`;
    this.#bytes += text.length;
    this.#lines++;
    return { type, name: object.name, resourceVersion, text };
  }

  /** The one record too many makes the object hot; it and all after it are withheld until after the bench. */
  #expectGuarded(eventName: string, object: BenchObject): void {
    const due = (this.#guarded.get(object) ?? 0) + 1;
    this.#guarded.set(object, due);
    if (due <= GUARDED_MAX) this.#expect(eventName);
    else if (due === GUARDED_MAX + 1) this.#expect("lifeline.object.hot");
  }

  #expect(eventName: string): void {
    this.#records.set(eventName, (this.#records.get(eventName) ?? 0) + 1);
  }

  #shuffle<T>(list: readonly T[]): readonly T[] {
    return list
      .map((value) => ({ value, rank: this.#random() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ value }) => value);
  }
}
