#!/usr/bin/env -S node --max-semi-space-size=16 --disable-warning=ExperimentalWarning
import { randomUUID } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { loadCredentials } from "./cluster/credentials.ts";
import { writerTo } from "./otlp/console/console-transport.ts";
import { readConfiguration } from "./run/configuration.ts";
import { formatProblems } from "./run/configuration-problem.ts";
import { type DaemonEnd, runDaemon } from "./run/daemon.ts";
import { formatHelp } from "./run/help.ts";
import { createOwnLog } from "./run/own-log.ts";
import { Shutdown } from "./run/shutdown.ts";
import { createSelfExporters } from "./run/telemetry/self-exporters.ts";
import { systemClock } from "./util/clock.ts";
import { toError } from "./util/to-error.ts";
import { VERSION } from "./util/version.ts";

const FAILED = 1;
const WRONG_CONFIGURATION = 2;
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

// At once: an exporter of the SDK that waits for a dead collector cannot be aborted, and would keep the process for half a minute.
process.exit(await main(process.argv.slice(2)));

/** The composition root: the only place that reads the environment and the arguments, and that sets the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const [command] = args;
  if (command === undefined) return daemon();
  if (command === "--help" || command === "-h") return say(formatHelp());
  if (command === "--version") return say(`${VERSION}\n`);
  process.stderr.write(
    `Cannot run "lifeline ${args.join(" ")}": there are --help and --version, and no argument runs the daemon\n`,
  );
  return WRONG_CONFIGURATION;
}

async function daemon(): Promise<number> {
  const { env, stdout, stderr } = process;
  // The state file holds all objects and the key of the redaction marks: nobody else's business.
  process.umask(0o077);
  // A reader that has gone is no reason to end.
  stderr.on("error", () => undefined);
  const read = readConfiguration(env, { bareTerminal: stdout.isTTY });
  if (read.type === "invalid") {
    stderr.write(formatProblems(read.problems));
    return WRONG_CONFIGURATION;
  }
  const { configuration } = read;
  const ownLog = createOwnLog({
    level: configuration.ownLogLevel,
    clock: systemClock,
    write: (line) => void stderr.write(line),
  });
  const loaded = loadCredentials(credentialsSource(configuration));
  if (loaded.type === "failed") {
    ownLog.log("error", loaded.error.message);
    return FAILED;
  }
  // With every kind forbidden and every exporter off nothing else would keep the process from ending.
  setInterval(() => undefined, LONGEST_INTERVAL_MS);
  const shutdown = new Shutdown();
  const onSignal = (): void => {
    if (shutdown.request() === "exit-at-once") process.exit(FAILED);
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  ownLog.log("info", `kube-lifeline ${VERSION} begins`, {
    cluster: loaded.credentials.origin,
    credentials: loaded.credentials.source,
  });
  const end: DaemonEnd = await runDaemon({
    configuration,
    credentials: loaded.credentials,
    ownLog,
    clock: systemClock,
    random: Math.random,
    instanceId: randomUUID(),
    temporaryDirectory: tmpdir(),
    console: {
      color: stdout.isTTY && (env["NO_COLOR"] ?? "") === "",
      write: writerTo(stdout),
      // Some terminals say that they have no columns at all.
      ...(stdout.isTTY && stdout.columns > 0 ? { width: stdout.columns } : {}),
    },
    memory: () => process.memoryUsage(),
    createSelfExporters,
    stop: shutdown.signal,
  }).catch((thrown: unknown) => ({ type: "failed", error: toError(thrown) }));
  if (end.type === "stopped") return 0;
  ownLog.log("error", end.error.message);
  return end.type === "misconfigured" ? WRONG_CONFIGURATION : FAILED;
}

function credentialsSource(configuration: {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}): Parameters<typeof loadCredentials>[0] {
  const host = process.env["KUBERNETES_SERVICE_HOST"];
  const port = process.env["KUBERNETES_SERVICE_PORT"];
  return {
    home: homedir(),
    ...(configuration.kubeconfig === undefined ? {} : { kubeconfig: configuration.kubeconfig }),
    ...(configuration.context === undefined ? {} : { context: configuration.context }),
    ...(host === undefined || port === undefined ? {} : { inCluster: { host, port } }),
  };
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}
