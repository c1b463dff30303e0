import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMap } from "../../src/util/json.ts";
import {
  formatExit,
  startProcess,
  type SupervisedProcess,
} from "../../test/testbed/supervised-process.ts";
import { type ReplayServer, startReplayServer } from "../replay-server.ts";
import { Scenario } from "../scenario.ts";
import { type Digest, DigestBuilder, digested } from "./digest.ts";
import type { Phase } from "./meter.ts";

/** An engine under measurement, a process of its own. */
export type Subject = {
  readonly title: string;
  readonly isOurs: boolean;
  /** The yardstick: how fast the machine is at this moment. */
  readonly isBare: boolean;
  /** False: it only watches, so there is nothing to sync. */
  readonly lists: boolean;
  readonly program: string;
};

export const OURS: Subject = {
  title: "kube-lifeline's engine",
  isOurs: true,
  isBare: false,
  lists: true,
  program: fileURLToPath(new URL("subject-ours.ts", import.meta.url)),
};
export const LIST_WATCH: Subject = {
  title: "client-node 2.0.1, ListWatch",
  isOurs: false,
  isBare: false,
  lists: true,
  program: fileURLToPath(new URL("subject-list-watch.ts", import.meta.url)),
};
export const WATCH: Subject = {
  title: "client-node 2.0.1, Watch (no list, nothing held)",
  isOurs: false,
  isBare: false,
  lists: false,
  program: fileURLToPath(new URL("subject-watch.ts", import.meta.url)),
};
export const BARE: Subject = {
  title: "a bare Node that reads, splits and parses",
  isOurs: false,
  isBare: true,
  lists: false,
  program: fileURLToPath(new URL("subject-bare.ts", import.meta.url)),
};

export type SubjectOptions = {
  readonly objects: number;
  readonly updates: number;
  readonly seed: number;
  /** Whether the server can begin a watch with all objects; it can by default. */
  readonly initialEvents?: boolean;
  readonly nodeFlags?: readonly string[];
};

/** All over one watch as fast as they are read, or each over a watch that ends with it. */
type Playing = "at once" | "one per watch";

/** One life of an engine at a replay server; its disposal kills it. */
export type SubjectRun = AsyncDisposable & {
  readonly pid: number;
  readonly server: ReplayServer;
  /** What a list shows. */
  readonly initial: Digest;
  /** Waits until it says so; rejects when it ends, or time is up. */
  phase(type: Phase["type"]): Promise<Phase>;
  /** Sends all updates, and resolves with what it said, and with what it should have been told. */
  played(how: Playing): Promise<{ readonly phase: Phase; readonly wanted: Digest }>;
  /** Ends it in order, so that it writes its profile. */
  stop(): Promise<void>;
};

/** As the program itself is started, so that all have the same. */
const NODE_FLAGS = [
  "--max-semi-space-size=16",
  "--heap-growing-percent=80",
  "--disable-warning=ExperimentalWarning",
];
const NODE_ENV = { MALLOC_ARENA_MAX: "1" };

/** Slower than this is not slow but stuck. */
const TIMEOUT_MS = 300_000;
const POLL_MS = 20;

export async function startSubject(
  { program, title }: Subject,
  { initialEvents = true, nodeFlags = [], ...options }: SubjectOptions,
): Promise<SubjectRun> {
  await using starting = new AsyncDisposableStack();
  const scenario = new Scenario({ ...options, logSeverity: "DEBUG" });
  const initial = new DigestBuilder();
  for (const { name, resourceVersion } of scenario.initial())
    initial.add(name, String(resourceVersion));
  const server = starting.use(await startReplayServer(scenario, { initialEvents }));
  const events = options.updates + scenario.listed - options.objects;
  const args = [program, server.url, String(scenario.listed), String(events)];
  const child = starting.use(
    await startProcess(process.execPath, [...NODE_FLAGS, ...nodeFlags, ...args], {
      env: { ...process.env, ...NODE_ENV },
    }),
  );
  const owned = starting.move();
  const phase = (type: Phase["type"]): Promise<Phase> => waitForPhase(child, type, title);
  return {
    pid: child.pid,
    server,
    initial: initial.digest(),
    phase,
    async played(how) {
      const wanted = new DigestBuilder();
      const lines = digested(scenario.updates(), wanted);
      const said = phase("played");
      const playing = how === "at once" ? server.play(lines) : server.playOnePerWatch(lines);
      // Who ends no longer reads.
      await Promise.race([playing, said]);
      return { phase: await said, wanted: wanted.digest() };
    },
    async stop() {
      await child.stop();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function waitForPhase(
  child: SupervisedProcess,
  type: Phase["type"],
  title: string,
): Promise<Phase> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  let end: string | undefined;
  void child.exited.then((status) => (end = `it ended with ${formatExit(status)}`));
  while (performance.now() < deadlineMs) {
    const line = child.stdoutLines.find((text) => text.startsWith(`{"type":"${type}"`));
    if (line !== undefined) return parsePhase(line);
    if (end !== undefined) break;
    await sleep(POLL_MS);
  }
  const why = end ?? `nothing came within ${TIMEOUT_MS / 1000} s`;
  const said = child.stderrLines.slice(-5).map((line) => `\n${line}`);
  throw new Error(`Cannot measure ${title} until it has ${type}: ${why}${said.join("")}`);
}

function parsePhase(line: string): Phase {
  const phase: unknown = JSON.parse(line);
  if (!isMap(phase)) throw new Error(`Cannot read what the engine measured: got ${line}`);
  // The meter's own text: both ends are ours.
  return phase as Phase;
}
