import { setTimeout as sleep } from "node:timers/promises";
import { type BenchRun, startBenchRun } from "./bench-run.ts";
import { type Measuring, SETTLE_MS } from "./measure.ts";
import { cpuSeconds } from "./process-usage.ts";
import { tally } from "./tally.ts";
import { turnsOf } from "./turns.ts";
import { type Comparison, judge } from "./verdict.ts";

/** What traces cost: the same updates with them and without. */
export type TracesFigures = {
  /** How many of each side were counted. */
  readonly updates: number;
  readonly withTraces: TracesSide;
  readonly without: TracesSide;
};

type TracesSide = {
  readonly cpuPerMillion: number;
  readonly spans: Comparison;
  /** As `Verdict.problems`. */
  readonly problems: readonly string[];
};

const OBJECTS = 10_000;
/** Short enough that noise of some seconds meets both, long enough that gauges weigh little more than in a long run. */
const TURN_UPDATES = 15_000;

/**
 * Two of the program side by side, one with traces and one without, take the same updates in turns: whatever else the
 * machine does hits both alike. The first turn of each warms up and does not count; who begins changes from turn to turn.
 */
export async function measureTraces({
  program,
  options,
  progress,
}: Measuring): Promise<TracesFigures> {
  const turns = options.traceTurns;
  progress(`traces: ${OBJECTS} objects, with traces and without; begins to list`);
  const stream = { ...options, objects: OBJECTS, updates: TURN_UPDATES * (turns + 1) };
  await using withTraces = await startBenchRun(program, { ...stream, traces: true });
  await using without = await startBenchRun(program, { ...stream, traces: false });
  const [tracing, plain] = [new Side(withTraces), new Side(without)];
  await sleep(SETTLE_MS / 2);
  for (const side of [tracing, plain]) await side.play();
  for (const side of [tracing, plain]) side.begin();
  progress(`traces: ${turns} turns of ${TURN_UPDATES} updates each`);
  for (let turn = 0; turn < turns; turn++)
    for (const side of turn % 2 === 0 ? [plain, tracing] : [tracing, plain]) await side.play();
  await sleep(SETTLE_MS);
  const updates = TURN_UPDATES * turns;
  const [cpu, cpuWithout] = [tracing.cpuPerMillion(updates), plain.cpuPerMillion(updates)];
  // Whoever still runs while the other's are decoded finds nobody who takes what it sends.
  await Promise.all([withTraces.stop(), without.stop()]);
  progress("traces: decodes what arrived");
  return {
    updates,
    withTraces: { cpuPerMillion: cpu, ...tracing.answer() },
    without: { cpuPerMillion: cpuWithout, ...plain.answer() },
  };
}

/** One of the two, and what it has still to take. */
class Side {
  readonly #run: BenchRun;
  readonly #turns: ReturnType<typeof turnsOf>;
  #cpuBefore = 0;

  constructor(run: BenchRun) {
    this.#run = run;
    this.#turns = turnsOf(run.scenario.updates(), TURN_UPDATES);
  }

  /** One more turn, until its last record was told. */
  async play(): Promise<void> {
    const { value: turn, done } = this.#turns.next();
    if (done === true) throw new Error("Cannot measure one more turn: the updates are over");
    const run = this.#run;
    const told = run.sink.arrival(turn.last);
    await run.within(Promise.all([run.server.play(turn.lines), told]));
  }

  /** From now on it counts. */
  begin(): void {
    this.#cpuBefore = cpuSeconds(this.#run.pid);
  }

  cpuPerMillion(updates: number): number {
    return ((cpuSeconds(this.#run.pid) - this.#cpuBefore) / updates) * 1e6;
  }

  /** Once it has ended. */
  answer(): Pick<TracesSide, "spans" | "problems"> {
    const counted = tally(this.#run.sink.bodies);
    const expected = this.#run.scenario.expected();
    const spans = { what: "spans", wanted: sum(expected.spans), got: sum(counted.spans) };
    return { spans, problems: judge(counted, expected).problems };
  }
}

function sum(counts: ReadonlyMap<string, number> = new Map()): number {
  return [...counts.values()].reduce((all, count) => all + count, 0);
}
