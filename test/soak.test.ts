import { expect } from "vitest";
import { describeReport } from "./soak/describe-report.ts";
import { runSoak } from "./soak/run-soak.ts";
import { totalOf } from "./soak/soak-report.ts";
import { KILL_POINTS } from "./soak/victim.ts";
import { serverTest, startCollector, startControlPlane } from "./testbed/real-servers.ts";
import { sharedProgram } from "./testbed/shared-program.ts";

/** `npm run soak -- --seconds 0 --seed N` does the same as long as one likes. */
const SEED = 20_260_301;
const KILLS = 50;
const FAULTS = ["none", "refuse", "reset-after", "reset-before", "slow"];

serverTest(
  "programs that are killed 50 times while the collector fails tell exactly what happened, once, in order",
  async () => {
    await using controlPlane = await startControlPlane();
    const program = await sharedProgram();
    const said: string[] = [];

    const report = await runSoak(
      { seed: SEED, kills: KILLS, seconds: 0 },
      { controlPlane, startCollector, program, progress: (line) => said.push(line) },
    );

    // All that is wrong, how it came there, and with which seed it may come again.
    if (report.problems.length > 0)
      throw new Error([`seed ${SEED}`, ...said, describeReport(report)].join("\n"));
    // Otherwise nothing of this was put to the test.
    expect([...report.kills.keys()].toSorted()).toEqual(KILL_POINTS.toSorted());
    expect(totalOf(report.kills)).toBeGreaterThanOrEqual(KILLS);
    expect([...report.faults.keys()].toSorted()).toEqual(FAULTS);
    expect(Math.min(...report.netFacts.values())).toBeGreaterThan(0);
    expect(Math.min(...report.repetitions.values())).toBeGreaterThan(0);
    expect(report.setAside).toBeGreaterThan(0);
    expect(report.collectorStops).toBeGreaterThan(0);
    expect(report.gaps).toBe(1);
  },
  300_000,
);
