import type { ActiveWatch } from "../pipeline/active-watch.ts";
import type { StateFailure } from "../pipeline/hold.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { formatDeadLetterAnswer } from "./dead-letter-answer.ts";
import type { HealthChecks } from "./health-server.ts";

/** What of a pipeline readiness looks at. */
type Watching = {
  readonly watches: Iterable<Pick<ActiveWatch, "name" | "state">>;
  readonly stateFailure: StateFailure | undefined;
};

/**
 * What `/livez` and `/readyz` answer: the loop turns if it can answer at all; ready is who has asked the cluster what
 * there is and has an answer for every kind. A collector that is away does not make us unready. And what `/state` and `/dead-letters` do.
 */
export class Readiness implements HealthChecks {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #pipeline: Watching | undefined;
  #store: Store | undefined;
  #obstacle: Error | undefined;
  #unwritable: Error | undefined;
  /** Watches of the start that had no answer when last looked at. */
  #awaited: ReadonlySet<string> = new Set();
  #forbidden: () => readonly string[] = () => [];
  #isStopping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.now();
  }

  /** Why the API server could not say yet what it serves; forgotten once the watches are chosen. */
  waiting(obstacle: Error): void {
    this.#obstacle = obstacle;
  }

  /** What the state file could not take while the program starts; undefined: it took all. */
  unwritable(error: Error | undefined): void {
    this.#unwritable = error;
  }

  /** The state file is open. */
  opened(store: Store): void {
    this.#store = store;
  }

  /** The watches of the start are chosen: only these are waited for. `forbidden`: what may not be watched now. */
  watching(
    pipeline: Watching,
    watches: readonly string[],
    forbidden: () => readonly string[],
  ): void {
    this.#pipeline = pipeline;
    this.#awaited = new Set(watches);
    this.#forbidden = forbidden;
  }

  stopping(): void {
    this.#isStopping = true;
  }

  readonly state = (): string | undefined =>
    this.#read((store) => JSON.stringify({ ...store.inspect(), forbidden: this.#forbidden() }));

  readonly notes = (): readonly string[] => this.#forbidden();

  readonly deadLetters = (): string | undefined =>
    this.#read((store) => formatDeadLetterAnswer(store.path, store.deadLetters()));

  #read(read: (store: Store) => string): string | undefined {
    try {
      return this.#store === undefined ? undefined : read(this.#store);
    } catch {
      // Closed, or broken: who asks then opens the file, and hears more.
      return undefined;
    }
  }

  readonly unready = (): readonly string[] => {
    if (this.#isStopping) return ["The process stops"];
    if (this.#pipeline === undefined) return [this.#waitingFor()];
    const syncing = this.#syncing(this.#pipeline);
    const { stateFailure } = this.#pipeline;
    return stateFailure === undefined ? syncing : [cannotUse(stateFailure), ...syncing];
  };

  /** What begins later, or anew, does not make unready who was ready. */
  #syncing(pipeline: Watching): readonly string[] {
    const awaited = [...pipeline.watches].filter(
      ({ name, state }) => state === "syncing" && this.#awaited.has(name),
    );
    this.#awaited = new Set(awaited.map(({ name }) => name));
    return awaited.map(({ name }) => `${name} is not synced yet`);
  }

  #waitingFor(): string {
    if (this.#unwritable !== undefined)
      return cannotUse({ doing: "write", error: this.#unwritable });
    const seconds = Math.round((this.#clock.now() - this.#startedAtMs) / 1000);
    const why = this.#obstacle === undefined ? "" : `: ${this.#obstacle.message}`;
    return `Waiting for the API server to say what it serves, for ${seconds} s${why}`;
  }
}

function cannotUse({ doing, error }: StateFailure): string {
  const what = doing === "write" ? "written" : "read";
  return `The state file cannot be ${what}: ${error.message}; what happens meanwhile is told once it can`;
}
