import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, homedir, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTemporaryDirectory } from "../test/testbed/temporary-directory.ts";
import { toError } from "../src/util/to-error.ts";
import { VERSION } from "../src/util/version.ts";
import { BENCH_HELP, type BenchOptions, parseBenchArguments } from "./bench-arguments.ts";
import { measureBaseline } from "./baseline.ts";
import type { Program } from "./bench-run.ts";
import { buildKubeStateMetrics } from "./build-peers.ts";
import { findBundle } from "./bundle.ts";
import { engineFailures, missedEngineBars, renderEngineReport } from "./engine/engine-report.ts";
import { measureEngine, profileEngine } from "./engine/measure-engine.ts";
import type { Figures } from "./figures.ts";
import { findKubeStateMetrics, measureKubeStateMetrics } from "./kube-state-metrics.ts";
import { measureIdle, measureLarge, measureUpdates } from "./measure.ts";
import { measureTraces } from "./measure-traces.ts";
import { type PagePlace, updatePerformancePage } from "./performance-page.ts";
import { failures, missedBars, renderReport, renderTopFunctions } from "./report.ts";
import { sourceLocator, topFunctions } from "./top-functions.ts";

const WRONG_ARGUMENTS = 2;
const TOP_FUNCTIONS = 25;
const PROFILE_NAME = "bench.cpuprofile";
const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = new URL("../docs/performance.md", import.meta.url);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const asked = parseBenchArguments(args);
  if (asked.type === "help") return say(BENCH_HELP, 0);
  if (asked.type === "wrong") return say(`${asked.problem}\n\n${BENCH_HELP}`, WRONG_ARGUMENTS);
  if (process.platform !== "linux")
    return say(
      `Cannot measure on ${process.platform}: the bench reads /proc, so it needs Linux\n`,
      1,
    );
  try {
    if (asked.options.engine) return await engine(asked.options);
    const bundle = findBundle(PROJECT);
    if (bundle.type === "unfit") return say(`${bundle.problem}\n`, 1);
    return asked.options.cpuProfile
      ? await profile(asked.options, bundle)
      : await bench(asked.options, bundle);
  } catch (error) {
    return say(`${toError(error).message}\n`, 1);
  }
}

async function bench(options: BenchOptions, program: Program): Promise<number> {
  if (options.buildPeers) await buildKubeStateMetrics(process.env, homedir());
  const figures = await measureAll(options, program);
  const report = renderReport(figures);
  say(`${report}\n`, 0);
  if (!options.strict) for (const missed of missedBars(figures)) progress(missed);
  const why = failures(figures);
  if (options.writeDocs && why.length === 0) await writePage(report, "bench");
  return sayProblems(why);
}

/** The watch engine alone. */
async function engine(options: BenchOptions): Promise<number> {
  warnWhenBusy();
  if (options.cpuProfile) {
    const { problems } = await withProfile((flags) => profileEngine({ options, progress }, flags));
    return sayProblems(problems);
  }
  const figures = await measureEngine({ options, progress });
  const report = renderEngineReport(figures);
  say(`${report}\n`, 0);
  if (!options.strict) for (const missed of missedEngineBars(figures)) progress(missed);
  const why = engineFailures(figures, options);
  if (options.writeDocs && why.length === 0) await writePage(report, "engine");
  return sayProblems(why);
}

/** One after the other, so that they do not disturb each other. */
async function measureAll(options: BenchOptions, program: Program): Promise<Figures> {
  const peer = options.peers ? await findKubeStateMetrics(process.env) : undefined;
  if (options.peers && peer === undefined)
    progress('no kube-state-metrics to compare with: "npm run bench -- --build-peers" builds it');
  warnWhenBusy();
  const measuring = { program, options, progress };
  const idle = await measureIdle(measuring);
  progress("baseline: a bare Node parses the same stream");
  const baselineBefore = await measureBaseline(options);
  const updates = await measureUpdates(measuring);
  const baseline = [baselineBefore, await measureBaseline(options)];
  const traces = options.traceTurns === 0 ? {} : { traces: await measureTraces(measuring) };
  const large = options.large === 0 ? {} : { large: await measureLarge(measuring) };
  const livePeer =
    peer === undefined ? {} : { livePeer: await measureKubeStateMetrics(peer, options, progress) };
  return { options, idle, updates, baseline, ...traces, ...large, ...livePeer };
}

/** Only the updates: what a profile costs would spoil all figures. */
async function profile(options: BenchOptions, program: Program): Promise<number> {
  const sourceMap = await readFile(`${program.path}.map`, "utf8").catch(() => undefined);
  const { verdict } = await withProfile(
    (flags) =>
      measureUpdates({
        program: { ...program, nodeFlags: [...program.nodeFlags, ...flags] },
        options,
        progress,
      }),
    sourceMap,
  );
  return sayProblems(verdict.problems);
}

/** Measures a process that is started with these flags, keeps its profile, and says where its time went. */
async function withProfile<Measured>(
  measure: (flags: readonly string[]) => Promise<Measured>,
  sourceMap?: string,
): Promise<Measured> {
  await using directory = await createTemporaryDirectory("bench-profile");
  const measured = await measure([
    "--cpu-prof",
    `--cpu-prof-dir=${directory.path}`,
    `--cpu-prof-name=${PROFILE_NAME}`,
  ]);
  const text = await readFile(join(directory.path, PROFILE_NAME), "utf8");
  const kept = fileURLToPath(new URL(PROFILE_NAME, import.meta.url));
  await writeFile(kept, text);
  const functions = topFunctions(JSON.parse(text), TOP_FUNCTIONS, sourceLocator(sourceMap));
  say(renderTopFunctions(functions, kept), 0);
  return measured;
}

async function writePage(report: string, place: PagePlace): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const occasion = {
    date: new Date().toISOString().slice(0, 10),
    version: VERSION,
    machine: `Linux, Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"})`,
    place,
  };
  await writeFile(PAGE, updatePerformancePage(page, report, occasion));
}

function warnWhenBusy(): void {
  const [load = 0] = loadavg();
  if (load > availableParallelism() / 2)
    progress(`the machine is busy (load ${load.toFixed(1)}): the figures will say little`);
}

function sayProblems(problems: readonly string[]): number {
  return say(problems.map((problem) => `${problem}\n`).join(""), problems.length === 0 ? 0 : 1);
}

function progress(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text);
  return exitCode;
}
