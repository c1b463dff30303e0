import { join } from "node:path";
import { StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { createRedactor } from "../../src/history/redact.ts";
import { encodeLogs } from "../../src/otlp/encode-logs.ts";
import type { MetricExporter } from "../../src/otlp/metric-exporter.ts";
import type { SendResult, Transport } from "../../src/otlp/transport.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import type { PipelineReport } from "../../src/pipeline/report.ts";
import { Store } from "../../src/store/store.ts";
import { openDatabase } from "../../src/store/open-database.ts";
import { type Clock, systemClock } from "../../src/util/clock.ts";
import { createKeyedMark } from "../../src/util/keyed-mark.ts";
import { BodyFile } from "./body-file.ts";
import { createScriptedClient } from "./scripted-client.ts";
import { SCRIPTED_KIND, writeScript } from "./script.ts";

/*
 * The program that is killed: a real pipeline over a real state file, between a scripted API server and a collector
 * that is a file. `node lifeline-child.ts <directory> <seed> <bornAt> <paceMs> [<statements>]`; ends by itself, with
 * code 0, once all of the script is committed and delivered, or kills itself before that many statements have written.
 */

/** All waits are shorter, so that a life of a tenth of a second holds several commits. */
const HASTE = 10;
/** Backoff grows by our clock, which is not hastened. */
const WAIT_MAX_MS = 50;
const ACCEPTED: SendResult = { type: "accepted", rejected: 0, message: "" };

const [directory = "", seed = "", bornAt = "", paceMs = "", statements] = process.argv.slice(2);
const clock: Clock = {
  now: () => systemClock.now(),
  sleep: (delayMs, signal) => systemClock.sleep(Math.min(delayMs / HASTE, WAIT_MAX_MS), signal),
};

/** Acknowledges some time after it has written: who dies in between sends again. */
function createFileTransport(file: BodyFile): Transport {
  return async (body, signal) => {
    if (Math.random() < 0.1) return { type: "retryable", error: new Error("Not now") };
    file.append(body);
    await clock.sleep(Math.random() * 300, signal);
    return signal.aborted ? { type: "aborted" } : ACCEPTED;
  };
}

/** Nobody outside could hit the microseconds between two statements of one commit. */
function dieBeforeStatement(count: number): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its statement below
  const { run } = StatementSync.prototype;
  let left = count;
  StatementSync.prototype.run = function runOrDie(...parameters: readonly unknown[]) {
    left -= 1;
    if (left <= 0) process.kill(process.pid, "SIGKILL");
    return Reflect.apply(run, this, parameters);
  };
}

/** What must not happen here: the parent finds it on stderr. */
function report(reported: PipelineReport): void {
  if (reported.type === "object-skipped" || reported.type === "commit-failed")
    process.stderr.write(`${reported.type}: ${reported.error.message}\n`);
  if (reported.type === "export-refused" || reported.type === "export-set-aside")
    process.stderr.write(`${reported.type}\n`);
}

function openStore(): Store {
  const opened = openDatabase({
    directory,
    cluster: { address: "scripted" },
    nowMs: clock.now(),
    newKey: () => "key",
  });
  if (opened.type !== "opened" || opened.setAside !== undefined)
    throw new Error(`Cannot open the state: ${JSON.stringify(opened)}`);
  return new Store(opened.database);
}

const metrics: MetricExporter = {
  gauges: async () => ACCEPTED,
  sums: async () => ACCEPTED,
  histograms: async () => ACCEPTED,
};

async function main(): Promise<void> {
  const script = writeScript(Number(seed), bornAt);
  using store = openStore();
  using file = new BodyFile(join(directory, "bodies"));
  const pipeline = new Pipeline({
    client: createScriptedClient({
      script,
      serverFile: join(directory, "server"),
      paceMs: Number(paceMs),
      random: Math.random,
    }),
    store,
    redact: createRedactor(createKeyedMark(store.redactionKey)),
    clock,
    random: Math.random,
    report,
    reportCluster: () => undefined,
    active: () => true,
    clusterName: undefined,
    initial: "all",
    minimumSeverity: "DEBUG",
    metricIntervalMs: 1000,
    metricHeartbeatMs: 5000,
    stuckAfterMs: 600_000,
    outboxMaxBytes: 256 * 1024 ** 2,
    logs: {
      encoding: "otlp/protobuf",
      encode: (signals) =>
        encodeLogs(signals, { resource: {}, scope: { name: "kube-lifeline", version: "0" } }),
      transport: createFileTransport(file),
    },
    metrics,
  });
  const running = new AbortController();
  // Its parent ends it if it hangs.
  const deadline = new AbortController().signal;
  const work = pipeline.run(running.signal, deadline);
  const { group, resource } = SCRIPTED_KIND;
  pipeline.watches.start({ key: { group, resource }, facts: SCRIPTED_KIND, includes: () => true });
  process.stdout.write("ready\n");
  const isDone = (): boolean =>
    [...pipeline.watches].every(
      (watch) => watch.position === String(script.lastVersion) && watch.state === "synced",
    );
  while (!isDone()) await sleep(5);
  await pipeline.watches.stopAll("the script is told");
  running.abort();
  await work;
  await pipeline.finish(deadline);
}

if (statements !== undefined) dieBeforeStatement(Number(statements));
await main();
