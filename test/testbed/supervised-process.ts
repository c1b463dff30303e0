import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { toError } from "../../src/util/to-error.ts";
import { collectLines } from "./line-buffer.ts";
import { reapAfterExit } from "./reap-after-exit.ts";

/** How a process ended; exactly one of the two is not null. */
export type ExitStatus = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A child process that ends with its disposal (SIGKILL), and at the latest with this process. */
export type SupervisedProcess = AsyncDisposable & {
  readonly pid: number;
  /** Resolves once it has ended and all of its output has been read; never rejects. */
  readonly exited: Promise<ExitStatus>;
  readonly stdoutLines: readonly string[];
  readonly stderrLines: readonly string[];
  /** Sends a signal to the process alone; nothing happens if it has ended. */
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `graceMs` (30 s by default). */
  stop(graceMs?: number): Promise<ExitStatus>;
};

type ProcessOptions = {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Another user than this process's; only root may say so. */
  readonly uid?: number;
  readonly gid?: number;
  /** How many of the newest lines of each output are kept; 5,000 by default. */
  readonly linesMax?: number;
};

/** Starts a program in a process group of its own; throws when it cannot be started at all. */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<SupervisedProcess> {
  const { linesMax = 5000, ...spawnOptions } = options;
  const child = spawn(command, args, {
    ...spawnOptions,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = exitOf(child);
  const stdoutLines = collectLines(child.stdout, linesMax);
  const stderrLines = collectLines(child.stderr, linesMax);
  const pid = child.pid ?? (await failedStart(child, command));
  const forget = reapAfterExit({ type: "process", pid });
  void exited.then(forget);
  return {
    pid,
    exited,
    stdoutLines,
    stderrLines,
    kill(signal) {
      child.kill(signal);
    },
    async stop(graceMs = 30_000) {
      child.kill("SIGTERM");
      if (!(await endsWithin(exited, graceMs))) killGroup(child, pid);
      return await exited;
    },
    async [Symbol.asyncDispose]() {
      killGroup(child, pid);
      await exited;
    },
  };
}

/** Waits until `probe` returns true; throws, with the newest lines of its output, when the process ends or time is up. */
export async function waitUntilReady(
  child: SupervisedProcess,
  probe: () => Promise<boolean>,
  { name, timeoutMs }: { readonly name: string; readonly timeoutMs: number },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const ended: ExitStatus[] = [];
  void child.exited.then((status) => ended.push(status));
  let answer = "nothing answered";
  while (performance.now() < deadline && ended.length === 0) {
    try {
      if (await probe()) return;
      answer = "it answered that it is not ready";
    } catch (error) {
      answer = toError(error).message;
    }
    await sleep(50);
  }
  const [status] = ended;
  const why =
    status === undefined
      ? `not ready after ${timeoutMs} ms (${answer})`
      : `it ended with ${formatExit(status)}`;
  const lines = [...child.stdoutLines.slice(-20), ...child.stderrLines.slice(-40)];
  throw new Error(
    `Cannot start ${name}: ${why}; its last output:\n${lines.map((line) => `  | ${line}`).join("\n")}`,
  );
}

/** `code 1` or `SIGKILL`. */
export function formatExit(status: ExitStatus): string {
  return status.signal ?? `code ${status.code}`;
}

type PipedChild = ChildProcessByStdio<null, Readable, Readable>;

function exitOf(child: PipedChild): Promise<ExitStatus> {
  return new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
}

async function failedStart(child: PipedChild, command: string): Promise<never> {
  const cause = await new Promise<Error>((resolve) => child.once("error", resolve));
  throw new Error(`Cannot start "${command}": ${cause.message}`, { cause });
}

async function endsWithin(exited: Promise<ExitStatus>, timeoutMs: number): Promise<boolean> {
  const controller = new AbortController();
  const timeout = sleep(timeoutMs, false, { signal: controller.signal }).catch(() => false);
  const ended = await Promise.race([exited.then(() => true), timeout]);
  controller.abort();
  return ended;
}

function killGroup(child: PipedChild, pid: number): void {
  // Once it has been waited for, its number may be another's.
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in this moment.
  }
}
