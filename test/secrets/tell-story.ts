import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AdminClient } from "../testbed/admin-client.ts";
import type { Collector } from "../testbed/collector.ts";
import { eventually } from "../testbed/eventually.ts";
import { startLifeline, type Lifeline } from "../testbed/lifeline.ts";
import type { LogEntry } from "../testbed/otlp-json.ts";
import { Canaries } from "./canaries.ts";
import { bytesOfFiles, valuesOfTables } from "./state-files.ts";
import { Writer, type WrittenObject } from "./writer.ts";

export type Stage = {
  readonly admin: AdminClient;
  readonly collector: Collector;
  /** The variables that say what is watched, and by whom. */
  readonly watching: Readonly<Record<string, string>>;
  /** Of each program one directory below it. */
  readonly stateRoot: string;
};

/** All that the program left behind, and what was to be kept out of it. */
export type Story = {
  readonly canaries: Canaries;
  /** In the order in which they were looked at. */
  readonly traces: readonly Trace[];
  readonly objects: readonly WrittenObject[];
  readonly logs: readonly LogEntry[];
};

type Trace = { readonly where: string; readonly bytes: Buffer };

/**
 * Objects full of secrets stand there before the program starts, come while it runs, change, and go; a second program
 * tells the same on its console.
 */
export async function tellStory(stage: Stage): Promise<Story> {
  const { collector } = stage;
  const canaries = new Canaries();
  const header = canaries.make({ object: "lifeline", place: "OTLP header", inDiff: false });
  const writer = new Writer(stage.admin, canaries);
  const traces: Trace[] = [];
  const look = (moment: string): void => {
    traces.push({ where: `state files ${moment}`, bytes: bytesOfFiles(stage.stateRoot) });
  };

  const early = await writer.create("early");
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: `x-api-token=${header}` };
  const console = { OTEL_LOGS_EXPORTER: "console", OTEL_METRICS_EXPORTER: "console" };
  await using lifeline = await start(stage, "otlp", headers);
  await using teller = await start(stage, "console", console);
  await told(collector, early, "lifeline.object.observed");
  look("after the first look");
  const late = await writer.create("late");
  await told(collector, late, "lifeline.object.created");
  look("after creations");
  const objects = [...early, ...late];
  await writer.change(objects);
  await changesTold(collector, objects);
  look("after changes");
  await writer.delete(objects);
  await told(collector, objects, "lifeline.object.deleted");
  await eventually(() => consoleTold(teller, objects));
  look("after deletions");
  await Promise.all([lifeline.stop(), teller.stop()]);

  look("after the end");
  traces.push(
    {
      where: "values of the state file",
      bytes: valuesOfTables(join(stage.stateRoot, "otlp/lifeline.db")),
    },
    { where: "the collector's file", bytes: readFileSync(collector.received.path) },
    { where: "stdout and stderr", bytes: bytesOfOutput(lifeline) },
    { where: "stdout and stderr with the console exporter", bytes: bytesOfOutput(teller) },
  );
  return { canaries, traces, objects, logs: collector.received.logs() };
}

async function start(stage: Stage, name: string, env: Record<string, string>): Promise<Lifeline> {
  return await startLifeline({
    stateDir: join(stage.stateRoot, name),
    env: {
      ...stage.watching,
      LIFELINE_INITIAL: "all",
      LIFELINE_LOG_SEVERITY: "DEBUG",
      LIFELINE_OWN_LOG_LEVEL: "debug",
      LIFELINE_METRIC_INTERVAL: "500ms",
      LIFELINE_METRIC_HEARTBEAT: "1s",
      OTEL_EXPORTER_OTLP_ENDPOINT: stage.collector.grpcEndpoint,
      ...env,
    },
  });
}

async function told(
  collector: Collector,
  objects: readonly WrittenObject[],
  eventName: string,
): Promise<void> {
  await eventually(() => {
    const uids = uidsOf(collector.received.logs().filter((log) => log.eventName === eventName));
    const missing = objects.filter(({ uid }) => !uids.has(uid)).map(({ name }) => name);
    if (missing.length > 0) throw new Error(`Cannot find ${eventName} of ${missing.join(", ")}`);
  });
}

/** The spec of all, and the status of those that have one. */
async function changesTold(collector: Collector, objects: readonly WrittenObject[]): Promise<void> {
  const withStatus = objects.filter(({ kind }) => kind === "status");
  await told(
    collector,
    objects.filter(({ kind }) => kind !== "status"),
    "lifeline.object.updated",
  );
  await told(collector, withStatus, "lifeline.object.status_updated");
  await eventually(() => {
    const turned = collector.received
      .logs()
      .filter((log) => log.attributes["lifeline.condition.status"] === "True");
    const uids = uidsOf(turned);
    if (!withStatus.every(({ uid }) => uids.has(uid)))
      throw new Error("Cannot find the conditions");
  });
}

function uidsOf(logs: readonly LogEntry[]): ReadonlySet<unknown> {
  return new Set(logs.map(({ attributes }) => attributes["k8s.object.uid"]));
}

function consoleTold(teller: Lifeline, objects: readonly WrittenObject[]): void {
  const text = teller.stdoutLines.filter((line) => line.includes("deleted")).join("\n");
  const missing = objects.filter(({ name }) => !text.includes(name)).map(({ name }) => name);
  if (missing.length > 0)
    throw new Error(`The console does not tell the end of ${missing.join(", ")}`);
}

function bytesOfOutput({ stdoutLines, stderrLines }: Lifeline): Buffer {
  return Buffer.from([...stdoutLines, ...stderrLines].join("\n"));
}
