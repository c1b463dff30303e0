import { setTimeout as sleep } from "node:timers/promises";
import type { BenchOptions } from "./bench-arguments.ts";
import { type BenchRun, type Program, type StartCost, startBenchRun } from "./bench-run.ts";
import { percentile } from "./percentile.ts";
import { cpuSeconds, memoryMb } from "./process-usage.ts";
import { LAST_OBJECT } from "./scenario.ts";
import { type EventLoopFigures, leastHeapBytes, type Paced, tally } from "./tally.ts";
import { judge, type Verdict } from "./verdict.ts";

/** Resident memory in megabytes (10⁶ bytes). */
export type Memory = { readonly rss: number; readonly peak: number };

/** What every run tells. */
type RunFigures = { readonly start: StartCost; readonly memory: Memory };

/** What the program says of its JavaScript heap after the sync; undefined where it said nothing. */
type HeapFigures = { readonly heapBytes: number | undefined };

/** A run with hardly any objects. */
export type IdleFigures = RunFigures & HeapFigures;

/** A run with many objects. */
type ManyFigures = RunFigures & {
  readonly objects: number;
  readonly eventLoop: EventLoopFigures | undefined;
  readonly verdict: Verdict;
};

/** A run with many objects and no updates. */
export type LargeFigures = ManyFigures &
  HeapFigures & {
    /** Of the state file and its WAL, once nothing waits any more. */
    readonly diskBytesPerObject: number;
  };

/** The run with the updates. */
export type UpdateFigures = ManyFigures & {
  readonly events: number;
  readonly eventBytes: number;
  readonly eventsPerSecond: number;
  readonly cpuPerMillion: number;
  /** The part of it until the last record was there; the rest went into gauges that were still to come. */
  readonly cpuPerMillionPlaying: number;
  readonly recordsPerEvent: number;
  readonly points: number;
  readonly bytes: number;
  /** Of the paced changes; absent without them. */
  readonly delay?: Delay;
};

type Delay = { readonly changes: number; readonly p50Ms: number; readonly p99Ms: number };

export type Measuring = {
  readonly program: Program;
  readonly options: BenchOptions;
  /** Tells people what goes on. */
  readonly progress: (text: string) => void;
};

const IDLE_OBJECTS = 100;
const PACED_PER_SECOND = 200;
/** Two times the default of LIFELINE_METRIC_INTERVAL and a little: by then all points of what happened are out. */
export const SETTLE_MS = 11_000;
/** The default of LIFELINE_METRIC_HEARTBEAT and two intervals: by then all points of what never changed are out. */
const WHOLE_HEARTBEAT_MS = 72_000;

/** What the program takes when there is next to nothing to do. */
export async function measureIdle({ program, options, progress }: Measuring): Promise<IdleFigures> {
  progress(`idle: ${IDLE_OBJECTS} objects, no updates (about ${seconds(SETTLE_MS)})`);
  await using run = await startBenchRun(program, { ...options, objects: IDLE_OBJECTS, updates: 0 });
  const syncedMs = performance.now();
  await run.within(sleep(SETTLE_MS));
  const memory = memoryMb(run.pid);
  // What it says of itself goes out every 15 s, and at its end.
  await run.stop();
  const heapBytes = leastHeapBytes(tally(run.sink.bodies), syncedMs);
  return { start: run.start, memory, heapBytes };
}

/** What many objects take, until each of their series was sent once. */
export async function measureLarge({
  program,
  options,
  progress,
}: Measuring): Promise<LargeFigures> {
  const objects = options.large;
  progress(`large: ${objects} objects, no updates; begins to list`);
  await using run = await startBenchRun(program, { ...options, objects, updates: 0 });
  progress(
    `large: synced after ${run.start.syncSeconds.toFixed(1)} s; a whole heartbeat follows (${seconds(WHOLE_HEARTBEAT_MS)})`,
  );
  const syncedMs = performance.now();
  await run.within(sleep(WHOLE_HEARTBEAT_MS));
  const memory = memoryMb(run.pid);
  const diskBytesPerObject = run.stateBytes() / objects;
  await run.stop();
  progress("large: decodes what arrived");
  const counted = tally(run.sink.bodies);
  const verdict = judge(counted, run.scenario.expected());
  return {
    start: run.start,
    memory,
    heapBytes: leastHeapBytes(counted, syncedMs),
    objects,
    diskBytesPerObject,
    eventLoop: counted.eventLoop,
    verdict,
  };
}

/** What the updates take. `nodeFlags` of the program may ask for a profile, which is there when this resolves. */
export async function measureUpdates({
  program,
  options,
  progress,
}: Measuring): Promise<UpdateFigures> {
  progress(`updates: ${options.objects} objects; begins to list`);
  await using run = await startBenchRun(program, options);
  await run.within(sleep(SETTLE_MS / 2));
  progress(`updates: ${options.updates} updates as fast as they are read`);
  const cpuBefore = cpuSeconds(run.pid);
  const beganMs = performance.now();
  const all = run.sink.arrival(LAST_OBJECT);
  await run.within(Promise.all([run.server.play(run.scenario.updates()), all]));
  const playedCpu = cpuSeconds(run.pid) - cpuBefore;
  const playedSeconds = (performance.now() - beganMs) / 1000;
  progress(`updates: all records are there after ${playedSeconds.toFixed(1)} s; waits for points`);
  await run.within(sleep(options.updates < options.objects ? WHOLE_HEARTBEAT_MS : SETTLE_MS));
  const cpu = cpuSeconds(run.pid) - cpuBefore;
  const memory = memoryMb(run.pid);
  const paced =
    options.pacedSeconds === 0 ? undefined : await playPaced(run, { options, progress });
  await run.stop();
  progress("updates: decodes what arrived");
  const counted = tally(run.sink.bodies, paced);
  const expected = run.scenario.expected();
  const records = [...counted.records.values()].reduce((sum, count) => sum + count, 0);
  return {
    start: run.start,
    memory,
    objects: options.objects,
    events: options.updates,
    eventBytes: run.scenario.meanEventBytes,
    eventsPerSecond: options.updates / playedSeconds,
    cpuPerMillion: (cpu / options.updates) * 1e6,
    cpuPerMillionPlaying: (playedCpu / options.updates) * 1e6,
    recordsPerEvent: records / run.scenario.events,
    points: counted.points,
    bytes: counted.bytes,
    eventLoop: counted.eventLoop,
    verdict: judge(counted, expected),
    ...(paced === undefined ? {} : { delay: delayOf(counted.delaysMs, paced) }),
  };
}

async function playPaced(
  run: BenchRun,
  { options, progress }: Pick<Measuring, "options" | "progress">,
): Promise<Paced> {
  const changes = options.pacedSeconds * PACED_PER_SECOND;
  progress(`updates: ${PACED_PER_SECOND} changes a second for ${options.pacedSeconds} s`);
  const beganMs = performance.now();
  const lines = run.scenario.paced(changes);
  const writtenMs = await run.within(run.server.playPaced(lines, PACED_PER_SECOND));
  await run.within(sleep(SETTLE_MS));
  return { beganMs, writtenMs };
}

function delayOf(delaysMs: readonly number[], { writtenMs }: Paced): Delay {
  return {
    changes: writtenMs.size,
    p50Ms: percentile(delaysMs, 0.5),
    p99Ms: percentile(delaysMs, 0.99),
  };
}

function seconds(durationMs: number): string {
  return `${Math.round(durationMs / 1000)} s`;
}
