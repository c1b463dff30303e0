import { fileURLToPath } from "node:url";
import { startProcess } from "../test/testbed/supervised-process.ts";
import { COLLECTION } from "./replay-answers.ts";
import { startReplayServer } from "./replay-server.ts";
import { Scenario, type ScenarioOptions } from "./scenario.ts";

const READER = fileURLToPath(new URL("bare-reader.ts", import.meta.url));
/** Enough for the compiler to have done its work. */
const EVENTS = 60_000;

/**
 * What a bare Node takes to read, split and parse the same stream, in CPU-seconds per 1M events: how fast the machine is
 * at this very moment. The bars were set where it took `BASELINE_OF_BARS`.
 */
export async function measureBaseline(options: ScenarioOptions): Promise<number> {
  const scenario = new Scenario({ ...options, updates: EVENTS });
  await using server = await startReplayServer(scenario);
  const url = `${server.url}${COLLECTION}?watch=true`;
  await using reader = await startProcess(process.execPath, [READER, url, String(EVENTS)]);
  await Promise.race([server.play(scenario.updates()), reader.exited]);
  const { code } = await reader.exited;
  const cpuSeconds = Number(reader.stdoutLines.at(-1));
  if (code !== 0 || !(cpuSeconds > 0))
    throw new Error(
      `Cannot measure the baseline: the bare reader ended with ${code}: ${reader.stderrLines.join("\n")}`,
    );
  return (cpuSeconds / EVENTS) * 1e6;
}

/** Measured on the machine on which the bars were set. */
export const BASELINE_OF_BARS = 12;
