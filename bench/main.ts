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
import type { Figures } from "./figures.ts";
import { findKubeStateMetrics, measureKubeStateMetrics } from "./kube-state-metrics.ts";
import { measureIdle, measureLarge, measureUpdates } from "./measure.ts";
import { updatePerformancePage } from "./performance-page.ts";
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
  const bundle = findBundle(PROJECT);
  if (bundle.type === "unfit") return say(`${bundle.problem}\n`, 1);
  try {
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
  if (options.writeDocs && why.length === 0) {
    const page = await readFile(PAGE, "utf8");
    await writeFile(PAGE, updatePerformancePage(page, report, occasion()));
  }
  return say(why.map((problem) => `${problem}\n`).join(""), why.length === 0 ? 0 : 1);
}

/** One after the other, so that they do not disturb each other. */
async function measureAll(options: BenchOptions, program: Program): Promise<Figures> {
  const peer = options.peers ? await findKubeStateMetrics(process.env) : undefined;
  if (options.peers && peer === undefined)
    progress('no kube-state-metrics to compare with: "npm run bench -- --build-peers" builds it');
  const [load = 0] = loadavg();
  if (load > availableParallelism() / 2)
    progress(`the machine is busy (load ${load.toFixed(1)}): the figures will say little`);
  const measuring = { program, options, progress };
  const idle = await measureIdle(measuring);
  progress("baseline: a bare Node parses the same stream");
  const baselineBefore = await measureBaseline(options);
  const updates = await measureUpdates(measuring);
  const baseline = [baselineBefore, await measureBaseline(options)];
  const large = options.large === 0 ? {} : { large: await measureLarge(measuring) };
  const livePeer =
    peer === undefined ? {} : { livePeer: await measureKubeStateMetrics(peer, options, progress) };
  return { options, idle, updates, baseline, ...large, ...livePeer };
}

/** Only the updates: what a profile costs would spoil all figures. */
async function profile(options: BenchOptions, program: Program): Promise<number> {
  await using directory = await createTemporaryDirectory("bench-profile");
  const flags = [
    "--cpu-prof",
    `--cpu-prof-dir=${directory.path}`,
    `--cpu-prof-name=${PROFILE_NAME}`,
  ];
  const profiled = { ...program, nodeFlags: [...program.nodeFlags, ...flags] };
  const { verdict } = await measureUpdates({ program: profiled, options, progress });
  const text = await readFile(join(directory.path, PROFILE_NAME), "utf8");
  const kept = fileURLToPath(new URL(PROFILE_NAME, import.meta.url));
  await writeFile(kept, text);
  const locate = sourceLocator(
    await readFile(`${program.path}.map`, "utf8").catch(() => undefined),
  );
  say(renderTopFunctions(topFunctions(JSON.parse(text), TOP_FUNCTIONS, locate), kept), 0);
  const { problems } = verdict;
  return say(problems.map((problem) => `${problem}\n`).join(""), problems.length === 0 ? 0 : 1);
}

function occasion(): Parameters<typeof updatePerformancePage>[2] {
  return {
    date: new Date().toISOString().slice(0, 10),
    version: VERSION,
    machine: `Linux, Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"})`,
  };
}

function progress(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text);
  return exitCode;
}
