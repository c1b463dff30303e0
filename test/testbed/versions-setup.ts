import type { TestProject } from "vitest/node";
import { announceSkipping } from "./announce-skipping.ts";
import { obtainOldestApiServer } from "./server-binaries.ts";

/** Vitest calls this once before the first suite of the project `versions`, and not at all if none of them is to run. */
export async function setup(project: TestProject): Promise<void> {
  const oldest = await obtainOldestApiServer(process.env);
  if (oldest.type === "missing")
    announceSkipping("the suites on the oldest supported API server", oldest.reason);
  project.provide("oldestApiServer", oldest);
}
