import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LineOptions, renderLine, type Style } from "../../otlp/console/line.ts";
import type { Clock } from "../../util/clock.ts";
import type { ReceivedItems, ReceivedPoint } from "../otlp-receiver/received.ts";
import { foldSeries } from "../otlp-receiver/series.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../otlp-receiver/start-otlp-receiver.ts";
import {
  type SimulatedApiServer,
  startSimulatedApiServer,
} from "../simulated-api-server/start-simulated-api-server.ts";
import { applyStep } from "./apply-step.ts";
import { BACKUPS, DATABASES, DEMO_CRDS } from "./custom-kinds.ts";
import { demoEnvironment } from "./demo-environment.ts";
import { type LifelineProcess, type ProcessEnd, startLifeline } from "./lifeline-process.ts";
import { playStory } from "./play-story.ts";
import { createRandom, randomUid } from "./random.ts";
import { recordLine } from "./record-line.ts";
import { createStory, type Story } from "./story.ts";
import type { StoryStep } from "./story-step.ts";
import { renderSummary } from "./summary.ts";
import { verdict } from "./verdict.ts";
import { waterfall } from "./waterfall.ts";

export type DemoOptions = {
  readonly seconds: number;
  readonly seed: number;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the demo's private directory is made. */
  readonly temporaryDirectory: string;
  /** Takes one line without its end. */
  readonly write: (line: string) => void;
  readonly lines: LineOptions;
  /** Aborts when somebody wants it to end. */
  readonly signal: AbortSignal;
};

/** What is kept of the time for the last points to arrive and the program to stop. */
const TAIL_MS = 1500;
/** Starting takes about a second, and the first look and the end are told at once; a slow machine must not fail for it. */
const PATIENCE_MS = 30_000;
const RESOURCES = [DATABASES, BACKUPS];

type Cast = {
  readonly server: SimulatedApiServer;
  readonly receiver: OtlpReceiver;
  readonly lifeline: LifelineProcess;
  readonly story: Story;
};

/** Plays the whole demo; resolves with the exit code, when nothing of it is left running or lying about. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { clock, lines } = options;
  const story = createStory(options.seed);
  const random = createRandom(options.seed);
  const directory = await mkdtemp(join(options.temporaryDirectory, "kube-lifeline-demo-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const server = cleanup.use(
    await startSimulatedApiServer({
      clock,
      createUid: () => randomUid(random),
      bookmarkIntervalMs: 10_000,
    }),
  );
  const onExport = ({ records }: ReceivedItems): void => {
    for (const record of records) options.write(recordLine(record, lines));
  };
  const receiver = cleanup.use(await startOtlpReceiver({ clock, onExport }));
  for (const crd of DEMO_CRDS) server.cluster.applyCrd(crd);
  for (const step of story.before) applyStep(server.cluster, step, clock.now());
  const kubeconfigPath = join(directory, "kubeconfig");
  await writeFile(kubeconfigPath, server.kubeconfig(), { mode: 0o600 });
  const environment = demoEnvironment(options.environment, {
    kubeconfigPath,
    directory,
    receiver,
    seconds: options.seconds,
  });
  say(options, "bold", `An operator's day in ${options.seconds} seconds (seed ${options.seed})`);
  say(
    options,
    "dim",
    `Simulated API server ${server.url} → kube-lifeline → OTLP receiver ${receiver.httpUrl}`,
  );
  const cast = { server, receiver, lifeline: startLifeline(environment, clock), story };
  cleanup.defer(async () => void (await cast.lifeline.stop()));
  // Awaited here: the stack must not be unwound before the demo is over.
  return await perform(options, cast);
}

async function perform(options: DemoOptions, cast: Cast): Promise<number> {
  const { clock } = options;
  const { lifeline, receiver, server, story } = cast;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const endEarly = lifeline.ended.then(() => over.abort());
  const isWatching = await untilWatching(cast, clock, signal);
  if (isWatching) {
    await untilSynced(cast, clock, signal);
    const onStep = (step: StoryStep): void => {
      if (step.type === "chapter") say(options, "bold", `· ${step.title}`);
      applyStep(server.cluster, step, clock.now());
    };
    // From here on, or a slow start would shrink the day.
    const beginMs = clock.now();
    const endMs = beginMs + options.seconds * 1000 - TAIL_MS;
    await playStory(story.day, { clock, beginMs, endMs, perform: onStep }, signal);
    await clock.sleep(TAIL_MS, signal);
    await untilEnded(cast, clock, signal);
  }
  const diedEarly = over.signal.aborted;
  const end = await lifeline.stop();
  await endEarly;
  if (isWatching) summarize(options, cast);
  const problems = verdict({
    end,
    diedEarly,
    isWatching,
    isInterrupted: options.signal.aborted,
    records: receiver.records().length,
    errors: receiver.errors(),
    leaks: leaksIn(receiver, story),
  });
  return report(options, problems, end);
}

/** Whether the program watches all of our kinds before time is up or it (or somebody) gives up. */
async function untilWatching(
  { server }: Cast,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const isWatching = (): boolean => {
    const resources = new Set(server.watches().map(({ request }) => request.resource));
    return RESOURCES.every((resource) => resources.has(resource));
  };
  await within(PATIENCE_MS, { event: server.until(isWatching), clock, signal });
  return isWatching();
}

/** Lets the first look be told before the day begins: the story reads better so. */
async function untilSynced({ receiver }: Cast, clock: Clock, signal: AbortSignal): Promise<void> {
  const isSynced = (): boolean => receiver.records().length >= RESOURCES.length;
  await within(PATIENCE_MS, { event: receiver.until(isSynced), clock, signal });
}

/** Lets the series of all that is gone end: it is the last that is told of the day. */
async function untilEnded(
  { receiver, server }: Cast,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const isGone = ({ attributes }: ReceivedPoint): boolean => {
    const { "k8s.object.name": name, "k8s.namespace.name": namespace } = attributes;
    // Aggregates are of no object.
    if (typeof name !== "string" || typeof namespace !== "string") return false;
    return !RESOURCES.some((resource) => server.cluster.get({ resource, namespace, name }));
  };
  const hasEnded = (): boolean =>
    ![...foldSeries(receiver.points()).live.values()].some((point) => isGone(point));
  await within(PATIENCE_MS, { event: receiver.until(hasEnded), clock, signal });
}

type Awaiting = {
  readonly event: Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** Resolves when the event comes, the time is up or the signal aborts. */
async function within(maxMs: number, { event, clock, signal }: Awaiting): Promise<void> {
  const settled = new AbortController();
  await Promise.race([event, clock.sleep(maxMs, AbortSignal.any([signal, settled.signal]))]);
  settled.abort();
}

function summarize(options: DemoOptions, { receiver, server, story }: Cast): void {
  const isThere = (ref: DatabaseName): boolean =>
    server.cluster.get({ resource: DATABASES, ...ref }) !== undefined;
  // The one that was made again, if the day came so far.
  const names = story.databases.map(({ namespace, name }) => ({ namespace, name }));
  const database = names.findLast(isThere) ?? { namespace: "", name: "" };
  const items = { records: receiver.records(), points: receiver.points(), spans: receiver.spans() };
  const leaks = leaksIn(receiver, story).length;
  options.write("");
  for (const line of renderSummary({ ...items, database })) options.write(line);
  const trace = waterfall(items.spans, options.lines);
  if (trace.length > 0) options.write("");
  for (const line of trace) options.write(line);
  options.write("");
  options.write(
    `Passwords that stood in the objects: ${story.passwords.length}; that arrived: ${leaks}`,
  );
}

type DatabaseName = { readonly namespace: string; readonly name: string };

/** The passwords that stand anywhere in what was received, attributes and bodies alike. */
function leaksIn(receiver: OtlpReceiver, { passwords }: Story): readonly string[] {
  const bodies = receiver.requests().map(({ body }) => Buffer.from(body));
  return passwords.filter((password) => bodies.some((body) => body.includes(password)));
}

function report(options: DemoOptions, problems: readonly string[], end: ProcessEnd): number {
  for (const problem of problems) say(options, "red", problem);
  if (problems.length === 0) return 0;
  for (const line of end.stderr.trimEnd().split("\n")) options.write(line);
  return 1;
}

function say({ write, lines }: DemoOptions, style: Style, text: string): void {
  write(renderLine([{ text, style }], lines));
}
