import { toError } from "../../src/util/to-error.ts";
import { memoryMb } from "../process-usage.ts";
import { compareDigests, type Digest } from "./digest.ts";
import type {
  EngineFigures,
  EngineOptions,
  EventsFigures,
  LookFigures,
  Measured,
  ReconnectFigures,
} from "./engine-figures.ts";
import {
  BARE,
  LIST_WATCH,
  OURS,
  startSubject,
  type Subject,
  type SubjectRun,
  WATCH,
} from "./run-subject.ts";

type Measuring = {
  readonly options: EngineOptions;
  /** Tells people what goes on. */
  readonly progress: (text: string) => void;
};

/** What an engine works off after the large look, so that there is a memory at work to compare its peak with. */
const WORK_UPDATES = 20_000;
const RECONNECTED_OBJECTS = 100;

/** Measures all engines one after the other; throws where ours can't be measured, and notes where others can't. */
export async function measureEngine(measuring: Measuring): Promise<EngineFigures> {
  const { options } = measuring;
  // The bare reader first and last: the machine may change its speed in between.
  const events: Measured<EventsFigures>[] = [];
  for (const subject of [BARE, OURS, WATCH, LIST_WATCH, BARE])
    events.push(await noted(subject, () => measureEvents(subject, measuring)));
  const looks: Measured<LookFigures>[] = [];
  if (options.large > 0) {
    looks.push({ subject: OURS, ...(await measureLook(OURS, measuring)) });
    looks.push({ subject: OURS, ...(await measureLook(OURS, measuring, false)) });
    looks.push(await noted(LIST_WATCH, () => measureLook(LIST_WATCH, measuring)));
  }
  const reconnects: Measured<ReconnectFigures>[] = [];
  if (options.reconnects > 0)
    for (const subject of [OURS, LIST_WATCH])
      reconnects.push(await noted(subject, () => measureReconnects(subject, measuring)));
  return { options, events, looks, reconnects };
}

/** Only ours, and only the events; `nodeFlags` ask for the profile, which is there when this resolves. */
export async function profileEngine(
  measuring: Measuring,
  nodeFlags: readonly string[],
): Promise<EventsFigures> {
  return await measureEvents(OURS, measuring, nodeFlags);
}

async function noted<Figures extends object>(
  subject: Subject,
  measure: () => Promise<Figures>,
): Promise<Measured<Figures>> {
  try {
    return { subject, ...(await measure()) };
  } catch (error) {
    if (subject.isOurs) throw error;
    return { subject, failure: toError(error).message };
  }
}

/** What the events cost after a look at fewer objects. */
async function measureEvents(
  subject: Subject,
  { options, progress }: Measuring,
  nodeFlags: readonly string[] = [],
): Promise<EventsFigures> {
  const { objects, updates, seed } = options;
  progress(`events: ${updates} to ${subject.title}`);
  await using run = await startSubject(subject, { objects, updates, seed, nodeFlags });
  const problems = await looked(subject, run);
  const { phase, wanted } = await run.played("at once");
  await run.stop();
  const cpuPerMillion = (phase.cpuSeconds / wanted.count) * 1e6;
  progress(`events: ${cpuPerMillion.toFixed(1)} CPU-seconds per 1M`);
  return {
    events: wanted.count,
    cpuPerMillion,
    eventsPerSecond: wanted.count / phase.seconds,
    problems: [...problems, ...problemsOf("events", [wanted, phase.digest])],
  };
}

/** What a look at many objects costs, and what the engine holds when it goes on to work. */
async function measureLook(
  subject: Subject,
  { options, progress }: Measuring,
  initialEvents = true,
): Promise<LookFigures> {
  const { large: objects, seed } = options;
  const how = initialEvents ? "" : ", which the server makes it list";
  progress(`look: ${objects} objects by ${subject.title}${how}`);
  const updates = Math.min(WORK_UPDATES, objects);
  await using run = await startSubject(subject, { objects, updates, seed, initialEvents });
  const synced = await run.phase("synced");
  progress(`look: ${synced.seconds.toFixed(1)} s, peak ${synced.peakMb.toFixed(0)} MB`);
  const { phase: worked, wanted } = await run.played("at once");
  return {
    objects: run.initial.count,
    hasStreamed: run.server.hasStreamed,
    seconds: synced.seconds,
    cpuSeconds: synced.cpuSeconds,
    peakMb: synced.peakMb,
    workMb: memoryMb(run.pid).rss,
    eventLoopP99Ms: synced.eventLoopP99Ms,
    problems: [
      ...problemsOf("objects of the look", [run.initial, synced.digest]),
      ...problemsOf("events after the look", [wanted, worked.digest]),
    ],
  };
}

/** How many connections it takes when each watch ends, in order, after one event. */
async function measureReconnects(
  subject: Subject,
  { options, progress }: Measuring,
): Promise<ReconnectFigures> {
  const { reconnects: updates, seed } = options;
  progress(`reconnects: ${updates} of ${subject.title}`);
  const objects = Math.min(RECONNECTED_OBJECTS, updates);
  await using run = await startSubject(subject, { objects, updates, seed });
  const problems = await looked(subject, run);
  const { phase, wanted } = await run.played("one per watch");
  return {
    reconnects: wanted.count,
    connections: run.server.connections,
    seconds: phase.seconds,
    problems: [...problems, ...problemsOf("events over reconnects", [wanted, phase.digest])],
  };
}

async function looked(subject: Subject, run: SubjectRun): Promise<readonly string[]> {
  if (!subject.lists) return [];
  const { digest } = await run.phase("synced");
  return problemsOf("objects of the look", [run.initial, digest]);
}

function problemsOf(
  what: string,
  [wanted, got]: readonly [wanted: Digest, got: Digest],
): readonly string[] {
  const problem = compareDigests(what, wanted, got);
  return problem === undefined ? [] : [problem];
}
