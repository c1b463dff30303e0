import type { AdminClient } from "../testbed/admin-client.ts";
import { eventually } from "../testbed/eventually.ts";
import { type Lifeline, startLifeline } from "../testbed/lifeline.ts";
import type { Collector } from "../testbed/collector.ts";
import type { ControlPlane } from "../testbed/control-plane.ts";
import { withPrintedRoles } from "../testbed/printed-roles.ts";
import { startCollector, startControlPlane } from "../testbed/real-servers.ts";
import { CLUSTER_NAME } from "./expect-points.ts";
import { play, type Played, type Stage } from "./play.ts";
import { type Example, readExample } from "./read-example.ts";
import { apiGateway } from "./stories/api-gateway.ts";
import { application } from "./stories/application.ts";
import { backup } from "./stories/backup.ts";
import { customDatabase } from "./stories/custom-database.ts";
import { myResource } from "./stories/my-resource.ts";
import type { Step, Story } from "./story.ts";

export const INTERVAL_MS = 250;
const HEARTBEAT_MS = 2_000;

/** Which processes there are, by the examples whose environments they have together. */
const PROCESSES = [
  ["custom-database", "application", "my-resource"],
  ["api-gateway"],
  ["backup"],
] as const;

export type ExampleName = (typeof PROCESSES)[number][number];

export const EXAMPLES: readonly ExampleName[] = PROCESSES.flat();

/** What was played of one story, and why no more, if something did not come to be shown. */
type Playthrough = { readonly played: Played[]; failure?: unknown };

/** Everything that has happened when the curtain falls. */
export type Performance = {
  readonly cluster: ControlPlane;
  readonly collector: Collector;
  readonly lifelines: readonly Lifeline[];
  readonly exitCodes: readonly (number | null)[];
  readonly plays: ByExample<Playthrough>;
  readonly interval: Interval;
};

/** Between the acts: from when to when, in Unix milliseconds, and how many steps of each story were played by then. */
type Interval = {
  readonly atMs: number;
  readonly secondAtMs: number;
  readonly steps: ByExample<number>;
};

type ByExample<Value> = Readonly<Record<ExampleName, Value>>;

/** Starts the servers and three processes, plays all stories side by side, and stops the processes. */
export async function perform(stack: AsyncDisposableStack): Promise<Performance> {
  const [cluster, collector] = await Promise.all([
    startControlPlane().then((started) => stack.use(started)),
    startCollector().then((started) => stack.use(started)),
  ]);
  const examples = await readExamples();
  await applyDefinitions(cluster.admin, Object.values(examples));
  const lifelines = await Promise.all(
    PROCESSES.map(async (names) => {
      const together = names.map((name) => examples[name]);
      const env = await withPrintedRoles(cluster, environment(together, collector));
      return stack.use(await startLifeline({ env }));
    }),
  );
  const stories = storiesOf(examples);
  const plays = byExample((): Playthrough => ({ played: [] }));
  const stage = { admin: cluster.admin, received: collector.received };
  await Promise.all(stories.map((story) => playAct(story.acts[0], plays[story.example], stage)));
  const atMs = Date.now();
  const steps = byExample((name) => plays[name].played.length);
  // A new counter is 0 once.
  await aggregated(collector, plays, 2);
  const secondAtMs = Date.now();
  await Promise.all(stories.map((story) => playAct(story.acts[1], plays[story.example], stage)));
  // A process that stops sends its aggregates as they then stand.
  const exits = await Promise.all(lifelines.map((lifeline) => lifeline.stop()));
  const exitCodes = exits.map(({ code }) => code);
  return { cluster, collector, lifelines, exitCodes, plays, interval: { atMs, secondAtMs, steps } };
}

async function readExamples(): Promise<ByExample<Example>> {
  const read = new Map(
    await Promise.all(EXAMPLES.map(async (name) => [name, await readExample(name)] as const)),
  );
  return byExample((name) => {
    const example = read.get(name);
    if (example === undefined) throw new Error(`Cannot find example "${name}"`);
    return example;
  });
}

function byExample<Value>(valueOf: (name: ExampleName) => Value): ByExample<Value> {
  // `fromEntries` forgets the keys that it was given.
  return Object.fromEntries(EXAMPLES.map((name) => [name, valueOf(name)])) as ByExample<Value>;
}

/** A story that has failed is not gone on with; the others are. */
async function playAct(steps: readonly Step[], through: Playthrough, stage: Stage): Promise<void> {
  if (through.failure !== undefined) return;
  try {
    await play(steps, stage, through.played);
  } catch (error) {
    through.failure = error;
  }
}

async function applyDefinitions(admin: AdminClient, examples: readonly Example[]): Promise<void> {
  await admin.createNamespace("shop");
  const definitions = examples.flatMap((example) => example.definitions);
  await Promise.all(definitions.map((definition) => admin.apply(definition)));
}

/** What the examples' files say, and what this suite must add: where to, and faster. */
function environment(
  examples: readonly Example[],
  collector: Collector,
): Readonly<Record<string, string>> {
  const said = Object.assign({}, ...examples.map(({ env }) => env)) as Record<string, string>;
  const resources = examples.map(({ env }) => env["LIFELINE_RESOURCES"] ?? "");
  const isHttp = said["OTEL_EXPORTER_OTLP_PROTOCOL"] === "http/protobuf";
  return {
    ...said,
    LIFELINE_RESOURCES: resources.join(","),
    LIFELINE_CLUSTER_NAME: CLUSTER_NAME,
    LIFELINE_LOG_SEVERITY: "DEBUG",
    LIFELINE_METRIC_INTERVAL: `${INTERVAL_MS}ms`,
    LIFELINE_METRIC_HEARTBEAT: `${HEARTBEAT_MS}ms`,
    OTEL_EXPORTER_OTLP_ENDPOINT: isHttp ? collector.httpEndpoint : collector.grpcEndpoint,
  };
}

type NamedStory = Story & { readonly example: ExampleName };

function storiesOf(examples: ByExample<Example>): readonly NamedStory[] {
  const startMs = Math.floor(Date.now() / 1000) * 1000;
  const at = (seconds: number): string =>
    new Date(startMs + seconds * 1000).toISOString().replace(".000Z", "Z");
  return [
    { ...customDatabase(examples["custom-database"], at), example: "custom-database" },
    { ...application(examples["application"], at), example: "application" },
    { ...apiGateway(examples["api-gateway"], at), example: "api-gateway" },
    { ...backup(examples["backup"]), example: "backup" },
    { ...myResource(examples["my-resource"], at), example: "my-resource" },
  ];
}

/** Waits until each process has sent its aggregates so many times more. */
async function aggregated(
  collector: Collector,
  plays: ByExample<Playthrough>,
  times: number,
): Promise<void> {
  const afterNano = BigInt(Date.now()) * 1_000_000n;
  const kinds = Object.values(plays).flatMap(({ played }) => played[0]?.object.kind ?? []);
  await eventually(
    () => {
      const changes = collector.received
        .points()
        .filter(
          ({ name, timeUnixNano }) =>
            name === "lifeline.object.changes" && timeUnixNano >= afterNano,
        );
      const missing = kinds.filter((kind) => {
        const ofKind = changes.filter(({ attributes }) => attributes["k8s.object.kind"] === kind);
        return new Set(ofKind.map(({ timeUnixNano }) => timeUnixNano)).size < times;
      });
      if (missing.length > 0) throw new Error(`No new aggregates of ${missing.join(", ")}`);
    },
    { intervalMs: 250 },
  );
}
