import type { TestProject } from "vitest/node";
import { announceSkipping } from "./announce-skipping.ts";
import { obtainStoreBinaries } from "./server-binaries.ts";

/** Vitest calls this once before the first suite of the project `stores`, and not at all if none of them is to run. */
export async function setup(project: TestProject): Promise<void> {
  const stores = await obtainStoreBinaries(process.env);
  if (stores.type === "missing")
    announceSkipping("the suites with Prometheus, Loki and Tempo", stores.reason);
  project.provide("stores", stores);
}
