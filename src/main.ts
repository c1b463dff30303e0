#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=16 --heap-growing-percent=80 --disable-warning=ExperimentalWarning
import { randomUUID } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { writerTo } from "./otlp/console/console-transport.ts";
import type { CommandName, CommandOptions, RunCommand } from "./run/commands/command-table.ts";
import { readMode } from "./run/configuration.ts";
import { formatProblems } from "./run/configuration-problem.ts";
import { runDaemon } from "./run/daemon.ts";
import { EXIT_CODE } from "./run/exit-code.ts";
import { keepUp, type RunEnd } from "./run/keep-up.ts";
import { originalStack } from "./run/original-stack.ts";
import { createOwnLog, type OwnLog, type OwnLogLevel } from "./run/own-log.ts";
import { readSetup } from "./run/read-setup.ts";
import { Shutdown } from "./run/shutdown.ts";
import { createSelfExporters } from "./run/telemetry/self-exporters.ts";
import { systemClock } from "./util/clock.ts";
import { toError } from "./util/to-error.ts";
import { unreachable } from "./util/unreachable.ts";
import { VERSION } from "./util/version.ts";

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

process.on("uncaughtException", (thrown: unknown) => {
  // Anything can be thrown, and an error in here would hide it.
  const { stack, message } = toError(thrown);
  const trace = stack ?? message;
  process.stderr.write(
    `kube-lifeline ${VERSION} crashed: ${originalStack(trace, import.meta.url)}\n`,
  );
  process.exit(EXIT_CODE.failed);
});
// At once: nothing that a library still holds open may keep the process from ending.
process.exit(await main(process.argv.slice(2)));

/** The composition root: the only place that reads the environment and the arguments, and that sets the exit code. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0) return daemon();
  // Loaded only here: the daemon has no use for them, and starts sooner without.
  const { parseCommandLine } = await import("./run/commands/command-line.ts");
  const line = parseCommandLine(args);
  switch (line.type) {
    case "version":
      return say(`${VERSION}\n`);
    case "help": {
      const { formatCommandHelp, formatHelp } = await import("./run/help.ts");
      return say(line.command === undefined ? formatHelp() : formatCommandHelp(line.command));
    }
    case "command":
      return runCommand(line.command, line.options);
    case "wrong":
      process.stderr.write(`${line.message}\n`);
      return EXIT_CODE.wrongConfiguration;
    default:
      return unreachable(line);
  }
}

async function runCommand(name: CommandName, options: CommandOptions): Promise<number> {
  const { env, stdout, stderr } = process;
  // A reader that has gone, such as `head`, has read enough.
  for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
  const answer = await loadCommand(name);
  return await answer(options, {
    env,
    home: homedir(),
    temporaryDirectory: tmpdir(),
    clock: systemClock,
    stdout: {
      isTerminal: stdout.isTTY,
      color: wantsColor(),
      write: (text) => void stdout.write(text),
    },
    stderr: { write: (text) => void stderr.write(text) },
  });
}

async function loadCommand(name: CommandName): Promise<RunCommand> {
  switch (name) {
    case "check":
      return (await import("./run/commands/check.ts")).runCheck;
    case "dead-letters":
      return (await import("./run/commands/dead-letters.ts")).runDeadLetters;
    case "rbac":
      return (await import("./run/commands/rbac.ts")).runRbac;
    default:
      return unreachable(name);
  }
}

async function daemon(): Promise<number> {
  const { env, stderr } = process;
  // The state file holds all objects and the key of the redaction marks: nobody else's business.
  process.umask(0o077);
  // A reader that has gone is no reason to end.
  stderr.on("error", () => undefined);
  // With every kind forbidden and every exporter off nothing else would keep the process from ending.
  setInterval(() => undefined, LONGEST_INTERVAL_MS);
  const shutdown = new Shutdown();
  const onSignal = (): void => {
    if (shutdown.request() === "exit-at-once") process.exit(EXIT_CODE.failed);
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  const ownLog = createProcessLog("error");
  const { mode, httpAddress } = readMode(env);
  if (mode === "sidecar") {
    const { signal: stop } = shutdown;
    await keepUp({ run, httpAddress, ownLog, clock: systemClock, random: Math.random, stop });
    return 0;
  }
  const end = await run(shutdown.signal);
  if (end.type === "stopped") return 0;
  if (end.type === "invalid") return EXIT_CODE.wrongConfiguration;
  ownLog.log("error", end.error.message);
  return end.type === "misconfigured" ? EXIT_CODE.wrongConfiguration : EXIT_CODE.failed;
}

/** From the environment to the end of the daemon. */
async function run(stop: AbortSignal): Promise<RunEnd> {
  const { env, stdout, stderr } = process;
  const setup = readSetup(env, { home: homedir(), bareTerminal: stdout.isTTY });
  if (setup.type === "invalid") {
    stderr.write(formatProblems(setup.problems));
    return setup;
  }
  if (setup.type === "failed") return setup;
  const { configuration, credentials } = setup;
  const ownLog = createProcessLog(configuration.ownLogLevel);
  ownLog.log("info", `kube-lifeline ${VERSION} begins`, {
    cluster: credentials.origin,
    credentials: credentials.source,
  });
  return await runDaemon({
    configuration,
    credentials,
    ownLog,
    clock: systemClock,
    random: Math.random,
    instanceId: randomUUID(),
    temporaryDirectory: tmpdir(),
    console: {
      color: wantsColor(),
      write: writerTo(stdout),
      // Some terminals say that they have no columns at all.
      ...(stdout.isTTY && stdout.columns > 0 ? { width: stdout.columns } : {}),
    },
    memory: () => process.memoryUsage(),
    createSelfExporters,
    stop,
  }).catch((thrown: unknown) => ({ type: "failed", error: toError(thrown) }));
}

function createProcessLog(level: OwnLogLevel): OwnLog {
  return createOwnLog({
    level,
    clock: systemClock,
    write: (line) => void process.stderr.write(line),
  });
}

/** https://no-color.org */
function wantsColor(): boolean {
  return process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}
