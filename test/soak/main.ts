import { obtainServerBinaries } from "../testbed/server-binaries.ts";
import { buildProgram } from "../testbed/build-program.ts";
import { launchCollector } from "../testbed/collector.ts";
import { launchControlPlane } from "../testbed/control-plane.ts";
import { createTemporaryDirectory } from "../testbed/temporary-directory.ts";
import { toError } from "../../src/util/to-error.ts";
import { describeReport } from "./describe-report.ts";
import { runSoak, type SoakOptions } from "./run-soak.ts";
import { parseSoakArguments, SOAK_HELP } from "./soak-arguments.ts";

const WRONG_ARGUMENTS = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const asked = parseSoakArguments(args, Date.now());
  if (asked.type === "help") return say(SOAK_HELP, 0);
  if (asked.type === "wrong") return say(`${asked.problem}\n\n${SOAK_HELP}`, WRONG_ARGUMENTS);
  try {
    return await soak(asked.options);
  } catch (error) {
    return say(`${toError(error).stack}\nThe seed was ${asked.options.seed}.\n`, 1);
  }
}

async function soak(options: SoakOptions): Promise<number> {
  const testbed = await obtainServerBinaries(process.env);
  if (testbed.type === "missing") return say(`Cannot soak: ${testbed.reason}\n`, 1);
  const startedMs = performance.now();
  const progress = (line: string): void => {
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    process.stderr.write(`${seconds} s: ${line}\n`);
  };
  progress(`seed ${options.seed}`);
  const { binaries } = testbed;
  await using controlPlane = await launchControlPlane(binaries);
  await using bundle = await createTemporaryDirectory("soak-program");
  const program = await buildProgram(bundle.path);
  const report = await runSoak(options, {
    controlPlane,
    startCollector: () => launchCollector(binaries.otelcol),
    program,
    progress,
  });
  const isWell = report.problems.length === 0;
  return say(
    `${describeReport(report)}${isWell ? "" : `\nThe seed was ${options.seed}.`}\n`,
    isWell ? 0 : 1,
  );
}

function say(text: string, exitCode: number): number {
  (exitCode === 0 ? process.stdout : process.stderr).write(text);
  return exitCode;
}
