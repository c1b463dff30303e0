import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { isMap, type JsonMap } from "../../src/util/json.ts";
import { findFreePort } from "./free-port.ts";
import { PATIENCE_MS } from "./patience.ts";
import { startProcess, waitUntilReady, type ExitStatus } from "./supervised-process.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

export type LifelineOptions = {
  /** On top of PATH, and of a HOME and TMPDIR that are empty and its own; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Absolute path of the program; by default that which the suites share, built as it is shipped. */
  readonly program?: string;
  /** LIFELINE_STATE_DIR; stays when the program ends, for the next one to find. */
  readonly stateDir?: string;
  /** False: returns as soon as the process runs, for one that is to fail or to wait. */
  readonly untilReady?: boolean;
  readonly readyTimeoutMs?: number;
};

/** The real program as a child process; its disposal kills it at once (SIGKILL) and removes its HOME and TMPDIR. */
export type Lifeline = AsyncDisposable & {
  readonly pid: number;
  /** `http://127.0.0.1:PORT`, for `/livez` and `/readyz`. */
  readonly healthUrl: string;
  /** Resolves once it has ended and all of its output has been read; never rejects. */
  readonly exited: Promise<ExitStatus>;
  readonly stdoutLines: readonly string[];
  readonly stderrLines: readonly string[];
  /** The lines of stderr that are JSON objects, parsed. */
  stderrRecords(): readonly JsonMap[];
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and how it ended; SIGKILL after 30 s. */
  stop(): Promise<ExitStatus>;
  /** Waits for 200 from `/readyz`; throws with its last output when it ends or time is up. */
  untilReady(): Promise<void>;
};

/** Runs the program as the package's start script does, with its health server on a free port, and waits until it is ready. */
export async function startLifeline(options: LifelineOptions = {}): Promise<Lifeline> {
  await using starting = new AsyncDisposableStack();
  const { path: directory } = starting.use(await createTemporaryDirectory("process"));
  const address = options.env?.["LIFELINE_HTTP_ADDRESS"] ?? `127.0.0.1:${await findFreePort()}`;
  const healthUrl = `http://${address}`;
  const flags = [
    "--max-semi-space-size=16",
    "--heap-growing-percent=80",
    "--disable-warning=ExperimentalWarning",
  ];
  // Loaded only here: what runs without vitest says which program.
  const program = options.program ?? (await (await import("./shared-program.ts")).sharedProgram());
  const env = await environment(directory, {
    ...options,
    env: { ...options.env, LIFELINE_HTTP_ADDRESS: address },
  });
  const child = starting.use(
    await startProcess(process.execPath, [...flags, program, ...(options.args ?? [])], {
      env,
      cwd: directory,
      linesMax: 100_000,
    }),
  );
  const untilReady = (): Promise<void> => {
    const timeoutMs = options.readyTimeoutMs ?? PATIENCE_MS;
    return waitUntilReady(child, () => isReady(healthUrl), { name: "lifeline", timeoutMs });
  };
  if (options.untilReady !== false) await untilReady();
  const everything = starting.move();
  return {
    pid: child.pid,
    healthUrl,
    exited: child.exited,
    stdoutLines: child.stdoutLines,
    stderrLines: child.stderrLines,
    stderrRecords: () => child.stderrLines.flatMap(parseRecord),
    kill: (signal) => child.kill(signal),
    stop: () => child.stop(),
    untilReady,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

async function environment(
  directory: string,
  { env, stateDir }: LifelineOptions,
): Promise<NodeJS.ProcessEnv> {
  const [home, temporary] = [join(directory, "home"), join(directory, "tmp")];
  await Promise.all([mkdir(home), mkdir(temporary)]);
  const state = stateDir === undefined ? {} : { LIFELINE_STATE_DIR: stateDir };
  return { PATH: process.env["PATH"], HOME: home, TMPDIR: temporary, ...state, ...env };
}

async function isReady(healthUrl: string): Promise<boolean> {
  const { statusCode, body } = await request(`${healthUrl}/readyz`);
  const answer = await body.text();
  if (statusCode === 200) return true;
  throw new Error(`/readyz answered ${statusCode}: ${answer.slice(0, 500)}`);
}

function parseRecord(line: string): readonly JsonMap[] {
  try {
    const value: unknown = JSON.parse(line);
    return isMap(value) ? [value] : [];
  } catch {
    return [];
  }
}
