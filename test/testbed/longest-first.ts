import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Suites that take half a minute and more: what begins last ends last, and then the other workers have nothing to do. */
export const LONGEST: readonly string[] = [
  "test/soak.test.ts",
  "test/samples.test.ts",
  "test/versions.test.ts",
  "test/collector-outage.test.ts",
  "test/restart.test.ts",
  "test/crash.test.ts",
  "test/live-discovery.test.ts",
  "test/traces.test.ts",
  "test/otel-collector/delivery.test.ts",
  "test/otel-collector/replays.test.ts",
  "test/otel-collector/readme.test.ts",
  "test/startup.test.ts",
  "test/oddities.test.ts",
  "test/cli.test.ts",
];

/**
 * The longest suites first, in whatever project, within their group; then the others as vitest would have them: project by
 * project, by how long they took the last time, else by size.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is not an array's
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || this.#rankOf(a) - this.#rankOf(b));
  }

  #rankOf({ moduleId }: TestSpecification): number {
    const rank = LONGEST.indexOf(relative(this.ctx.config.root, moduleId));
    return rank < 0 ? LONGEST.length : rank;
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}
