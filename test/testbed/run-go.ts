import { formatExit, startProcess } from "./supervised-process.ts";

/** One step of a build: what people read while it runs, and where it runs. */
export type GoStep = {
  /** Continues the sentence "testbed: …", such as `building kube-apiserver (about 4 min on 2 cores)`. */
  readonly title: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
};

/**
 * What a go.mod of ours asks for at the least: `go get -tool` came with 1.24, the directive `ignore`, which others' go.mod
 * have, with 1.25. An older Go (from 1.21 on) fetches a newer one only where a go.mod says so.
 */
export const GO_VERSION_MIN = "1.25.0";

const PROGRESS_INTERVAL_MS = 10_000;

/** Runs `go` with these arguments and returns its stdout; says on stderr what it does and for how long it has been at it. */
export async function runGo(args: readonly string[], { title, cwd, env }: GoStep): Promise<string> {
  const startedMs = performance.now();
  const elapsed = (): string => formatElapsed(performance.now() - startedMs);
  process.stderr.write(`testbed: ${title}\n`);
  // Neither a workspace nor a vendor directory around the cache, nor a C compiler, may have a say.
  const goEnv = {
    ...env,
    GOWORK: "off",
    CGO_ENABLED: "0",
    GOFLAGS: `${env["GOFLAGS"] ?? ""} -buildvcs=false`.trim(),
  };
  await using go = await startProcess("go", args, { cwd, env: goEnv });
  const progress = setInterval(() => {
    process.stderr.write(`testbed: ${title}: ${elapsed()} so far${lastLine(go.stderrLines)}\n`);
  }, PROGRESS_INTERVAL_MS);
  const status = await go.exited;
  clearInterval(progress);
  if (status.code !== 0) {
    const output = go.stderrLines.slice(-30).join("\n");
    throw new Error(
      `Cannot build the testbed: "go ${args.join(" ")}" ended with ${formatExit(status)} after ${elapsed()}:\n${output}`,
    );
  }
  process.stderr.write(`testbed: ${title}: done in ${elapsed()}\n`);
  return go.stdoutLines.join("\n");
}

function lastLine(lines: readonly string[]): string {
  const line = lines.at(-1);
  return line === undefined ? "" : ` (${line.slice(0, 100)})`;
}

function formatElapsed(elapsedMs: number): string {
  const seconds = Math.round(elapsedMs / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
